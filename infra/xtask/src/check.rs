//! `cargo xtask check`: what continuous integration runs.

use std::process::ExitCode;

use crate::{counterpart::Demand, steps::Steps, test, workspace::cargo};

/// Cheap steps first; every step runs, so that one round shows all failures.
pub(crate) fn run(skip_tests: bool) -> ExitCode {
    let mut steps = Steps::new("check");
    steps.program("formatting", &mut cargo(&["fmt", "--all", "--check"]));
    steps.program(
        "lints",
        &mut cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]),
    );
    steps.program(
        "documentation",
        cargo(&["doc", "--workspace", "--no-deps", "--locked"]).env("RUSTDOCFLAGS", "-D warnings"),
    );
    if !skip_tests {
        test::tests(&mut steps, Demand::All);
    }
    steps.finish()
}
