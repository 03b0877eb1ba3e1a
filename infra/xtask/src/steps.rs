//! One step after the other: each is announced, timed, and counted at the end.

use std::{
    process::{Command, ExitCode},
    time::{Duration, Instant},
};

use anyhow::Context;

use crate::progress::{duration, say};

/// What became of the steps so far.
pub(crate) struct Steps {
    title: &'static str,
    started: Instant,
    done: Vec<Step>,
}

struct Step {
    name: String,
    time: Duration,
    outcome: Outcome,
}

enum Outcome {
    Passed,
    Failed(String),
    NotRun(String),
}

impl Steps {
    /// Nothing done yet.
    pub(crate) fn new(title: &'static str) -> Self {
        Self { title, started: Instant::now(), done: Vec::new() }
    }

    /// Runs a program whose output the reader sees.
    pub(crate) fn program(&mut self, name: &str, command: &mut Command) {
        self.work(name, || run(command));
    }

    /// Does something of our own.
    pub(crate) fn work(&mut self, name: &str, work: impl FnOnce() -> anyhow::Result<()>) {
        say(format_args!("\n== {name}"));
        let started = Instant::now();
        let outcome = match work() {
            Ok(()) => Outcome::Passed,
            Err(error) => Outcome::Failed(format!("{error:#}")),
        };
        self.end(name, started.elapsed(), outcome);
    }

    /// Notes a step that this machine cannot do.
    pub(crate) fn not_run(&mut self, name: &str, why: &str) {
        self.done.push(Step {
            name: name.to_owned(),
            time: Duration::ZERO,
            outcome: Outcome::NotRun(why.to_owned()),
        });
    }

    fn end(&mut self, name: &str, time: Duration, outcome: Outcome) {
        let result = match &outcome {
            Outcome::Passed => "passed".to_owned(),
            Outcome::Failed(why) => format!("FAILED: {why}"),
            Outcome::NotRun(why) => format!("not run: {why}"),
        };
        say(format_args!("== {name}: {result} ({})", duration(time)));
        self.done.push(Step { name: name.to_owned(), time, outcome });
    }

    /// Prints the summary. Fails if a step did.
    pub(crate) fn finish(self) -> ExitCode {
        say("\n----");
        for step in &self.done {
            say(step.summary());
        }
        let failures =
            self.done.iter().filter(|step| matches!(step.outcome, Outcome::Failed(_))).count();
        let total = duration(self.started.elapsed());
        if failures > 0 {
            say(format_args!(
                "{}: {failures} of {} steps FAILED ({total})",
                self.title,
                self.done.len()
            ));
            return ExitCode::FAILURE;
        }
        say(format_args!("{}: ok ({total})", self.title));
        ExitCode::SUCCESS
    }
}

impl Step {
    fn summary(&self) -> String {
        match &self.outcome {
            Outcome::Passed => format!("passed:  {} ({})", self.name, duration(self.time)),
            Outcome::Failed(why) => format!("FAILED:  {} ({why})", self.name),
            Outcome::NotRun(why) => format!("not run: {} ({why})", self.name),
        }
    }
}

/// Runs `command` to its end.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("{program} cannot be started"))?;
    anyhow::ensure!(status.success(), "{program} ended with {status}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failure_fails_the_whole_and_what_was_not_run_does_not() {
        let mut steps = Steps::new("test");
        steps.not_run("interop", "no Go");
        steps.work("passes", || Ok(()));
        assert_eq!(steps.finish(), ExitCode::SUCCESS);
        let mut steps = Steps::new("test");
        steps.program("fails", &mut Command::new("false"));
        steps.work("passes", || Ok(()));
        assert_eq!(steps.finish(), ExitCode::FAILURE);
        let mut steps = Steps::new("test");
        steps.program("is missing", &mut Command::new("no-such-program-of-ours"));
        assert_eq!(steps.finish(), ExitCode::FAILURE);
    }
}
