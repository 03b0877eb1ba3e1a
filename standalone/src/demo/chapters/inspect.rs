//! The log as one file, checked offline with keys that were pinned at the enrolment.

use std::{fs, time::Duration};

use serde_json::{Value, json};

use super::{owner::Owner, witness};
use crate::demo::{
    bench::{Bench, Ran, text},
    telling::{DemoError, Doing as _, Telling},
};

/// How long sealing and signing may take in the demo.
const PATIENCE: Duration = Duration::from_secs(15);
const LOOK_EVERY: Duration = Duration::from_millis(250);

pub(in crate::demo) async fn export(
    bench: &Bench,
    owner: &Owner,
    last: &str,
    telling: &mut Telling<'_>,
) -> Result<(), DemoError> {
    telling.chapter("The log leaves as one file, and is verified offline");
    let row = wait_for(owner, last).await?;
    wait_for_signature(owner, row).await?;
    let made: Value = owner
        .api
        .post("/api/audit/v1/audit/exports", &json!({}))
        .await
        .doing("exporting the log")?;
    let path = format!("/api/audit/v1/audit/exports/{}/content", text(&made, "/export")?);
    let bytes = owner.api.bytes(&path).await.doing("downloading the export")?;
    fs::write(bench.out.join("log.audit.zip"), &bytes).doing("writing the export")?;
    telling.say(format!(
        "{} rows, {} bytes: {}",
        made["size"],
        bytes.len(),
        bench.path("log.audit.zip")
    ));
    let policy = bench.path("policy.txt");
    bench.runner_ok(&["log-policy", "--out", &policy]).await?;
    telling.say("The policy holds the keys that the Runner pinned when it enrolled.");
    let sound = verify(bench, "log.audit.zip", Some(&policy)).await?;
    let rows = &sound.json["rows_checked"];
    telling.claim(
        sound.code == 0,
        format!("with the policy: ok, {rows} rows, tier {}", sound.json["tier"]),
        sound.json.to_string(),
    )?;
    let strict = bench.path(witness::POLICY);
    let unwitnessed = verify(bench, "log.audit.zip", Some(&strict)).await?;
    telling.claim(
        unwitnessed.code == 2,
        "asked for a witness who has not seen the last rows: incomplete, never ok",
        unwitnessed.json.to_string(),
    )?;
    let unpinned = verify(bench, "log.audit.zip", None).await?;
    telling.claim(
        unpinned.code == 2,
        "without pinned keys: incomplete, never ok",
        unpinned.json.to_string(),
    )?;
    tamper(bench, &bytes, &policy, telling).await
}

/// Alters one byte of one row in a copy.
async fn tamper(
    bench: &Bench,
    bytes: &[u8],
    policy: &str,
    telling: &mut Telling<'_>,
) -> Result<(), DemoError> {
    let action = b"\"action\":\"run.completed\"";
    let place = bytes.windows(action.len()).position(|window| window == action);
    let place = place.ok_or_else(|| DemoError::Step {
        doing: "altering a row",
        why: "no run is in the export".to_owned(),
    })?;
    let mut altered = bytes.to_vec();
    if let Some(byte) = altered.get_mut(place + action.len() - 2) {
        *byte ^= 1;
    }
    fs::write(bench.out.join("altered.audit.zip"), altered).doing("writing the altered copy")?;
    let broken = verify(bench, "altered.audit.zip", Some(policy)).await?;
    let first = &broken.json["first_bad"];
    let named = broken.code == 1 && first["seq"].is_u64();
    let claim =
        format!("one byte altered in a copy: broken at row {} ({})", first["seq"], first["kind"]);
    telling.claim(named, claim, broken.json.to_string())
}

pub(in crate::demo) async fn verify(
    bench: &Bench,
    file: &str,
    policy: Option<&str>,
) -> Result<Ran, DemoError> {
    let file = bench.path(file);
    let mut arguments = vec!["verify", &file, "--json"];
    if let Some(policy) = policy {
        arguments.extend(["--policy", policy]);
    }
    bench.proofline(&arguments).await
}

/// Waits until the log has a row with this action. The row's number.
pub(in crate::demo) async fn wait_for(owner: &Owner, action: &str) -> Result<u64, DemoError> {
    let began = std::time::Instant::now();
    loop {
        let page: Value =
            owner.api.get("/api/audit/v1/audit/events?limit=200").await.doing("reading the log")?;
        let rows = page["rows"].as_array().into_iter().flatten().map(|row| &row["row"]);
        let found =
            rows.filter(|row| row["action"] == action).filter_map(|row| row["seq"].as_u64()).max();
        if let Some(found) = found {
            return Ok(found);
        }
        wait(began, action).await?;
    }
}

/// Waits until a signed checkpoint covers the row.
pub(in crate::demo) async fn wait_for_signature(owner: &Owner, row: u64) -> Result<(), DemoError> {
    let began = std::time::Instant::now();
    loop {
        let note = owner.api.bytes("/api/audit/v1/audit/checkpoint").await.unwrap_or_default();
        let size =
            String::from_utf8_lossy(&note).lines().nth(1).and_then(|line| line.parse::<u64>().ok());
        if size.is_some_and(|size| size > row) {
            return Ok(());
        }
        wait(began, "a checkpoint").await?;
    }
}

async fn wait(began: std::time::Instant, what: &str) -> Result<(), DemoError> {
    if began.elapsed() > PATIENCE {
        let why = format!("{what} did not come within {} s", PATIENCE.as_secs());
        return Err(DemoError::Step { doing: "waiting for the log", why });
    }
    tokio::time::sleep(LOOK_EVERY).await;
    Ok(())
}
