//! The programs of `azure-counterparts`, as other processes: the emulators' features must not reach this build.

use std::{
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use anyhow::{Context, ensure};
use serde::de::DeserializeOwned;

use crate::{
    azure::COUNTERPARTS,
    steps::run,
    workspace::{cargo, root},
};

/// Builds them. The SDK is compiled once more for that, with the emulator in it.
pub(super) fn build() -> anyhow::Result<()> {
    run(&mut cargo(&["build", "--release", "--package", COUNTERPARTS, "--bins"]))
}

/// What `azure-bench` says.
pub(super) fn measured<T: DeserializeOwned>(
    arguments: &[&str],
    settings: &[(String, String)],
) -> anyhow::Result<T> {
    let mut bench = Command::new(program("azure-bench"));
    bench.args(arguments).envs(settings.iter().cloned()).stderr(Stdio::inherit());
    let output = bench.output().context("azure-bench cannot be started")?;
    ensure!(output.status.success(), "azure-bench ended with {}", output.status);
    serde_json::from_slice(&output.stdout).context("azure-bench said what is no figure")
}

/// Everything of Azure that an app needs, on this machine; it ends with this value.
pub(super) struct Site {
    child: Child,
    /// Where everything is, and who the apps are.
    pub(super) settings: Vec<(String, String)>,
}

impl Site {
    pub(super) fn start() -> anyhow::Result<Self> {
        let mut child = Command::new(program("azure-site"))
            .arg("--print")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("azure-site cannot be started")?;
        let stdout = child.stdout.take();
        let mut site = Self { child, settings: Vec::new() };
        for line in BufReader::new(stdout.context("no output of azure-site")?).lines() {
            let line = line?;
            match line.split_once('=') {
                Some((name, value)) => site.settings.push((name.to_owned(), value.to_owned())),
                None => break,
            }
        }
        ensure!(
            !site.settings.is_empty(),
            "azure-site did not start; it needs Node and npm, for Azurite"
        );
        Ok(site)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // It stops what it started when its input ends.
        drop(self.child.stdin.take());
        drop(self.child.wait());
    }
}

fn program(name: &str) -> PathBuf {
    root().join("target/release").join(name)
}
