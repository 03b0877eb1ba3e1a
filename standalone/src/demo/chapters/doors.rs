//! Two doors, one envelope: the HTTPS door takes the same bytes, and a statement that comes twice counts once.

use protocol::{
    cloudevent::{BATCH_MEDIA_TYPE, CloudEvent, to_batch},
    dsse::{Envelope, PAYLOAD_MAX},
    statement::Statement,
    strict_json,
};
use serde_json::Value;

use super::{Scene, owner::Owner, run::Run, run::topic, serve::Running};
use crate::demo::telling::{DemoError, Doing as _, Telling};

pub(in crate::demo) async fn again(
    scene: &Scene<'_>,
    run: &Run,
    telling: &mut Telling<'_>,
) -> Result<(), DemoError> {
    let Scene { bench, running, owner, published, .. } = *scene;
    telling.chapter("The HTTPS door, and a statement that comes twice");
    let second = bench.runner(&["run", &published.digest, "--publish", "https"]).await?;
    let receipted = second.json["published"]["receipted"].as_u64();
    telling.claim(
        receipted == Some(1),
        "a second run came through the HTTPS door (RFC 9421) and was receipted",
        second.json.to_string(),
    )?;
    let bytes = owner
        .api
        .bytes(&format!("/api/runs/v1/runs/{}/statement", run.run))
        .await
        .doing("reading a statement")?;
    send_again(running, &bytes).await?;
    let runs = wait_for_duplicate(owner, telling).await?;
    telling.claim(runs == 2, "there are two runs, not three", runs.to_string())
}

/// What an intermediary that delivers at least once does.
async fn send_again(running: &Running, statement: &[u8]) -> Result<(), DemoError> {
    const DOING: &str = "sending a statement again";
    let envelope = Envelope::from_json(statement).doing(DOING)?;
    let signed: Statement =
        strict_json::parse(envelope.unverified_payload(), PAYLOAD_MAX).doing(DOING)?;
    let event = CloudEvent::new(&signed, envelope, signed.predicate.event.time);
    let batch = to_batch(&[event]).doing(DOING)?;
    running
        .api
        .send(&topic(running).replace(&running.url, ""), BATCH_MEDIA_TYPE, batch)
        .await
        .doing(DOING)
}

/// Waits until the log says that the statement came twice. How many runs there are then.
async fn wait_for_duplicate(owner: &Owner, telling: &mut Telling<'_>) -> Result<usize, DemoError> {
    super::inspect::wait_for(owner, "ingest.event.duplicate").await?;
    telling.say("The log has the row ingest.event.duplicate; the Runner would get the receipt it already has.");
    let runs: Value = owner.api.get("/api/runs/v1/runs").await.doing("listing runs")?;
    Ok(runs["runs"].as_array().map_or(0, Vec::len))
}
