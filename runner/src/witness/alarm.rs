//! What was found wrong with the log, and the evidence for it: kept, signed, and told.

use domain::Timestamp;
use protocol::{
    Digest, V1,
    dsse::{Envelope, SignError},
    key::Ed25519Key,
    witness::{AlarmKind, CheckpointAnswer, PromisedRow, WitnessAlarm},
};
use serde::{Deserialize, Serialize};

use super::Seen;
use crate::enrolment::Identity;

/// Everything that an auditor needs in order to see for himself.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Evidence {
    /// What is wrong.
    pub(crate) kind: AlarmKind,
    /// In words.
    pub(crate) what: String,
    /// What the Runner had witnessed: a head that the log signed.
    pub(crate) seen: Option<Seen>,
    /// What the control plane showed then: another one.
    pub(crate) shown: Option<CheckpointAnswer>,
    /// The receipt that promised a row.
    pub(crate) receipt: Option<Envelope>,
    /// The line of an answer that promised a row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) promise: Option<String>,
    /// The row that was shown for it.
    pub(crate) row: Option<PromisedRow>,
}

/// An alarm. It stands until somebody at the Runner's host has cleared it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Alarm {
    /// The digest of the evidence.
    pub(crate) id: Digest,
    /// When it was raised.
    pub(crate) at: Timestamp,
    /// What for.
    pub(crate) evidence: Evidence,
    /// What the control plane is told, signed by the Runner.
    pub(crate) signed: Envelope,
}

/// Who looked at an alarm: a person at the Runner's host, with their reason.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Cleared {
    /// Why the Runner may go on.
    pub(crate) reason: String,
    /// When.
    pub(crate) at: Timestamp,
    /// Whether what was witnessed is given up, and the next look counts as the first.
    pub(crate) starts_over: bool,
}

impl Evidence {
    /// Only what is wrong, so far.
    pub(crate) fn of(kind: AlarmKind, what: impl Into<String>) -> Self {
        let what = what.into();
        Self { kind, what, seen: None, shown: None, receipt: None, promise: None, row: None }
    }

    /// The alarm about it.
    ///
    /// # Errors
    /// [`SignError`].
    pub(crate) fn raise(
        self,
        by: &Identity,
        key: &Ed25519Key,
        at: Timestamp,
    ) -> Result<Alarm, SignError> {
        let bytes = serde_json::to_vec(&self).unwrap_or_default();
        let id = Digest::of(bytes);
        let alarm = WitnessAlarm {
            v: V1,
            tenant: by.tenant,
            runner: by.runner,
            kind: self.kind,
            at,
            size: self.seen.as_ref().map_or(0, |seen| seen.size),
            evidence: id,
        };
        let signed = Envelope::sign_message(&alarm, &[key])?;
        Ok(Alarm { id, at, evidence: self, signed })
    }
}

impl Alarm {
    /// The name of its file.
    pub(crate) fn file(&self) -> String {
        let id = self.id.to_string();
        format!("{}-{}.json", self.evidence.kind.name(), id.get(..16).unwrap_or(&id))
    }

    /// What a person reads.
    pub(crate) fn line(&self) -> String {
        format!("ALARM {}: {} ({})", self.evidence.kind.name(), self.evidence.what, self.at)
    }
}
