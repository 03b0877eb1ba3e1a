//! The Runner confirms the log that its own statements are in, so that nobody can show another one later.

use std::fs;

use serde_json::{Value, json};

use super::{inspect, owner::Owner};
use crate::demo::{
    bench::{Bench, text},
    telling::{DemoError, Doing as _, Telling},
};

pub(in crate::demo) async fn confirm(
    bench: &Bench,
    owner: &Owner,
    last: &str,
    telling: &mut Telling<'_>,
) -> Result<(), DemoError> {
    telling.chapter("The Runner witnesses the log");
    let row = inspect::wait_for(owner, last).await?;
    inspect::wait_for_signature(owner, row).await?;
    let seen = bench.runner_ok(&["witness"]).await?;
    let is_witnessed = seen["state"] == "witnessed" && seen["size"].as_u64() > Some(row);
    telling.claim(
        is_witnessed,
        format!(
            "the Runner has cosigned {} rows, and from now on accepts no other history",
            seen["size"]
        ),
        seen.to_string(),
    )?;
    telling
        .say("What it saw is on the customer's disk. A shorter or another log would be an alarm.");
    let wish = json!({"head": "witnessed"});
    let made: Value =
        owner.api.post("/api/audit/v1/audit/exports", &wish).await.doing("exporting the log")?;
    let path = format!("/api/audit/v1/audit/exports/{}/content", text(&made, "/export")?);
    let bytes = owner.api.bytes(&path).await.doing("downloading the export")?;
    fs::write(bench.out.join("witnessed.audit.zip"), &bytes).doing("writing the export")?;
    let policy = bench.path(POLICY);
    bench.runner_ok(&["log-policy", "--witnessed", "--out", &policy]).await?;
    let sound = inspect::verify(bench, "witnessed.audit.zip", Some(&policy)).await?;
    let (rows, witness) =
        (&sound.json["rows_checked"], &sound.json["checkpoint"]["witnessed_by"][0]);
    telling.claim(
        sound.code == 0 && sound.json["tier"] == "witnessed",
        format!(
            "exported and verified offline: ok, {rows} rows, tier \"witnessed\" by {}",
            witness["name"]
        ),
        sound.json.to_string(),
    )
}

/// The policy that asks for the Runner's own confirmation.
pub(in crate::demo) const POLICY: &str = "witnessed.policy.txt";
