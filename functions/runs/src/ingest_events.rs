//! `POST /v1/runner/events`: the HTTPS door for what Runners say. It works everywhere.

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, header::CONTENT_TYPE},
};
use domain::{Class, EventKind, Feature};
use protocol::{
    cloudevent::{BATCH_BYTES_MAX, BATCH_MEDIA_TYPE, Entry, EventError, MEDIA_TYPE, parse_batch},
    routes::EventsAnswer,
    strict_json,
};
use serde_json::Value;
use web::{Access, Endpoint, Problem, RunnerCaller, not_entitled};

use crate::{
    RunsState, described,
    ingest::{Door, Ingestion, Progress, all_deferred},
    runners::RunnerRecord,
};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post("/v1/runner/events", Access::Runner, INGESTED)
    .with(Feature::Runner)
    .summary("Hand in signed statements: one CloudEvent, or a batch of at most 100 and 1 MiB; each is answered by itself")
    .success(200)
    .request::<described::Event>()
    .takes(&[MEDIA_TYPE, BATCH_MEDIA_TYPE])
    .response::<described::Taken>()
    .body_max(BATCH_BYTES_MAX)
    .problems(&["validation", "payload-too-large", "entitlement-required"]);

/// What ingestion records, whichever door an event came through.
pub(crate) const INGESTED: &[EventKind] = &[
    EventKind::RunCompleted,
    EventKind::RunRejected,
    EventKind::IngestDuplicate,
    EventKind::IngestConflict,
    EventKind::ForkDetected,
    EventKind::RunnerQuarantined,
];

pub(crate) async fn handle(
    State(state): State<RunsState>,
    caller: RunnerCaller,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<EventsAnswer>, Problem> {
    let entries = entries(&headers, &body)?;
    let record = caller.data.get::<RunnerRecord>(&caller.runner.to_string()).await?.document;
    let ingestion = Ingestion::new(&state, Door::Https, &caller.data, record, caller.now)?;
    let results = ingestion.take(entries).await?;
    if all_deferred(&results) {
        return Err(not_entitled(&ingestion.used_up().await?));
    }
    let Progress { next_expected_sequence, missing } = ingestion.progress();
    Ok(Json(EventsAnswer { results, next_expected_sequence, missing }))
}

/// The events of a body, by its media type. One event that is none is an entry like any other.
fn entries(headers: &HeaderMap, body: &[u8]) -> Result<Vec<Entry>, Problem> {
    let media = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match media.split(';').next().unwrap_or_default().trim() {
        BATCH_MEDIA_TYPE => Ok(parse_batch(body)?),
        MEDIA_TYPE => {
            let value =
                strict_json::parse_value(body, BATCH_BYTES_MAX).map_err(EventError::Json)?;
            Ok(vec![entry(value)])
        }
        _ => {
            let detail = format!("Send events as {MEDIA_TYPE} or {BATCH_MEDIA_TYPE}.");
            Err(Problem::new(Class::Media, "unsupported-media-type", detail))
        }
    }
}

/// One event, or why it is none.
pub(crate) fn entry(value: Value) -> Entry {
    let id = value
        .get("id")
        .and_then(Value::as_str)
        .filter(|id| id.len() <= 64)
        .unwrap_or_default()
        .to_owned();
    Entry { id, event: strict_json::shape(value).map_err(EventError::Json) }
}
