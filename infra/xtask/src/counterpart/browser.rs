//! A real browser, which must give the verdicts of `audit-verify` (`tests/interop/browser`).

use std::{fs, process::Command};

use super::{Demand, Logs, absolute, publishers};
use crate::{
    steps::{Steps, run as run_program},
    workspace::{cargo, counterparts, root},
};

const NAME: &str = "exports verified by the page in Chromium";
const NEEDS: &str =
    "it needs Chromium at /usr/bin/chromium, and Node.js and npm, with its registry";
const FOLDER: &str = "browser";
const CHROMIUM: &str = "/usr/bin/chromium";

/// Installs what drives the browser as its lock file says, and has the page verify every log.
pub(super) fn run(steps: &mut Steps, demand: Demand, logs: &mut Option<Logs>) {
    let is_here = publishers::is_here() && fs::exists(CHROMIUM).is_ok_and(|exists| exists);
    match (is_here, demand) {
        (true, _) => steps.work(NAME, || verify(Logs::written(logs)?)),
        (false, Demand::WhatIsHere) => steps.not_run(NAME, NEEDS),
        (false, Demand::All) => steps.work(NAME, || Err(anyhow::Error::msg(NEEDS))),
    }
}

fn verify(logs: &Logs) -> anyhow::Result<()> {
    publishers::install(FOLDER)?;
    run_program(&mut cargo(&["build", "--release", "--package", "inspector"]))?;
    // Node looks for modules beside the program.
    let installed = counterparts().join(FOLDER);
    fs::copy(root().join("tests/interop/browser/verify.mjs"), installed.join("verify.mjs"))?;
    let page = root().join("inspector/page/verify.html");
    let program = root().join("target/release/audit-verify");
    let mut node = Command::new("node");
    node.arg("verify.mjs").args([&page, &program]).current_dir(installed);
    node.args(absolute([&logs.policy].into_iter().chain(&logs.sound).chain(&logs.changed))?);
    run_program(&mut node)
}
