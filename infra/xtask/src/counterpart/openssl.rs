//! OpenSSL and Go, which verify the directory's signature and rows; OpenSSL stamps its heads, too (`tests/tests/openssl.rs`).

use std::process::Command;

use super::{Demand, module::Module};
use crate::steps::Steps;

const NAME: &str = "the directory of logs verified by OpenSSL and Go, and stamped by OpenSSL";
const NEEDS: &str = "it needs OpenSSL 3, Go, and golang.org/x/mod from its module proxy";

/// Runs the tests that use it.
pub(super) fn run(steps: &mut Steps, demand: Demand) {
    match (is_here(), demand) {
        (true, _) => steps.work(NAME, || Module::outside("openssl").run()),
        (false, Demand::WhatIsHere) => steps.not_run(NAME, NEEDS),
        (false, Demand::All) => steps.work(NAME, || Err(anyhow::Error::msg(NEEDS))),
    }
}

fn is_here() -> bool {
    let said = |program: &str| Command::new(program).arg("version").output();
    said("openssl").is_ok_and(|answer| answer.stdout.starts_with(b"OpenSSL 3"))
        && said("go").is_ok_and(|answer| answer.status.success())
}
