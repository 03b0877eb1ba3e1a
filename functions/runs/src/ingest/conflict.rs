//! Statements that come again, and statements that contradict what is held.

use domain::{AuditEvent, EventId, EventKind, Target};
use protocol::{
    Digest,
    routes::{EventResult, EventStatus},
    statement::EventNumber,
};
use store::{Change, Found, StoreError};

use super::{Arrived, Ingestion, result};
use crate::{
    runners::RunnerRecord,
    statements::{ConflictRecord, StatementRecord, link_of},
};

/// Another statement holds the number: the Runner was cloned, or restored from a copy.
pub(super) const FORK: &str = "event-id-conflict";
/// The number is free, and a neighbour was signed to follow or precede another statement.
pub(super) const CHAIN: &str = "chain-conflict";

impl Ingestion<'_> {
    /// Answers a number that is taken: the same statement gets the receipt that it had, another one is a fork.
    pub(super) async fn repeat(&self, arrived: Arrived) -> Result<EventResult, StoreError> {
        let link = link_of(&arrived.event);
        let id = StatementRecord::id_of(self.runner.runner, link.sequence);
        let Some(Found { document: held, .. }) = self.data.find::<StatementRecord>(&id).await?
        else {
            // Its twin in this batch contradicted a neighbour, so that nothing holds the number.
            return self.contradict(&arrived, CHAIN).await;
        };
        if held.payload_sha256 != link.digest {
            return self.contradict(&arrived, FORK).await;
        }
        self.chain().note(&[held.link()]).await;
        self.record_duplicate(&held).await?;
        let receipt = Some(held.receipt);
        Ok(EventResult {
            receipt,
            ..result(EventNumber(link.sequence).to_string(), EventStatus::Duplicate)
        })
    }

    /// Once for each statement, however often it comes again.
    async fn record_duplicate(&self, held: &StatementRecord) -> Result<(), StoreError> {
        let target = Target::new("run", held.summary.run);
        let event = AuditEvent::new(EventKind::IngestDuplicate, target)
            .with("runner", held.runner.to_string())
            .with("sequence", held.sequence);
        let once = format!("ingest-duplicate|{}|{}", held.runner, held.payload_sha256);
        self.record_once(&once, Change::new(event).beside::<StatementRecord>()).await
    }

    /// Keeps a statement that contradicts what is held, records it, and sets its Runner apart.
    pub(super) async fn contradict(
        &self,
        arrived: &Arrived,
        code: &'static str,
    ) -> Result<EventResult, StoreError> {
        let link = link_of(&arrived.event);
        let record = ConflictRecord {
            runner: self.runner.runner,
            sequence: link.sequence,
            payload_sha256: link.digest,
            envelope: arrived.envelope.clone(),
            code: code.to_owned(),
            received_at: self.now,
        };
        let kind = if code == FORK { EventKind::ForkDetected } else { EventKind::IngestConflict };
        let event = AuditEvent::denied(kind, Target::new("runner", self.runner.runner), code)
            .with("sequence", link.sequence)
            .with("statement", link.digest.to_string())
            .with("run", arrived.event.statement.predicate.run.id.to_string());
        match self.data.commit(&self.actor(), self.now, Change::new(event).create(&record)).await {
            // It came before: what is left to do may have been lost then.
            Ok(_) | Err(StoreError::Exists) => {}
            Err(error) => return Err(error),
        }
        self.quarantine(code).await?;
        let answer = result(EventNumber(link.sequence).to_string(), EventStatus::Conflict);
        Ok(EventResult { code: Some(code.to_owned()), ..answer })
    }

    /// Sets the Runner apart. Somebody else may have done it, or may have revoked it meanwhile.
    pub(super) async fn quarantine(&self, code: &'static str) -> Result<(), StoreError> {
        let data = self.state.data(self.data.tenant(), "ingest");
        let Found { document: record, etag } =
            data.get::<RunnerRecord>(&self.runner.runner.to_string()).await?;
        let Some((state, event)) = record.state.quarantine(record.runner, code) else {
            return Ok(());
        };
        let record = RunnerRecord { state, ..record };
        match data.commit(&self.actor(), self.now, Change::new(event).replace(&record, etag)).await
        {
            Ok(_) | Err(StoreError::Conflict) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Records an event whose identity follows from `what`, so that it is in the log once.
    pub(super) async fn record_once(&self, what: &str, change: Change) -> Result<(), StoreError> {
        let Digest(digest) = Digest::of(what);
        let id = digest.first_chunk().map(|bytes| EventId::from_u128(u128::from_be_bytes(*bytes)));
        match self.data.commit_as(id, &self.actor(), self.now, change).await {
            Ok(_) | Err(StoreError::Exists) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
