//! Witnessing: a Runner confirms that the tenant's audit log only grew, and says so aloud when it did not.
//!
//! What it confirms are checkpoints and cosignatures of C2SP (`tlog-checkpoint`, `tlog-cosignature`); here is only how they travel.

use domain::{RunnerId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    Digest, Name, V1,
    dsse::{self, Envelope, EnvelopeError, Payload, PayloadType},
    key::PublicKey,
};

/// The last head of the tenant's log, and that it continues the one that the Runner knows.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct CheckpointAnswer {
    /// The checkpoint as the log signed it: a signed note.
    pub checkpoint: String,
    /// Which epoch of the log it is of: 0, and one more after each rotation, and after each restore that is answered for.
    pub epoch: u64,
    /// The consistency proof from the size that was asked for (RFC 9162 §2.1.4.1). Empty where there is nothing to prove, and where the
    /// log is shorter than that.
    pub proof: Vec<Digest>,
    /// How the log goes on, when the epoch that the Runner knows ended as planned; the checkpoint is the last of that epoch then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<NextEpoch>,
}

/// The epoch that follows one which ended as planned.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct NextEpoch {
    /// A checkpoint of it, as the log signed it: a signed note.
    pub checkpoint: String,
    /// The exact bytes of its row 0, which shows how the epoch before ended, and that it announced this one.
    pub row: String,
    /// That this is row 0 under the checkpoint: the inclusion proof, leaf end first (RFC 9162 §2.1.3.1).
    pub proof: Vec<Digest>,
}

/// A head as the Runner cosigned it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CosignedHead {
    /// The checkpoint as the log signed it, with no line but the log's own.
    pub checkpoint: String,
    /// The line of the Runner's witness key (C2SP tlog-cosignature); ends in a newline.
    pub cosignature: String,
}

/// What became of a cosignature.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct CosignedAnswer {
    /// How many rows are witnessed by this Runner now.
    pub size: u64,
}

/// The row that a receipt promised, and the proof that it is in the log of the size that was asked for.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PromisedRow {
    /// Its exact bytes.
    pub row: String,
    /// Its number.
    pub index: u64,
    /// The inclusion proof, leaf end first (RFC 9162 §2.1.3.1).
    pub proof: Vec<Digest>,
}

/// What a Runner found wrong with the log. It cosigns nothing more until somebody at its host has looked.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessAlarm {
    /// Always 1.
    pub v: V1,
    /// Whose log.
    pub tenant: TenantId,
    /// Who found it.
    pub runner: RunnerId,
    /// What is wrong.
    pub kind: AlarmKind,
    /// When, by the Runner's clock.
    pub at: Timestamp,
    /// How many rows the Runner had witnessed.
    pub size: u64,
    /// The digest of the evidence, which the Runner keeps.
    pub evidence: Digest,
}

/// What can be wrong with a log that a witness watches.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmKind {
    /// The log does not continue what the Runner witnessed: there are two histories.
    Fork,
    /// The log is shorter than what the Runner witnessed.
    Rollback,
    /// It is another log, or a later epoch of it: what was witnessed is left behind.
    OtherLog,
    /// None of the pinned keys signed it.
    UnknownKey,
    /// What a receipt promised is not in the log, although its time is over.
    PromiseBroken,
    /// The log holds something else than what a receipt promised.
    PromiseDiffers,
}

impl AlarmKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::Fork,
        Self::Rollback,
        Self::OtherLog,
        Self::UnknownKey,
        Self::PromiseBroken,
        Self::PromiseDiffers,
    ];

    /// Its name on the wire and in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fork => "fork",
            Self::Rollback => "rollback",
            Self::OtherLog => "other_log",
            Self::UnknownKey => "unknown_key",
            Self::PromiseBroken => "promise_broken",
            Self::PromiseDiffers => "promise_differs",
        }
    }
}

impl Payload for WitnessAlarm {
    const TYPE: PayloadType = PayloadType::WitnessAlarm;
}

impl WitnessAlarm {
    /// The alarm in `envelope`, if the Runner's `key` signed it.
    ///
    /// # Errors
    /// [`EnvelopeError`].
    pub fn verify(envelope: &Envelope, key: &PublicKey) -> Result<Self, EnvelopeError> {
        dsse::open(envelope, key)
    }
}

/// The name under which a Runner cosigns: that of its certificate, in its tenant and deployment. A name in notes has no `+`.
pub fn witness_name(deployment: &Name, tenant: TenantId, runner: &Name) -> String {
    format!("{deployment}/witness/{tenant}/{runner}").replace('+', "-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        key::Signer as _,
        samples::{RUNNER, TENANT, at, name, runner_key, stranger_key},
    };

    #[test]
    fn an_alarm_is_its_runners_word() {
        let alarm = WitnessAlarm {
            v: V1,
            tenant: TENANT,
            runner: RUNNER,
            kind: AlarmKind::Fork,
            at: at(0),
            size: 7,
            evidence: Digest::of("both notes"),
        };
        let envelope = Envelope::sign_message(&alarm, &[&runner_key()]).unwrap();
        assert_eq!(WitnessAlarm::verify(&envelope, runner_key().public()), Ok(alarm));
        let refused = WitnessAlarm::verify(&envelope, stranger_key().public());
        assert_eq!(refused, Err(EnvelopeError::Unsigned));
    }

    #[test]
    fn a_kind_has_one_name() {
        for kind in AlarmKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
    }

    #[test]
    fn a_witness_is_named_by_deployment_tenant_and_runner() {
        let named = witness_name(&name("control.example"), TENANT, &name("build-1"));
        assert_eq!(named, format!("control.example/witness/{TENANT}/build-1"));
        assert!(!witness_name(&name("c"), TENANT, &name("a+b")).contains('+'));
    }
}
