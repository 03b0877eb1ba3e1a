//! Other people's publishers of events, which must reach the Event Grid stand-in (`tests/interop/event-grid`).

use std::{fs, path::PathBuf, process::Command};

use anyhow::Context;

use super::{Demand, module::Module};
use crate::{
    steps::{Steps, run as run_program},
    workspace::{counterparts, root},
};

const NAME: &str = "events published by Microsoft's and the CNCF's JavaScript clients";
const NEEDS: &str = "it needs Node.js and npm, with its registry";

/// Installs the publishers as their lock file says, and runs the tests that use them.
pub(super) fn run(steps: &mut Steps, demand: Demand) {
    match (is_here(), demand) {
        (true, _) => steps.work(NAME, || {
            install("event-grid")?;
            Module::outside("publishers").run()
        }),
        (false, Demand::WhatIsHere) => steps.not_run(NAME, NEEDS),
        (false, Demand::All) => steps.work(NAME, || Err(anyhow::Error::msg(NEEDS))),
    }
}

/// Whether Node.js and npm are on the machine.
pub(super) fn is_here() -> bool {
    let answers = |program: &str| {
        Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
    };
    answers("node") && answers("npm")
}

/// Installs what `tests/interop/FOLDER` names below `target/counterparts`.
///
/// `npm ci` replaces whatever is there; what is there is kept when it was made from the same lock file.
pub(super) fn install(folder: &str) -> anyhow::Result<()> {
    const LOCK: &str = "package-lock.json";
    let (from, to) = (root().join("tests/interop").join(folder), counterparts().join(folder));
    let wanted = fs::read(from.join(LOCK))?;
    let marker: PathBuf = to.join("installed.json");
    if fs::read(&marker).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    fs::create_dir_all(&to)?;
    for name in ["package.json", LOCK] {
        fs::copy(from.join(name), to.join(name)).with_context(|| format!("{name} is missing"))?;
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&to);
    run_program(&mut npm)?;
    Ok(fs::write(marker, wanted)?)
}
