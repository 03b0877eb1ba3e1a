//! The Azure backend against what stands for Azure on this machine: the contract of the ports, and the demo.

use std::{
    path::PathBuf,
    process::{Command, ExitCode},
};

use crate::{
    counterpart::Demand,
    steps::{Steps, run as run_program},
    workspace::{cargo, root},
};

/// The package with the Cosmos emulator. It is always built alone, so that the emulator's features never reach a product binary.
pub(crate) const COUNTERPARTS: &str = "azure-counterparts";
/// What keeps it out of a command over the workspace.
pub(crate) const WITHOUT_COUNTERPARTS: [&str; 2] = ["--exclude", COUNTERPARTS];

/// The demo over the apps as they are deployed.
const ON_PACKAGES: &str = "the demo on packages";

/// `cargo xtask azure`; of it only the demo on packages that were made, if `only_packages`.
pub(crate) fn run(only_packages: bool) -> ExitCode {
    let mut steps = Steps::new("azure");
    if only_packages {
        steps.work(ON_PACKAGES, demo_on_packages);
    } else {
        run_all(&mut steps, Demand::All);
    }
    steps.finish()
}

/// Every check of the Azure backend; what needs Azurite is not run where npm is missing.
pub(crate) fn run_all(steps: &mut Steps, demand: Demand) {
    const NAMES: [&str; 3] =
        ["the contract of the ports on Azure", "the demo on Azure", ON_PACKAGES];
    let missing = "it needs Node and npm, for Azurite";
    let has_npm =
        Command::new("npm").arg("--version").output().is_ok_and(|npm| npm.status.success());
    match (has_npm, demand) {
        (true, _) => {
            steps.work(NAMES[0], contract);
            steps.work(NAMES[1], demo);
            if packages().is_dir() {
                steps.work(NAMES[2], demo_on_packages);
            } else {
                steps.not_run(NAMES[2], "it needs target/packages, by `cargo xtask package`");
            }
        }
        (false, Demand::WhatIsHere) => NAMES.iter().for_each(|name| steps.not_run(name, missing)),
        (false, Demand::All) => {
            for name in NAMES {
                steps.work(name, || Err(anyhow::Error::msg(missing)));
            }
        }
    }
}

fn contract() -> anyhow::Result<()> {
    let mut site = site()?;
    site.args([
        "cargo",
        "test",
        "--package",
        COUNTERPARTS,
        "--no-fail-fast",
        "--",
        "--include-ignored",
        // It takes long: `cargo xtask check` runs it.
        "--skip",
        "sixteen_writers_that_are_killed_lose_nothing_in_cosmos_db",
    ]);
    run_program(&mut site)
}

/// The product's own binary, which knows nothing of emulators.
fn demo() -> anyhow::Result<()> {
    run_program(&mut told("target/demo-azure")?)
}

/// The same, with the apps as they are deployed, behind the stand-in for the Functions host.
fn demo_on_packages() -> anyhow::Result<()> {
    let mut demo = told("target/demo-packages")?;
    demo.arg("--package").arg(packages());
    run_program(&mut demo)
}

fn packages() -> PathBuf {
    root().join("target/packages")
}

fn told(out: &str) -> anyhow::Result<Command> {
    // The build of the tests, which is there: it tells the same story as a release build, that would take most of a cold run's minutes.
    run_program(&mut cargo(&["build", "--package", "standalone", "--locked"]))?;
    let mut site = site()?;
    site.arg(root().join("target/debug/proofline"));
    site.args(["demo", "--backend", "azure", "--out"]).arg(root().join(out));
    Ok(site)
}

/// The program that starts Azure's counterparts, runs the command that follows inside, and stops them.
fn site() -> anyhow::Result<Command> {
    run_program(&mut cargo(&["build", "--package", COUNTERPARTS, "--bins"]))?;
    let program = root().join("target/debug/azure-site");
    let mut site = Command::new(program);
    site.current_dir(root());
    Ok(site)
}
