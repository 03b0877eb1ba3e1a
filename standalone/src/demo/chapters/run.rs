//! The Runner executes what was signed, and its signed result reaches the control plane through the Event Grid stand-in.

use serde_json::Value;

use super::{owner::Owner, procedure::Published, serve::Running};
use crate::demo::{
    bench::{Bench, Ran, text},
    telling::{DemoError, Doing as _, Telling},
};

/// The run of the story.
pub(in crate::demo) struct Run {
    /// Its identifier.
    pub(in crate::demo) run: String,
    /// The evidence item of the step that failed.
    pub(in crate::demo) evidence: String,
}

/// What the demo knows to be so, step by step.
const EXPECTED: [(&str, &str); 3] =
    [("payments-config", "fail"), ("tls-endpoint", "fail"), ("backup-report", "inconclusive")];

pub(in crate::demo) async fn execute(
    bench: &Bench,
    running: &Running,
    owner: &Owner,
    published: &Published,
    telling: &mut Telling<'_>,
) -> Result<Run, DemoError> {
    telling.chapter("The Runner executes it on this machine, and publishes the signed result");
    let topic = topic(running);
    let arguments =
        ["run", &published.digest, "--publish", "eventgrid", "--topic", &topic, "--wait", "20"];
    let ran = bench.runner(&arguments).await?;
    for line in ran.stderr.lines().filter(|line| !line.starts_with("warning")) {
        telling.say(line);
    }
    let run = told(&ran)?;
    check_outcomes(&ran, telling)?;
    check_score(&ran, telling)?;
    let receipted = ran.json["published"]["receipted"].as_u64();
    telling.claim(
        receipted == Some(1),
        "the control plane answered with a signed receipt and promise",
        ran.json.to_string(),
    )?;
    let seen: Value =
        owner.api.get(&format!("/api/runs/v1/runs/{}", run.run)).await.doing("reading the run")?;
    let same = seen["score"]["score_bp"] == ran.json["score"]["score_bp"]
        && seen["verification"] == "verified";
    telling.claim(
        same,
        "runs verified the signatures and recomputed the same score",
        seen.to_string(),
    )?;
    Ok(run)
}

/// Where the Event Grid stand-in takes Runners' events.
pub(in crate::demo) fn topic(running: &Running) -> String {
    format!("{}/eventgrid/runner-events/api/events", running.url)
}

fn told(ran: &Ran) -> Result<Run, DemoError> {
    let steps = ran.json["steps"].as_array().into_iter().flatten();
    let failed =
        steps.clone().find(|step| step["id"] == "payments-config").cloned().unwrap_or_default();
    if ran.json.get("run").is_none() {
        let why = format!("it ended with {}: {} {}", ran.code, ran.json, ran.stderr);
        return Err(DemoError::Step { doing: "executing the procedure", why });
    }
    Ok(Run { run: text(&ran.json, "/run")?, evidence: text(&failed, "/evidence/id")? })
}

fn check_outcomes(ran: &Ran, telling: &mut Telling<'_>) -> Result<(), DemoError> {
    let steps = ran.json["steps"].as_array().cloned().unwrap_or_default();
    for step in &steps {
        let id = step["id"].as_str().unwrap_or_default();
        let expected =
            EXPECTED.iter().find(|(known, _)| *known == id).map_or("pass", |(_, outcome)| outcome);
        let outcome = step["outcome"].as_str().unwrap_or_default();
        if outcome != expected {
            let claim = format!("step {id} is {expected}");
            return telling.claim(false, claim, format!("{outcome} ({})", step["reason"]));
        }
    }
    telling.claim(
        ran.code == 1,
        format!("{} steps ended as this machine is: exit code 1", steps.len()),
        ran.code.to_string(),
    )?;
    telling.say(
        "fail: the payments backend is plain http, and the TLS certificate expires within 30 days",
    );
    telling.say(
        "inconclusive: last night's backup left no report, and what is unknown is never a pass",
    );
    Ok(())
}

/// Weights: 49 pass and 13 fail of 66, of which 4 could not be told.
fn check_score(ran: &Ran, telling: &mut Telling<'_>) -> Result<(), DemoError> {
    let score = &ran.json["score"];
    let (points, coverage) =
        (score["score_bp"].as_u64().unwrap_or(0), score["coverage_bp"].as_u64().unwrap_or(0));
    telling
        .say(format!("score {points} of 10000, coverage {coverage} of 10000: {}", score["counts"]));
    let expected = WEIGHT_PASSED * 10_000 / (WEIGHT_PASSED + WEIGHT_FAILED);
    let covered =
        (WEIGHT_PASSED + WEIGHT_FAILED) * 10_000 / (WEIGHT_PASSED + WEIGHT_FAILED + WEIGHT_UNKNOWN);
    let same = points == expected && coverage == covered;
    telling.claim(
        same,
        "the score is what the weights give by hand",
        format!("{expected} and {covered} by hand"),
    )
}

const WEIGHT_PASSED: u64 = 5 + 5 + 10 + 10 + 1 + 10 + 3 + 2 + 5 + 5;
const WEIGHT_FAILED: u64 = 8 + 5;
const WEIGHT_UNKNOWN: u64 = 4;
