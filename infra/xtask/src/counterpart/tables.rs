//! Tables of the audit log, which Python's csv module must read and whose lines its hashlib must hash to what they say.

use super::{Demand, module::Module, python};
use crate::steps::Steps;

const NAME: &str = "tables read by Python's csv and hashed by its hashlib";
const NEEDS: &str = "it needs Python 3";

/// Runs the test that exports a table and has it read.
pub(super) fn run(steps: &mut Steps, demand: Demand) {
    let is_here =
        python(&["-c", "import csv, hashlib"]).output().is_ok_and(|output| output.status.success());
    match (is_here, demand) {
        (true, _) => steps.work(NAME, || Module::outside("audit_reading").run()),
        (false, Demand::WhatIsHere) => steps.not_run(NAME, NEEDS),
        (false, Demand::All) => steps.work(NAME, || Err(anyhow::Error::msg(NEEDS))),
    }
}
