//! Tests of the workspace that need a counterpart, and which `cargo test` alone therefore passes over.

use std::process::Command;

use anyhow::{Context, ensure};

use crate::{azure::WITHOUT_COUNTERPARTS, steps::run, workspace::cargo};

/// The ignored tests of one module, in every program that has a module of this name.
pub(super) struct Module {
    name: &'static str,
    programs: &'static [&'static str],
}

impl Module {
    /// A module below a folder named `tests`.
    pub(super) const fn outside(name: &'static str) -> Self {
        let programs = &["--test", "system", "--test", "tampered", "--test", "program"];
        Self { name, programs }
    }

    /// A module of a crate itself.
    pub(super) const fn inside(name: &'static str) -> Self {
        Self { name, programs: &["--lib"] }
    }

    /// Runs them. A module without any is an error: no counterpart is left out because something was renamed.
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let list = self.command().arg("--list").output().context("cargo cannot be started")?;
        let said = String::from_utf8_lossy(&list.stdout);
        ensure!(
            !list.status.success() || said.lines().any(|line| line.ends_with(": test")),
            "no test that needs a counterpart stands in a module named {}",
            self.name
        );
        run(&mut self.command())
    }

    /// All of the workspace: with fewer packages the features would be others, and all would be built again.
    fn command(&self) -> Command {
        let mut tests = cargo(&["test", "--workspace"]);
        tests.args(WITHOUT_COUNTERPARTS).args(self.programs).envs(super::packages::path());
        tests.args(["--", "--ignored"]).arg(format!("{}::", self.name));
        tests
    }
}
