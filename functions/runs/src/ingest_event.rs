//! `ingest_event`: the Event Grid door for what Runners say.
//!
//! Whoever may publish to the topic gets here, so that only the statement's own signature counts. What will never count is put aside and answered
//! with success, so that it is not delivered again; what may count later is a refusal, so that it is.

use domain::{Fault as _, ingest::IngestError};
use protocol::{
    cloudevent::{CloudEvent, Entry, EventError, parse},
    routes::{EventResult, EventStatus},
};
use serde_json::{Value, json};
use store::StoreError;
use web::{Job, Problem, Trigger};

use crate::{
    RunsState,
    ingest::{Door, Ingestion, Refusal},
    ingest_events::INGESTED,
    quarantine::put_aside,
    runners::RunnerRecord,
};

pub(crate) const TRIGGER: Trigger = Trigger::event_grid("ingest_event", "runner-events", INGESTED);

pub(crate) async fn handle(state: RunsState, job: Job, event: Value) -> Result<Value, Problem> {
    let taken = match read(&event) {
        Ok(parsed) => take(&state, &job, parsed).await?,
        Err(refusal) => Err(refusal),
    };
    let (status, code, is_held) = match taken {
        Ok(EventResult { status, code, receipt, .. }) => (status, code, receipt.is_some()),
        Err(refusal) => (EventStatus::Rejected, Some(refusal.code().to_owned()), false),
    };
    if let (EventStatus::Rejected, Some(code), false) = (status, code.as_deref(), is_held) {
        put_aside(&state, &event, code, job.now).await?;
    }
    Ok(json!({"status": status, "code": code}))
}

/// Read again from its text: depth, size and doubled keys are checked there.
fn read(event: &Value) -> Result<CloudEvent, Refusal> {
    parse(event.to_string().as_bytes()).map_err(|error| EventError::Json(error).into())
}

/// Its attributes are hints on whose key to look for.
async fn take(
    state: &RunsState,
    job: &Job,
    event: CloudEvent,
) -> Result<Result<EventResult, Refusal>, StoreError> {
    let data = job.cap.partition(event.tenantid, "ingest");
    let Some(found) = data.find::<RunnerRecord>(&event.runnerid.to_string()).await? else {
        return Ok(Err(IngestError::Unknown.into()));
    };
    let ingestion = Ingestion::new(state, Door::EventGrid, &data, found.document, job.now)?;
    let entry = Entry { id: event.id.to_string(), event: Ok(event) };
    let mut results = ingestion.take(vec![entry]).await?;
    results
        .pop()
        .map(Ok)
        .ok_or_else(|| StoreError::Unreadable("an event without an answer".to_owned()))
}
