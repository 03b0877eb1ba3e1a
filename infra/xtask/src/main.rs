//! What is done to the project: test, check, generate, bench.
//!
//! In scope: the order of steps, what a machine must have, and what is written into `docs/` from the tables in the code.
//! Out of scope: the tests themselves (beside the code and in `tests/`), the product's own commands (`standalone`).

mod bench;
mod check;
mod counterpart;
mod generate;
mod progress;
mod sample_log;
mod steps;
mod test;
mod workspace;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

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
  cargo xtask check                 what continuous integration runs; needs every counterpart
  cargo xtask generate              after a change to an endpoint, a trigger, a right or an event
  cargo xtask bench --json b.json   measures, and writes docs/performance.md

A counterpart is a program that we did not write and that must agree with us: cargo xtask test says which ones it could not run, and why.";

#[derive(Subcommand)]
enum Task {
    /// Build everything and run every test that this machine can run
    ///
    /// Runs the tests of the workspace, then the counterparts whose tools are here (Go, Python), fetching what they need from their registries into
    /// target/counterparts. Never installs a system package. Ends with a list of what it could not run.
    Test {
        /// Run the counterparts alone
        #[arg(long)]
        counterparts: bool,
    },
    /// Run what continuous integration runs
    ///
    /// Formatting, lints, documentation, tests, generated files and every counterpart. Goes on after a failure and lists all of them at the end.
    Check {
        /// Leave out the tests of the workspace and the counterparts, which `cargo xtask test` runs
        #[arg(long)]
        skip_tests: bool,
    },
    /// Write the files that are made from the tables in the code
    ///
    /// docs/api: each app's OpenAPI description. docs/generated: the function.json of every function, rights, roles, plans, events.
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
    },
}

fn main() -> ExitCode {
    let done = match CommandLine::parse().task {
        Task::Test { counterparts } => Ok(test::run(counterparts)),
        Task::Check { skip_tests } => Ok(check::run(skip_tests)),
        Task::Generate { check } => generate::run(check),
        Task::Bench { json } => bench::run(json.as_deref()),
    };
    done.unwrap_or_else(|error| {
        progress::say(format_args!("error: {error:#}"));
        ExitCode::FAILURE
    })
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
