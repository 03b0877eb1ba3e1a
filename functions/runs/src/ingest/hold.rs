//! Holding statements: judged, receipted, and written with their audit intents.

use domain::{
    AuditEvent, EventKind, Outcome as Ending, RunnerId, Target, VersionId,
    ingest::{CheckFact, Flaw, Standing, Verification, time_standing},
};
use protocol::{
    Digest, V1,
    dsse::Envelope,
    receipt::{Promise, Receipt},
    routes::{EventResult, EventStatus},
    statement::{EventNumber, Predicate, ProcedureReference, source_of},
};
use store::{Prepared, StoreError};

use super::{Arrived, Ingestion, Step, conflict, result};
use crate::statements::{RunSummary, StatementRecord, link_of};

/// The most statements in one batch: each is one write, and Cosmos takes 100 operations.
const BATCH_MAX: usize = 98;

impl Ingestion<'_> {
    /// Holds every event that is still fresh. Those whose number somebody else took meanwhile become [`Step::Taken`].
    pub(super) async fn hold(&self, steps: &mut [Step]) -> Result<(), StoreError> {
        let fresh: Vec<usize> = (0..)
            .zip(steps.iter())
            .filter(|(_, step)| matches!(step, Step::Fresh(_)))
            .map(|(index, _)| index)
            .collect();
        for batch in fresh.chunks(BATCH_MAX) {
            self.hold_batch(steps, batch).await?;
        }
        Ok(())
    }

    async fn hold_batch(&self, steps: &mut [Step], batch: &[usize]) -> Result<(), StoreError> {
        match self.create(steps, batch).await {
            // One number was taken meanwhile: the batch is not written, and each is tried by itself.
            Err(StoreError::Exists) if batch.len() > 1 => {
                for index in batch {
                    match self.create(steps, std::slice::from_ref(index)).await {
                        Err(StoreError::Exists) => turn_taken(steps, *index),
                        other => other?,
                    }
                }
                Ok(())
            }
            Err(StoreError::Exists) => {
                for index in batch {
                    turn_taken(steps, *index);
                }
                Ok(())
            }
            other => other,
        }
    }

    /// Writes the statements at these places of the batch, all or none.
    async fn create(&self, steps: &mut [Step], batch: &[usize]) -> Result<(), StoreError> {
        let mut carriers = Vec::with_capacity(batch.len());
        let mut answers = Vec::with_capacity(batch.len());
        for index in batch {
            if let Some(Step::Fresh(arrived)) = steps.get(*index) {
                let (prepared, record) = self.carrier(arrived).await?;
                answers.push((*index, record.link(), answer(&record)));
                carriers.push((prepared, record));
            }
        }
        self.data.create_carriers(carriers).await?;
        let links: Vec<_> = answers.iter().map(|(_, link, _)| *link).collect();
        for (index, _, answer) in answers {
            if let Some(step) = steps.get_mut(index) {
                *step = Step::Done(answer);
            }
        }
        // Two neighbours that arrived at the same time can contradict each other only now.
        if !self.chain().note(&links).await.is_empty() {
            self.quarantine(conflict::CHAIN).await?;
        }
        Ok(())
    }

    /// The document of a statement, with its intent and receipt inside.
    async fn carrier(&self, arrived: &Arrived) -> Result<(Prepared, StatementRecord), StoreError> {
        let Arrived { event, envelope } = arrived;
        let predicate = &event.statement.predicate;
        let flaw = self.flaw(predicate).await?;
        let time = time_standing(predicate.event.time, self.now);
        let summary = RunSummary::new(&event.statement, self.now, time, flaw);
        let link = link_of(event);
        let accepted =
            accepted_event(&summary, self.runner.runner, link.sequence, &event.payload_sha256);
        let prepared = self.data.prepare(&self.actor(), self.now, &accepted)?;
        let receipt = self.receipt(link.sequence, event.payload_sha256, &prepared)?;
        let record = StatementRecord {
            runner: self.runner.runner,
            sequence: link.sequence,
            prev: link.prev,
            payload_sha256: link.digest,
            envelope: envelope.clone(),
            kid: event.kid,
            summary,
            receipt,
            intent: prepared.signed.clone(),
        };
        Ok((prepared, record))
    }

    /// What is wrong with what it says.
    async fn flaw(&self, predicate: &Predicate) -> Result<Option<Flaw>, StoreError> {
        let tenant = self.state.data(self.data.tenant(), "ingest");
        let ProcedureReference { version, digest, .. } = &predicate.procedure;
        let published = self.state.versions.published(&tenant, *digest, self.now).await?;
        let published = published.filter(|_| *version == VersionId::of_digest(&digest.0));
        let standing = Standing {
            runner: self.runner.state,
            claimed_at: predicate.event.time,
            received_at: self.now,
            wanted: published.as_ref().map(|published| published.checks.as_slice()),
            is_withdrawn: published.as_ref().is_some_and(|published| published.is_withdrawn),
            said: said(predicate),
            is_score_right: predicate.recomputed_score() == predicate.score,
        };
        Ok(standing.flaw())
    }

    fn receipt(
        &self,
        sequence: u64,
        payload_sha256: Digest,
        prepared: &Prepared,
    ) -> Result<Envelope, StoreError> {
        let store::Promise { intent, seal_by, .. } = &prepared.promise;
        let intent = intent
            .parse()
            .map_err(|error| StoreError::Unreadable(format!("an intent's digest: {error}")))?;
        let receipt = Receipt {
            v: V1,
            tenant: self.data.tenant(),
            runner: self.runner.runner,
            source: source_of(self.runner.runner),
            id: EventNumber(sequence),
            sequence,
            payload_sha256,
            received_at: self.now,
            promise: Promise { intent, seal_by: *seal_by },
        };
        Envelope::sign_message(&receipt, &[&*self.state.receipt_key])
            .map_err(|error| StoreError::Unreadable(format!("the receipt key: {error}")))
    }
}

fn turn_taken(steps: &mut [Step], index: usize) {
    if let Some(step) = steps.get_mut(index) {
        step.turn(Step::Taken);
    }
}

/// Every check that a statement says something about.
fn said(predicate: &Predicate) -> Vec<CheckFact> {
    let checks =
        predicate.steps.iter().flat_map(|step| step.checks.iter().map(move |check| (step, check)));
    checks
        .map(|(step, check)| CheckFact {
            step: step.id.to_string(),
            check: check.id.to_string(),
            severity: check.severity,
            weight: check.weight,
        })
        .collect()
}

fn accepted_event(
    summary: &RunSummary,
    runner: RunnerId,
    sequence: u64,
    payload_sha256: &Digest,
) -> AuditEvent {
    let target = Target::new("run", summary.run);
    let event = match summary.flaw {
        None => AuditEvent::new(EventKind::RunCompleted, target),
        Some(flaw) => {
            let event = AuditEvent::denied(EventKind::RunRejected, target, flaw.code());
            AuditEvent { outcome: Ending::Failed, ..event }
        }
    };
    event
        .with("runner", runner.to_string())
        .with("sequence", sequence)
        .with("statement", payload_sha256.to_string())
        .with("procedure", summary.digest.to_string())
        .with("outcome", summary.outcome.name())
        .with("score_bp", summary.score.score_bp)
        .with("coverage_bp", summary.score.coverage_bp)
}

/// What the Runner is answered: a flaw is told, and the receipt says that it is held all the same.
fn answer(record: &StatementRecord) -> EventResult {
    let status = match record.summary.verification {
        Verification::Verified | Verification::Suspect => EventStatus::Accepted,
        Verification::Rejected => EventStatus::Rejected,
    };
    let code = record.summary.flaw.map(|flaw| flaw.code().to_owned());
    let receipt = Some(record.receipt.clone());
    EventResult { code, receipt, ..result(EventNumber(record.sequence).to_string(), status) }
}
