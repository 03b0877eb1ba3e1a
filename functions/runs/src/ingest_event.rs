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
use store::{StoreError, TenantRecord};
use web::{Job, Problem, Trigger, not_entitled, not_served};

use crate::{
    RunsState,
    ingest::{Door, Ingestion, Refusal, all_deferred},
    ingest_events::{self, INGESTED},
    quarantine::put_aside,
    runners::RunnerRecord,
};

pub(crate) const TRIGGER: Trigger = Trigger::event_grid("ingest_event", "runner-events", INGESTED);

pub(crate) async fn handle(state: RunsState, job: Job, event: Value) -> Result<Value, Problem> {
    let taken = match read(&event) {
        Ok(parsed) => take(&state, &job, parsed).await?,
        Err(refusal) => Taken::Refused(refusal),
    };
    let (status, code, is_held) = match taken {
        Taken::Deferred(problem) => return Err(*problem),
        Taken::Answered(EventResult { status, code, receipt, .. }) => {
            (status, code, receipt.is_some())
        }
        Taken::Refused(refusal) => (EventStatus::Rejected, Some(refusal.code().to_owned()), false),
    };
    if let (EventStatus::Rejected, Some(code), false) = (status, code.as_deref(), is_held) {
        put_aside(&state, &event, code, job.now).await?;
    }
    Ok(json!({"status": status, "code": code}))
}

/// What became of an event.
enum Taken {
    Answered(EventResult),
    Refused(Refusal),
    /// Not now: it is delivered again.
    Deferred(Box<Problem>),
}

/// Read again from its text: depth, size and doubled keys are checked there.
fn read(event: &Value) -> Result<CloudEvent, Refusal> {
    parse(event.to_string().as_bytes()).map_err(|error| EventError::Json(error).into())
}

/// Its attributes are hints on whose key to look for.
async fn take(state: &RunsState, job: &Job, event: CloudEvent) -> Result<Taken, StoreError> {
    let data = job.cap.partition(event.tenantid, "ingest");
    let Some(found) = data.find::<RunnerRecord>(&event.runnerid.to_string()).await? else {
        return Ok(Taken::Refused(IngestError::Unknown.into()));
    };
    // As at the other door.
    let tenant = data.find_lately::<TenantRecord>(TenantRecord::ID, job.now).await?;
    let waits = tenant.and_then(|tenant| not_served(&tenant, &ingest_events::ENDPOINT));
    if let Some(problem) = waits {
        return Ok(Taken::Deferred(Box::new(problem)));
    }
    let ingestion = Ingestion::new(state, Door::EventGrid, &data, found.document, job.now)?;
    let entry = Entry { id: event.id.to_string(), event: Ok(event) };
    let mut results = ingestion.take(vec![entry]).await?;
    if all_deferred(&results) {
        return Ok(Taken::Deferred(Box::new(not_entitled(&ingestion.used_up().await?))));
    }
    results
        .pop()
        .map(Taken::Answered)
        .ok_or_else(|| StoreError::Unreadable("an event without an answer".to_owned()))
}
