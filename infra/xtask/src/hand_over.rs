//! Tasks that another build of this program does: one with the apps' tables, or one that was optimised.

use std::{
    path::Path,
    process::{Command, ExitCode},
};

use crate::{
    steps::run,
    workspace::{cargo, root},
};

/// Figures of a build that was not optimised are worth nothing. One build for the product and for what measures it, so that they share their
/// dependencies.
pub(crate) fn bench(json: Option<&Path>, only: &[(&str, bool)]) -> anyhow::Result<ExitCode> {
    run(&mut cargo(&["build", "--release", "--package", "standalone", "--package", "xtask"]))?;
    let mut bench = Command::new(root().join("target/release/xtask"));
    bench.arg("bench").current_dir(root());
    if let Some(file) = json {
        bench.arg("--json").arg(file);
    }
    bench.args(only.iter().filter(|(_, is_set)| *is_set).map(|(flag, _)| flag));
    run(&mut bench)?;
    Ok(ExitCode::SUCCESS)
}

/// The build with the apps in it.
#[cfg(not(feature = "tables"))]
pub(crate) fn generate(only_check: bool) -> anyhow::Result<ExitCode> {
    let mut generate = cargo(&["run", "--package", "xtask", "--", "generate"]);
    if only_check {
        generate.arg("--check");
    }
    run(&mut generate)?;
    Ok(ExitCode::SUCCESS)
}
