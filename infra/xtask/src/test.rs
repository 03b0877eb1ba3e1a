//! `cargo xtask test`: everything that this machine can run.

use std::process::ExitCode;

use crate::{
    counterpart::{self, Demand},
    steps::Steps,
    workspace::cargo,
};

pub(crate) fn run() -> ExitCode {
    let mut steps = Steps::new("test");
    tests(&mut steps, Demand::WhatIsHere);
    steps.finish()
}

/// One build graph for all tests: a second invocation with other features would build the dependencies again.
pub(crate) fn tests(steps: &mut Steps, demand: Demand) {
    steps.program("tests of the workspace", &mut cargo(&["test", "--workspace", "--no-fail-fast"]));
    counterpart::run_all(steps, demand);
}
