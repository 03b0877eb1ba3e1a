//! A real browser, which must give the verdicts of `audit-verify` (`tests/interop/browser`).

use std::{fs, path::PathBuf, process::Command};

use tampering::attacks::{ALL, Scene};

use super::{Demand, Logs, absolute, publishers, write};
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
    let (attacked, attacks) = attacks()?;
    // Exports that were given come from the product itself, which puts a page into each.
    let given = (logs.policy.clone(), [&*logs.sound, &logs.changed].concat(), logs.is_given);
    let testdata = root().join("shared/chain/src/verify/testdata");
    let stamped = ["stamped.audit.zip", "v1.audit.zip"].map(|name| testdata.join(name)).to_vec();
    let stamped = (testdata.join("stamped.policy"), stamped, false);
    for (policy, exports, inside) in [given, (attacked, attacks, false), stamped] {
        let mut node = Command::new("node");
        node.arg("verify.mjs").args(inside.then_some("--inside"));
        node.args([&page, &program]).current_dir(&installed);
        node.args(absolute([&policy].into_iter().chain(&exports))?);
        run_program(&mut node)?;
    }
    Ok(())
}

/// Every attack that an operator can try, each as a file, and the policy of who is attacked.
fn attacks() -> anyhow::Result<(PathBuf, Vec<PathBuf>)> {
    let folder = counterparts().join("attacks");
    fs::create_dir_all(&folder)?;
    let scene = Scene::default();
    let policy =
        write(&folder, "policy", scene.log.witnessed_policy(&scene.rows).to_string().as_bytes())?;
    let mut exports = vec![write(&folder, "sound.zip", &scene.sound())?];
    for (number, attack) in ALL.iter().enumerate() {
        exports.push(write(&folder, &format!("attack-{number}.zip"), &scene.export(attack))?);
    }
    Ok((policy, exports))
}
