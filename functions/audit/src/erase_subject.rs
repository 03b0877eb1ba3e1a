//! `POST /v1/audit/erasures`: destroys the key under which a person's details in the log are sealed. No row changes, and every proof holds.

use axum::{Json, extract::State, http::StatusCode};
use domain::{
    AuditEvent, Class, ErasureId, EventKind, Permission, Target,
    hold::{REASON_CHARS_MAX, require_free},
    invitation_of,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{
    Change, DetailsRecord, Erasure, Found, Housekeeping, HousekeepingKind, ListOf, Partition,
    StoreError, SubjectRecord, pseudonym, retention::holds,
};
use web::{Access, Caller, Endpoint, Input, Problem};

use crate::disclosing;

/// Events that are read at a time.
const PAGE: usize = 50;
/// The longest name of a person.
const SUBJECT_BYTES_MAX: usize = 128;

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/audit/erasures",
    Access::Requires(Permission::ErasureExecute),
    &[EventKind::ErasureExecuted],
)
.summary("Erase what the audit log knows of a person: rows and proofs stay, the details are lost for ever")
.request::<Request>()
.response::<Response>()
.problems(&["legal-hold", "conflict", "exists"]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// The person: a user's identifier. What is known of the invitation by which they came is erased with it.
    subject: String,
    /// Why; at most 500 characters. It is kept with the tenant's data, not in the log.
    reason: String,
}

#[derive(JsonSchema, Serialize)]
pub(crate) struct Response {
    /// The erasure.
    #[schemars(with = "String")]
    erasure: ErasureId,
    /// What the log calls the person.
    subject: String,
    /// In how many events there were details.
    events: u64,
    /// How many details there were.
    details: u64,
}

pub(crate) async fn handle(
    State(state): State<crate::State>,
    caller: Caller,
    Input(request): Input<Request>,
) -> Result<(StatusCode, Json<Response>), Problem> {
    check(&request)?;
    // Which rows are about the person is known to nobody but whoever reads them all: any hold protects them.
    require_free(&holds(&caller.data).await?, &(0..u64::MAX))?;
    let subject = pseudonym(caller.data.tenant(), &request.subject);
    let invited = invitation_of(&request.subject);
    let invited = invited.map(|by| pseudonym(caller.data.tenant(), &by.to_string()));
    let subjects: Vec<_> = [subject.clone()].into_iter().chain(invited).collect();
    let kept = kept(&caller.data, &subjects).await?;
    let details = kept.iter().map(|found| found.document.details.len() as u64).sum();
    let events = kept.len() as u64;
    let erasure = state.ports.randomness.id(caller.now);
    let event = AuditEvent::new(EventKind::ErasureExecuted, Target::new("subject", &subject))
        .with("details", details)
        .with("erasure", erasure.to_string())
        .with("events", events);
    // Before, so that no file is left if this is broken off; and after, for files that were laid out meanwhile.
    disclosing::withdraw(&state, &caller.data).await?;
    destroy(&state, &caller, (&subjects, erasure), request.reason, event).await?;
    for found in kept {
        forget(&caller.data, found).await?;
    }
    disclosing::withdraw(&state, &caller.data).await?;
    state.wake_purge(caller.data.tenant()).await;
    Ok((StatusCode::CREATED, Json(Response { erasure, subject, events, details })))
}

fn check(request: &Request) -> Result<(), Problem> {
    let refused = |detail: &str| Err(Problem::new(Class::Invalid, "validation", detail));
    if request.subject.is_empty() || request.subject.len() > SUBJECT_BYTES_MAX {
        return refused("\"subject\" names a person in 1 to 128 bytes.");
    }
    let reason = request.reason.trim().chars().count();
    if reason == 0 || reason > REASON_CHARS_MAX {
        return refused("\"reason\" has 1 to 500 characters.");
    }
    Ok(())
}

/// The keys and the event that says that they are gone, in one commit.
async fn destroy(
    state: &crate::State,
    caller: &Caller,
    (subjects, erasure): (&[String], ErasureId),
    reason: String,
    event: AuditEvent,
) -> Result<(), StoreError> {
    let id = state.ports.randomness.id(caller.now);
    let erasure = Erasure { erasure, event: id, generation: 1, at: caller.now, reason };
    let mut change = Change::new(event);
    for subject in subjects {
        change = match caller.data.find::<SubjectRecord>(subject).await? {
            None => {
                let (subject, erasures) = (subject.clone(), Vec::new());
                let nobody = SubjectRecord { subject, generation: 1, wrapped: None, erasures };
                change.create(&without_key(nobody, &erasure))
            }
            Some(Found { document, etag }) => {
                change.replace(&without_key(document, &erasure), etag)
            }
        };
    }
    caller.data.commit_as(Some(id), &caller.actor(), caller.now, change).await?;
    Ok(())
}

/// What is sealed from now on is sealed under a key of the next generation.
fn without_key(mut record: SubjectRecord, erasure: &Erasure) -> SubjectRecord {
    let generation = record.generation;
    record.erasures.push(Erasure { generation, ..erasure.clone() });
    SubjectRecord { generation: generation + 1, wrapped: None, ..record }
}

/// Every event with details of the person that are not erased yet.
async fn kept(
    data: &Partition,
    subjects: &[String],
) -> Result<Vec<Found<DetailsRecord>>, StoreError> {
    let mut kept = Vec::new();
    for subject in subjects {
        let mut after = None;
        loop {
            let k1 = Some(subject.clone());
            let of = ListOf { k1, after: after.take(), limit: PAGE, ..ListOf::default() };
            let page = data.list::<DetailsRecord>(of).await?;
            let filled = |found: &Found<DetailsRecord>| !found.document.details.is_empty();
            kept.extend(page.documents.into_iter().filter(filled));
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
    }
    Ok(kept)
}

/// What nobody can open any more need not be kept.
async fn forget(data: &Partition, found: Found<DetailsRecord>) -> Result<(), StoreError> {
    let Found { document, etag } = found;
    let empty = DetailsRecord { details: std::collections::BTreeMap::new(), ..document };
    let keep = Housekeeping::new(HousekeepingKind::Follower).replace(&empty, etag);
    match data.keep(keep).await {
        // It was purged meanwhile, with its row.
        Ok(()) | Err(StoreError::Conflict) => Ok(()),
        Err(error) => Err(error),
    }
}
