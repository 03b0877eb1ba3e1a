//! Packages of Python, as `tests/interop/python/requirements.txt` pins them, below `target/counterparts`.

use std::{fs, path::PathBuf, process::Command};

use anyhow::Context;

use crate::{
    steps::run as run_program,
    workspace::{counterparts, root},
};

/// Installs them, unless what is there was made from the same list.
pub(super) fn install() -> anyhow::Result<()> {
    let list = root().join("tests/interop/python/requirements.txt");
    let wanted = fs::read(&list).context("the list of packages is missing")?;
    let marker = folder().join("installed.txt");
    if fs::read(&marker).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    fs::create_dir_all(folder())?;
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade"]);
    pip.args(["--only-binary", ":all:", "--target"]).arg(folder()).arg("--requirement").arg(list);
    run_program(&mut pip)?;
    Ok(fs::write(marker, wanted)?)
}

/// What Python must be told to find them.
pub(super) fn path() -> [(&'static str, PathBuf); 1] {
    [("PYTHONPATH", folder())]
}

fn folder() -> PathBuf {
    counterparts().join("python-packages")
}
