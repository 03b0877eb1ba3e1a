//! The fields of a statement. Unknown ones are refused everywhere.

use domain::{EvidenceId, RunId, RunnerId, TenantId, Timestamp, VersionId};
use serde::{Deserialize, Serialize};

use super::{Event, StatedScore, Step};
use crate::{
    Digest, Name,
    dsse::{Payload, PayloadType},
    key::Kid,
};

/// An in-toto Statement v1. Make one with [`Statement::new`], which fills in `subject`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// Always `https://in-toto.io/Statement/v1`.
    #[serde(rename = "_type")]
    pub statement_type: StatementType,
    /// What it is about: each evidence item by its root, then the procedure version by its digest.
    pub subject: Vec<Subject>,
    /// Always `https://proofline.io/attestations/procedure-run/v1`.
    #[serde(rename = "predicateType")]
    pub predicate_type: PredicateType,
    /// What it says.
    pub predicate: Predicate,
}

impl Payload for Statement {
    const TYPE: PayloadType = PayloadType::Statement;
}

/// `https://in-toto.io/Statement/v1`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum StatementType {
    /// Version 1.
    #[serde(rename = "https://in-toto.io/Statement/v1")]
    V1,
}

/// `https://proofline.io/attestations/procedure-run/v1`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum PredicateType {
    /// A run of a procedure, version 1.
    #[serde(rename = "https://proofline.io/attestations/procedure-run/v1")]
    ProcedureRunV1,
}

/// One thing that a statement is about.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// The identifier of the evidence item or procedure version.
    pub name: Name,
    /// Its digest.
    pub digest: Sha256Digest,
}

/// An in-toto digest set of one digest.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Sha256Digest {
    /// SHA-256.
    pub sha256: Digest,
}

/// What a statement says.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Predicate {
    /// Whose Runner it is.
    pub tenant: TenantId,
    /// The deployment that it was made for; others refuse it.
    pub deployment: Name,
    /// Its place in the Runner's chain.
    pub event: Event,
    /// Who executed.
    pub runner: RunnerReference,
    /// What was executed.
    pub procedure: ProcedureReference,
    /// The execution.
    pub run: RunReference,
    /// Each step, in the order of execution; at most [`STEPS_MAX`](super::STEPS_MAX).
    pub steps: Vec<Step>,
    /// The Runner's own scoring; the control plane scores again and compares.
    pub score: StatedScore,
    /// What was collected; at most [`EVIDENCE_MAX`](super::EVIDENCE_MAX).
    pub evidence: Vec<EvidenceReference>,
}

/// The Runner that executed, and with what.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RunnerReference {
    /// The Runner.
    pub id: RunnerId,
    /// The key that signs the statement.
    pub kid: Kid,
    /// Its version.
    pub version: Name,
    /// The digest of its program.
    pub binary: Digest,
    /// The digest of its trust policy.
    pub trust_policy: Digest,
    /// How the key that wraps its keys is kept.
    pub key_storage: KeyStorage,
}

/// How a Runner keeps the key that wraps all its other keys.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyStorage {
    /// In a file beside the data: allowed, declared and warned about.
    File,
    /// Derived from a passphrase that is not stored.
    Passphrase,
    /// In the operating system's keyring.
    OsKeyring,
    /// In a TPM.
    Tpm,
    /// In a key vault.
    KeyVault,
}

/// The procedure version that was executed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ProcedureReference {
    /// The version.
    pub version: VersionId,
    /// The digest of its signed bytes.
    pub digest: Digest,
    /// The customer's keys whose signatures the Runner verified.
    pub signers: Vec<Kid>,
}

/// The execution.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RunReference {
    /// The run.
    pub id: RunId,
    /// What started it.
    pub trigger: Trigger,
    /// When it started, by the Runner's clock.
    pub started: Timestamp,
    /// When it ended, by the Runner's clock.
    pub ended: Timestamp,
    /// How long it took by a clock that is never set, in milliseconds.
    pub monotonic_ms: u64,
    /// What is known about the Runner's clock.
    pub clock: Clock,
}

/// What started a run.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// Its schedule.
    Schedule,
    /// A person at the Runner.
    Local,
    /// A command of the control plane.
    Command,
}

/// What is known about a Runner's clock.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// What must be added to the Runner's clock to get the control plane's, in milliseconds; 0 when unknown.
    pub offset_ms: i64,
    /// How far that can be trusted.
    pub confidence: Confidence,
}

/// How far a clock offset can be trusted.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Measured lately.
    Good,
    /// Measured long ago, or with a long round trip.
    Poor,
    /// Never measured.
    Unknown,
}

/// A collected fact, by its commitment.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceReference {
    /// The evidence item.
    pub id: EvidenceId,
    /// The step that collected it.
    pub step: Name,
    /// The root of its commitment ([`crate::commitment`]).
    pub root: Digest,
    /// How many leaves the commitment has.
    pub leaves: u32,
    /// How long the raw value is, in bytes.
    pub bytes: u64,
    /// Who keeps it.
    pub custody: Custody,
    /// Its media type.
    pub media_type: Name,
}

/// Who keeps a raw value.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Custody {
    /// The Runner; it never leaves the customer.
    Runner,
}
