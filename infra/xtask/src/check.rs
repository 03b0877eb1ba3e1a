//! `cargo xtask check`: what must hold before a change lands, and what takes too long for continuous integration (`.ci/run`).

use std::process::ExitCode;

use crate::{
    azure::{COUNTERPARTS, WITHOUT_COUNTERPARTS},
    counterpart::Demand,
    steps::Steps,
    test,
    workspace::cargo,
};

/// Cheap steps first; every step runs, so that one round shows all failures.
pub(crate) fn run(skip_tests: bool) -> ExitCode {
    let mut steps = Steps::new("check");
    steps.program("formatting", &mut cargo(&["fmt", "--all", "--check"]));
    for (name, packages) in [
        ("lints", ["--workspace", WITHOUT_COUNTERPARTS[0], WITHOUT_COUNTERPARTS[1]].as_slice()),
        ("lints of Azure's counterparts", &["--package", COUNTERPARTS]),
    ] {
        let mut clippy = cargo(&["clippy", "--all-targets", "--locked"]);
        steps.program(name, clippy.args(packages).args(["--", "-D", "warnings"]));
    }
    let mut doc = cargo(&["doc", "--workspace", "--no-deps", "--locked"]);
    let doc = doc.args(WITHOUT_COUNTERPARTS).env("RUSTDOCFLAGS", "-D warnings");
    steps.program("documentation", doc);
    if !skip_tests {
        test::tests(&mut steps, Demand::All);
        let mut storm = cargo(&["test", "--package", "system-tests", "--locked"]);
        storm.args(["--test", "system", "--", "--ignored"]);
        storm.args(["storm::", "segments::", "large_exports::"]);
        steps.program(
            "a storm of 160,000 events, the border of a segment, and a million rows in one file",
            &mut storm,
        );
        let mut storm = cargo(&["test", "--package", COUNTERPARTS, "--locked"]);
        storm.args(["--test", "azure", "--", "--ignored", "storm::"]);
        steps.program("a storm of 1,600 events on Cosmos DB's emulator", &mut storm);
    }
    steps.finish()
}
