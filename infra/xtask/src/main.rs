//! What is done to the project: test, check, generate, bench, package.
//!
//! In scope: the order of steps, what a machine must have, and what is written into `docs/` from the tables in the code.
//! Out of scope: the tests themselves (beside the code and in `tests/`), the product's own commands (`standalone`).

mod azure;
#[cfg(feature = "tables")]
mod bench;
mod check;
mod counterpart;
#[cfg(feature = "tables")]
mod generate;
mod hand_over;
mod package;
mod progress;
mod sample_log;
mod steps;
mod test;
mod verify_page;
mod workspace;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use counterpart::Demand;

/// What is done to the project.
///
/// Everything that is made goes below `target/`; only `generate` and `bench` write into `docs/`.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", after_help = EXAMPLES)]
struct CommandLine {
    #[command(subcommand)]
    task: Task,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask test                  before you send a change: everything this machine can run
  cargo xtask interop --policy policy.txt log.audit.zip
                                    has programs that we did not write verify your export
  cargo xtask check                 all of that, with every counterpart, and what takes long: storms, a million rows
  cargo xtask generate              after a change to an endpoint, a trigger, a right or an event
  cargo xtask bench --json b.json   measures, and writes docs/performance.md
  cargo xtask package               makes what Azure runs: one zip for each function app

A counterpart is a program that we did not write and that must agree with us: cargo xtask test says which ones it could not run, and why.";

#[derive(Subcommand)]
enum Task {
    /// Build everything and run every test that this machine can run
    ///
    /// Runs the tests of the workspace, then the counterparts whose tools are here (Go, Python), fetching what they need from their registries into
    /// target/counterparts. Never installs a system package. Ends with a list of what it could not run.
    Test {
        /// Fail where a counterpart is missing, as continuous integration does
        #[arg(long)]
        every_counterpart: bool,
    },
    /// Have the counterparts verify exports: sample logs of many sizes, or yours
    ///
    /// Samples are also given to them with changes that hide as well as they can, which they must refuse.
    Interop {
        /// The policy that pins the keys of your exports
        #[arg(long, value_name = "FILE", requires = "exports")]
        policy: Option<PathBuf>,
        /// Your exports
        #[arg(value_name = "EXPORT", requires = "policy")]
        exports: Vec<PathBuf>,
    },
    /// Run the contract of the ports and the demo on the Azure backend, against what stands for Azure on this machine
    ///
    /// Microsoft's in-memory Cosmos emulator, Azurite, and stand-ins for Entra and Key Vault, on 127.0.0.1. With the settings `PROOFLINE_AZURE_…` in
    /// the environment the contract runs against those resources instead.
    Azure {
        /// Only the demo, on the packages in target/packages (`cargo xtask package` makes them)
        #[arg(long)]
        packages: bool,
    },
    /// Check all that must hold before a change lands
    ///
    /// Formatting, lints, documentation, tests (among them: that generated files are as the code says), every counterpart, and the
    /// tests that take long (160,000 events from sixteen processes that are killed, the border of a segment, a million rows in one export), which
    /// continuous integration leaves out. Goes on after a failure and lists all of them at the end.
    Check {
        /// Leave out the tests of the workspace and the counterparts, which `cargo xtask test` runs
        #[arg(long)]
        skip_tests: bool,
    },
    /// Write the files that are made from the tables in the code
    ///
    /// docs/api: each app's OpenAPI description. docs/generated: the function.json of every function, rights, roles, plans, events, settings. Also
    /// local.settings.example.json.
    Generate {
        /// Write nothing; fail if a file differs from what would be written
        #[arg(long)]
        check: bool,
    },
    /// Measure the release build and write docs/performance.md
    Bench {
        /// Also write the figures to this file, as JSON
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
        /// Only the audit log: print the figures, and write nothing
        #[arg(long, conflicts_with = "json")]
        log: bool,
        /// Only accounts: print the figures, and write nothing
        #[arg(long, conflicts_with_all = ["json", "log"])]
        accounts: bool,
    },
    /// Build each function app as Azure runs it: a static binary, and the zip that is deployed
    ///
    /// Writes DIR/APP/ and DIR/APP.zip, and fails if a package breaks a rule: too large, not static, a feature for tests or the backend on one
    /// machine inside, a function that the Functions host would not load. The same sources give the same bytes. Needs Rust's library for
    /// x86_64-unknown-linux-musl and musl-gcc.
    Package {
        /// Where packages go
        #[arg(long, value_name = "DIR", default_value = "target/packages")]
        out: PathBuf,
        /// An app to package, such as `auth`; all of them without this. May be given several times
        #[arg(long = "app", value_name = "NAME")]
        apps: Vec<String>,
        /// Print sizes and digests as JSON
        #[arg(long)]
        json: bool,
    },
    /// Build the verifier as WebAssembly and the page that holds it: inspector/page/verify.wasm and verify.html
    ///
    /// The same sources give the same bytes on every machine. Needs Rust's library for wasm32-unknown-unknown.
    VerifyPage {
        /// Write nothing; fail if a file differs from what would be written
        #[arg(long)]
        check: bool,
    },
}

fn main() -> ExitCode {
    run(CommandLine::parse().task).unwrap_or_else(|error| {
        progress::say(format_args!("error: {error:#}"));
        ExitCode::FAILURE
    })
}

fn run(task: Task) -> anyhow::Result<ExitCode> {
    match task {
        Task::Test { every_counterpart: true } => Ok(test::run(Demand::All)),
        Task::Test { .. } => Ok(test::run(Demand::WhatIsHere)),
        Task::Interop { policy, exports } => {
            Ok(counterpart::run(policy.map(|policy| (policy, exports))))
        }
        Task::Azure { packages } => Ok(azure::run(packages)),
        Task::Check { skip_tests } => Ok(check::run(skip_tests)),
        #[cfg(feature = "tables")]
        Task::Generate { check } => generate::run(check),
        #[cfg(not(feature = "tables"))]
        Task::Generate { check } => hand_over::generate(check),
        #[cfg(feature = "tables")]
        Task::Bench { log: true, .. } if !cfg!(debug_assertions) => bench::run_log(),
        #[cfg(feature = "tables")]
        Task::Bench { accounts: true, .. } if !cfg!(debug_assertions) => bench::run_accounts(),
        #[cfg(feature = "tables")]
        Task::Bench { json, .. } if !cfg!(debug_assertions) => bench::run(json.as_deref()),
        Task::Bench { json, log, accounts } => {
            let only = [("--log", log), ("--accounts", accounts)];
            hand_over::bench(json.as_deref(), &only)
        }
        Task::Package { out, apps, json } => package::run(&out, &apps, json),
        Task::VerifyPage { check } => verify_page::run(check),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }
}
