//! `proofline runs`: what Runners did, and what came of it.

use clap::{Args, Subcommand};
use serde_json::Value;

use super::{PageArgs, Pages, encoded, rows};
use crate::{
    call::{CallArgs, Caller},
    failure::Failure,
    print::{Column, Printer},
};

const RUNS: [Column; 6] = [
    ("RUN", "/run"),
    ("OUTCOME", "/outcome"),
    ("VERIFICATION", "/verification"),
    ("PROCEDURE VERSION", "/version"),
    ("ENDED", "/ended"),
    ("RUNNER", "/runner"),
];

const RUN: [Column; 9] = [
    ("Run", "/run"),
    ("Outcome", "/outcome"),
    ("Score", "/score"),
    ("Verification", "/verification"),
    ("Flaw", "/flaw"),
    ("Procedure version", "/version"),
    ("Runner", "/runner"),
    ("Ended", "/ended"),
    ("Statement", "/statement"),
];

const STEPS: [Column; 3] = [("STEP", "/key"), ("OUTCOME", "/outcome"), ("CHECKS", "/checks")];

/// Runs and their statements.
#[derive(Args, Clone, Debug)]
pub struct RunsArgs {
    #[command(subcommand)]
    what: RunsCommand,
    #[command(flatten)]
    pub(crate) call: CallArgs,
}

#[derive(Clone, Debug, Subcommand)]
enum RunsCommand {
    /// The runs, by Runner, each Runner's newest first
    List {
        /// Of this Runner only
        #[arg(long)]
        runner: Option<String>,
        #[command(flatten)]
        page: PageArgs,
    },
    /// One run with its steps; values stay with the Runner
    Show {
        /// Which
        run: String,
    },
    /// The run's statement as its Runner signed it (DSSE), to be verified elsewhere
    Statement {
        /// Which
        run: String,
    },
}

pub(crate) async fn runs(args: &RunsArgs, printer: &mut Printer<'_>) -> Result<(), Failure> {
    let mut caller = Caller::open(&args.call).await?;
    match &args.what {
        RunsCommand::List { runner, page } => {
            let query: Vec<_> = runner.iter().map(|runner| ("runner", runner.clone())).collect();
            let pages =
                Pages { path: "/api/runs/v1/runs", member: "runs", cursor: "after", page_max: 50 };
            let found = pages.read(&mut caller, &query, *page).await?;
            printer.list(&found, &RUNS, "There is no run yet.")
        }
        RunsCommand::Show { run } => {
            let answer = caller.get(&format!("/api/runs/v1/runs/{}", encoded(run))).await?;
            show(&answer, printer)
        }
        RunsCommand::Statement { run } => {
            let path = format!("/api/runs/v1/runs/{}/statement", encoded(run));
            let answer = caller.get(&path).await?;
            printer.json(&answer)
        }
    }
}

fn show(run: &Value, printer: &mut Printer<'_>) -> Result<(), Failure> {
    printer.record(run, &RUN)?;
    if printer.json {
        return Ok(());
    }
    printer.say("")?;
    let steps: Vec<Value> = rows(run, "steps").iter().map(counted).collect();
    printer.list(&steps, &STEPS, "It has no step.")
}

/// A step with the number of its checks instead of the checks.
fn counted(step: &Value) -> Value {
    let mut step = step.clone();
    let checks = rows(&step, "checks").len();
    if let Some(step) = step.as_object_mut() {
        step.insert("checks".to_owned(), checks.into());
    }
    step
}
