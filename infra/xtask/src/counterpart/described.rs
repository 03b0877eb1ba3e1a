//! API descriptions, which a validator of OpenAPI must accept and which schemathesis must find kept.

use std::{fs, process::Command};

use anyhow::Context;

use super::{Demand, module::Module};
use crate::{
    steps::{Steps, run as run_program},
    workspace::{counterparts, root},
};

const NAME: &str = "API descriptions validated, and tried by schemathesis";
const NEEDS: &str = "it needs Python 3 with pip and PyPI";

/// Runs the tests that serve every app and have it tried.
pub(super) fn run(steps: &mut Steps, demand: Demand) {
    match (install(), demand) {
        (Ok(()), _) => steps.work(NAME, || Module::outside("described").run()),
        (Err(_), Demand::WhatIsHere) => steps.not_run(NAME, NEEDS),
        (Err(error), Demand::All) => steps.work(NAME, || Err(error.context(NEEDS))),
    }
}

/// Installs what `tests/interop/api/requirements.txt` pins, unless it is there already.
fn install() -> anyhow::Result<()> {
    let list = root().join("tests/interop/api/requirements.txt");
    let wanted = fs::read(&list).context("the list of packages is missing")?;
    let folder = counterparts().join("api-packages");
    let marker = folder.join("installed.txt");
    if fs::read(&marker).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    fs::create_dir_all(&folder)?;
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade"]);
    pip.args(["--only-binary", ":all:", "--target"]).arg(&folder).arg("--requirement").arg(&list);
    run_program(&mut pip)?;
    Ok(fs::write(marker, wanted)?)
}
