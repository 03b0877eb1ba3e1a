//! The second verifier, written from `docs/chain.md` alone, which must say the same of every attack (`tests/interop/python/second.py`).

use super::{Demand, module::Module, python};
use crate::steps::Steps;

const NAME: &str = "every attack judged alike by a second verifier, in Python";
const NEEDS: &str = "it needs Python 3 with the package cryptography";

/// Runs the test that has it judge every attack.
pub(super) fn run(steps: &mut Steps, demand: Demand) {
    let probe = python(&["-c", "import cryptography"]).output();
    let is_here = probe.is_ok_and(|output| output.status.success());
    match (is_here, demand) {
        (true, _) => steps.work(NAME, || Module::outside("second_verifier").run()),
        (false, Demand::WhatIsHere) => steps.not_run(NAME, NEEDS),
        (false, Demand::All) => steps.work(NAME, || Err(anyhow::Error::msg(NEEDS))),
    }
}
