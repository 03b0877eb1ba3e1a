//! Statements: what a Runner said, kept as it said it, with what we make of it.

use chain::intent::SignedIntent;
use domain::{
    RunId, RunnerId, Timestamp, VersionId,
    ingest::{Chain, Flaw, Link, TimeStanding, Verification},
    run::Outcome,
};
use ports::Container;
use protocol::{
    Digest,
    cloudevent::VerifiedEvent,
    dsse::{Envelope, PAYLOAD_MAX},
    key::Kid,
    statement::{EventNumber, StatedScore, Statement},
    strict_json,
};
use serde::{Deserialize, Serialize};
use store::{Carrier, Document, StoreError};

/// A statement at its place in its Runner's chain: run, de-duplication key, receipt and audit intent in one immutable document.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StatementRecord {
    pub(crate) runner: RunnerId,
    pub(crate) sequence: u64,
    /// The digest that it names as its predecessor's.
    pub(crate) prev: Digest,
    pub(crate) payload_sha256: Digest,
    /// The bytes, as their Runner signed them.
    pub(crate) envelope: Envelope,
    pub(crate) kid: Kid,
    pub(crate) summary: RunSummary,
    /// What the Runner was answered; a repetition is answered the same.
    pub(crate) receipt: Envelope,
    /// The audit intent of its acceptance.
    pub(crate) intent: SignedIntent,
}

/// What a statement says, in short, and what we make of it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunSummary {
    pub(crate) run: RunId,
    pub(crate) version: VersionId,
    pub(crate) digest: Digest,
    pub(crate) outcome: Outcome,
    pub(crate) score: StatedScore,
    pub(crate) started: Timestamp,
    pub(crate) ended: Timestamp,
    pub(crate) received_at: Timestamp,
    pub(crate) time: TimeStanding,
    pub(crate) verification: Verification,
    /// What is wrong with it; `None` when it is verified.
    pub(crate) flaw: Option<Flaw>,
}

impl RunSummary {
    /// What is kept in short of a statement that was received at `received_at`.
    pub(crate) fn new(
        statement: &Statement,
        received_at: Timestamp,
        time: TimeStanding,
        flaw: Option<Flaw>,
    ) -> Self {
        let predicate = &statement.predicate;
        Self {
            run: predicate.run.id,
            version: predicate.procedure.version,
            digest: predicate.procedure.digest,
            outcome: Outcome::of_parts(predicate.steps.iter().map(|step| step.outcome)),
            score: predicate.score.clone(),
            started: predicate.run.started,
            ended: predicate.run.ended,
            received_at,
            time,
            verification: flaw.map_or(Verification::Verified, Flaw::verification),
            flaw,
        }
    }
}

impl StatementRecord {
    /// Its id; the ids of one Runner sort by number.
    pub(crate) fn id_of(runner: RunnerId, sequence: u64) -> String {
        format!("st-{runner}-{}", EventNumber(sequence))
    }

    pub(crate) fn link(&self) -> Link<Digest> {
        Link { sequence: self.sequence, prev: self.prev, digest: self.payload_sha256 }
    }

    /// What was said. It was verified before it was kept.
    pub(crate) fn statement(&self) -> Result<Statement, StoreError> {
        let unreadable = |error| StoreError::Unreadable(format!("{}: {error}", self.id()));
        strict_json::parse(self.envelope.unverified_payload(), PAYLOAD_MAX).map_err(unreadable)
    }
}

impl Document for StatementRecord {
    const CONTAINER: Container = Container::Runs;
    const KIND: &'static str = "statement";

    fn id(&self) -> String {
        Self::id_of(self.runner, self.sequence)
    }

    fn k1(&self) -> Option<String> {
        Some(self.runner.to_string())
    }

    fn k2(&self) -> Option<String> {
        Some(self.summary.run.to_string())
    }
}

impl Carrier for StatementRecord {
    fn intent(&self) -> &SignedIntent {
        &self.intent
    }
}

/// The place that a verified event claims.
pub(crate) fn link_of(event: &VerifiedEvent) -> Link<Digest> {
    let claimed = &event.statement.predicate.event;
    Link { sequence: claimed.sequence, prev: claimed.prev, digest: event.payload_sha256 }
}

/// A statement that contradicts one that is held. Both are kept, and neither is believed until a person has looked.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConflictRecord {
    pub(crate) runner: RunnerId,
    pub(crate) sequence: u64,
    pub(crate) payload_sha256: Digest,
    pub(crate) envelope: Envelope,
    /// The stable code.
    pub(crate) code: String,
    pub(crate) received_at: Timestamp,
}

impl Document for ConflictRecord {
    const CONTAINER: Container = Container::Runs;
    const KIND: &'static str = "conflict";

    fn id(&self) -> String {
        format!("cf-{}-{}-{}", self.runner, EventNumber(self.sequence), self.payload_sha256)
    }

    fn k1(&self) -> Option<String> {
        Some(self.runner.to_string())
    }
}

/// How much of a Runner's chain is known: a hint, written now and then, so that a new process reads little.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChainRecord {
    pub(crate) runner: RunnerId,
    pub(crate) chain: Chain<Digest>,
}

impl ChainRecord {
    pub(crate) fn id_of(runner: RunnerId) -> String {
        format!("ch-{runner}")
    }
}

impl Document for ChainRecord {
    const CONTAINER: Container = Container::Runs;
    const KIND: &'static str = "chain";
    const SHARD: &'static str = "h";

    fn id(&self) -> String {
        Self::id_of(self.runner)
    }
}
