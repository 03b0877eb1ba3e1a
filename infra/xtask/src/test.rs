//! `cargo xtask test`: everything that this machine can run, or everything there is.

use std::process::ExitCode;

use crate::{
    azure::{self, WITHOUT_COUNTERPARTS},
    counterpart::{self, Demand},
    steps::Steps,
    workspace::cargo,
};

pub(crate) fn run(demand: Demand) -> ExitCode {
    let mut steps = Steps::new("test");
    tests(&mut steps, demand);
    steps.finish()
}

/// One build graph for all tests: a second invocation with other features would build the dependencies again.
pub(crate) fn tests(steps: &mut Steps, demand: Demand) {
    let mut tests = cargo(&["test", "--workspace", "--no-fail-fast"]);
    steps.program("tests of the workspace", tests.args(WITHOUT_COUNTERPARTS));
    counterpart::run_all(steps, demand);
    azure::run_all(steps, demand);
}
