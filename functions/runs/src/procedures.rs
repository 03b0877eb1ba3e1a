//! Procedures and their versions: what is kept of each.

use domain::{
    Class, Fault, ProcedureId, Timestamp, UserId, VersionId,
    procedure::{Finding, Procedure},
};
use ports::Container;
use protocol::{Digest, dsse::Envelope, key::Kid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Document;

/// A procedure: what its versions have in common, and the newest of them.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProcedureRecord {
    pub(crate) procedure: ProcedureId,
    pub(crate) key: String,
    pub(crate) title: String,
    /// The highest revision that was ever published; withdrawing does not lower it.
    pub(crate) revision: u32,
    /// The version of that revision.
    pub(crate) version: VersionId,
    pub(crate) digest: Digest,
    pub(crate) published_at: Timestamp,
}

impl ProcedureRecord {
    pub(crate) fn id_of(key: &str) -> String {
        format!("procedure-{key}")
    }
}

impl Document for ProcedureRecord {
    const CONTAINER: Container = Container::Runs;
    const KIND: &'static str = "procedure";

    fn id(&self) -> String {
        Self::id_of(&self.key)
    }
}

/// A version as its customer signed it. Nothing of it ever changes but that it can be withdrawn.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VersionRecord {
    pub(crate) version: VersionId,
    /// SHA-256 of the signed bytes: also the document's identity.
    pub(crate) digest: Digest,
    pub(crate) procedure: ProcedureId,
    pub(crate) key: String,
    /// The version for people.
    pub(crate) label: String,
    pub(crate) revision: u32,
    pub(crate) envelope: Envelope,
    pub(crate) signers: Vec<Kid>,
    pub(crate) published_by: UserId,
    pub(crate) published_at: Timestamp,
    pub(crate) withdrawn: Option<Withdrawal>,
}

/// Who withdrew a version, and when.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Withdrawal {
    pub(crate) by: UserId,
    pub(crate) at: Timestamp,
}

impl VersionRecord {
    pub(crate) fn id_of(digest: &Digest) -> String {
        format!("version-{digest}")
    }
}

impl Document for VersionRecord {
    const CONTAINER: Container = Container::Runs;
    const KIND: &'static str = "version";

    fn id(&self) -> String {
        Self::id_of(&self.digest)
    }

    fn k1(&self) -> Option<String> {
        Some(self.key.clone())
    }
}

/// A version, as people see it.
#[derive(JsonSchema, Serialize)]
pub(crate) struct VersionView {
    #[schemars(with = "String")]
    version: VersionId,
    /// SHA-256 of the signed bytes.
    #[schemars(with = "String")]
    digest: Digest,
    #[schemars(with = "String")]
    procedure: ProcedureId,
    key: String,
    /// The version for people.
    label: String,
    revision: u32,
    /// The customer's keys that signed it.
    #[schemars(with = "Vec<String>")]
    signers: Vec<Kid>,
    /// `published` or `withdrawn`.
    state: &'static str,
    #[schemars(with = "String")]
    published_at: Timestamp,
    #[schemars(with = "Option<String>")]
    withdrawn_at: Option<Timestamp>,
}

impl From<&VersionRecord> for VersionView {
    fn from(record: &VersionRecord) -> Self {
        Self {
            version: record.version,
            digest: record.digest,
            procedure: record.procedure,
            key: record.key.clone(),
            label: record.label.clone(),
            revision: record.revision,
            signers: record.signers.clone(),
            state: if record.withdrawn.is_some() { "withdrawn" } else { "published" },
            published_at: record.published_at,
            withdrawn_at: record.withdrawn.map(|withdrawal| withdrawal.at),
        }
    }
}

/// Something that is wrong with a procedure.
#[derive(JsonSchema, Serialize)]
pub(crate) struct FindingView {
    /// Where: a JSON pointer (RFC 6901); empty for the whole.
    pub(crate) pointer: String,
    /// What: a stable code.
    pub(crate) code: String,
    /// What to change.
    pub(crate) detail: String,
}

impl From<Finding> for FindingView {
    fn from(Finding { pointer, code, detail }: Finding) -> Self {
        Self { pointer, code: code.to_owned(), detail }
    }
}

/// Why a version was not published, or is not given out.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum VersionError {
    #[error("a lint of the procedure has {0} findings; correct each, sign again and publish again")]
    Findings(usize),
    #[error(
        "revision {found} is not higher than {highest}, which was published; raise it and sign again"
    )]
    Revision { found: u32, highest: u32 },
    #[error("this very version was published already")]
    Published,
    #[error("the version was withdrawn; it may no longer be executed")]
    Withdrawn,
}

impl Fault for VersionError {
    fn class(&self) -> Class {
        match self {
            Self::Findings(_) => Class::Invalid,
            Self::Revision { .. } | Self::Published | Self::Withdrawn => Class::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Findings(_) => "lint-findings",
            Self::Revision { .. } => "revision-not-higher",
            Self::Published => "version-published",
            Self::Withdrawn => "version-withdrawn",
        }
    }
}

/// The record of the version that `procedure` becomes; [`ProcedureRecord`] points to the newest.
pub(crate) fn head_of(procedure: &Procedure, version: &VersionRecord) -> ProcedureRecord {
    ProcedureRecord {
        procedure: version.procedure,
        key: procedure.key.clone(),
        title: procedure.title.clone(),
        revision: procedure.revision,
        version: version.version,
        digest: version.digest,
        published_at: version.published_at,
    }
}
