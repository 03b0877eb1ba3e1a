//! A witness written from C2SP tlog-witness and tlog-cosignature alone, which cosigns our log (`tests/interop/python/witness.py`).

use super::{Demand, module::Module, python};
use crate::steps::Steps;

const NAME: &str = "a log cosigned by a witness in Python";
const NEEDS: &str = "it needs Python 3 with the package cryptography";

/// Runs the tests in which it cosigns a log that grows, and refuses others.
pub(super) fn run(steps: &mut Steps, demand: Demand) {
    let mut probe = python(&["-c", "import cryptography"]);
    let is_here = probe.output().is_ok_and(|output| output.status.success());
    match (is_here, demand) {
        (true, _) => steps.work(NAME, || Module::inside("asking").run()),
        (false, Demand::WhatIsHere) => steps.not_run(NAME, NEEDS),
        (false, Demand::All) => steps.work(NAME, || Err(anyhow::Error::msg(NEEDS))),
    }
}
