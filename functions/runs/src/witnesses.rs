//! Runners as witnesses of the tenant's audit log: which key counts, which head they are shown, what the log says of them.

mod error;
mod head;
mod keeping;

pub(crate) use error::WitnessError;
pub(crate) use head::Head;
pub(crate) use keeping::Keeping;

use std::time::Duration;

use chain::{Hash, cosignature::WitnessKey, note::VerifierKey};
use domain::{AuditEvent, EventId, EventKind, Target, TenantId, Timestamp};
use ports::Container;
use protocol::{
    Digest,
    certificate::RunnerCertificate,
    dsse::{Envelope, PAYLOAD_MAX},
    key::PublicKey,
    strict_json,
    witness::{AlarmKind, witness_name},
};
use serde::{Deserialize, Serialize};
use store::{Cosigned, Document, Recorded, StoreError};

use crate::{RunsState, runners::RunnerRecord};

/// The log says at most once in this time that a witness goes on watching it …
const RECORD_AFTER: Duration = Duration::from_hours(24);
/// … and only when it grew by so many rows, which is more than witnesses make by being recorded: else an idle log would live on its own witnessing.
const RECORD_ROWS: u64 = 256;

/// The hashes of a proof, as they travel.
pub(crate) fn path(hashes: Vec<Hash>) -> Vec<Digest> {
    hashes.into_iter().map(|Hash(bytes)| Digest(bytes)).collect()
}

impl RunsState {
    /// The keys that sign the log `origin`.
    pub(crate) async fn log_keys(&self, origin: &str) -> Result<Vec<VerifierKey>, WitnessError> {
        let keys = store::PublicKeys::read(&self.ports).await?;
        let mut found = Vec::new();
        for jwk in keys.versions(ports::KeyPurpose::Checkpoint) {
            if let PublicKey::Ed25519(key) = PublicKey::from_jwk(jwk)? {
                found.push(VerifierKey::new(origin, key)?);
            }
        }
        Ok(found)
    }

    /// The key with which a Runner cosigns, under the name that its certificate gives it.
    pub(crate) fn witness_key(
        &self,
        tenant: TenantId,
        record: &RunnerRecord,
    ) -> Result<WitnessKey, WitnessError> {
        // It was verified when the Runner enrolled, and the record is ours.
        let payload = record.certificate.unverified_payload();
        let certificate: RunnerCertificate = strict_json::parse(payload, PAYLOAD_MAX)
            .map_err(|error| StoreError::Unreadable(error.to_string()))?;
        match certificate.witness_key()? {
            Some(PublicKey::Ed25519(key)) => {
                let name = witness_name(&self.deployment, tenant, &record.name);
                Ok(WitnessKey::new(&name, key)?)
            }
            Some(PublicKey::P256(_)) | None => Err(WitnessError::Uncertified),
        }
    }
}

/// Whether the log is to say that this witness watches it: the first time, and from time to time while it grows.
pub(crate) fn is_due(recorded: Option<Recorded>, size: u64, now: Timestamp) -> bool {
    recorded.is_none_or(|Recorded { size: before, at }| {
        now.since(at) >= RECORD_AFTER && size >= before.saturating_add(RECORD_ROWS)
    })
}

/// That a witness cosigned, in a form that whoever pinned its key can check: the row proves since when it has watched.
pub(crate) fn cosigned_event(cosigned: &Cosigned) -> AuditEvent {
    let signature = cosigned.line.trim_end().rsplit(' ').next().unwrap_or_default();
    let mut event =
        AuditEvent::new(EventKind::CheckpointCosigned, Target::new("log", &cosigned.origin))
            .with("cosignature", signature)
            .with("root", cosigned.root.to_string())
            .with("size", cosigned.size)
            .with("witness", cosigned.witness.as_str());
    if let Some(runner) = cosigned.runner {
        event = event.with("runner", runner.to_string());
    }
    event
}

/// That the log is other than it was signed or witnessed.
pub(crate) fn alarm_event(origin: &str, code: &str, size: u64) -> AuditEvent {
    AuditEvent::new(EventKind::LogAlarm, Target::new("log", origin))
        .with("code", code)
        .with("size", size)
}

/// One identifier for one fact, so that it is recorded once however often it is told.
pub(crate) fn event_id(of: &[&str]) -> EventId {
    let Digest(digest) = Digest::of(of.join("|"));
    let (first, _) = digest.split_at(16);
    EventId::from_u128(first.iter().fold(0, |number, byte| number << 8 | u128::from(*byte)))
}

/// An alarm of a Runner, with its signature.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AlarmRecord {
    pub(crate) kind: AlarmKind,
    pub(crate) envelope: Envelope,
    pub(crate) received_at: Timestamp,
}

impl AlarmRecord {
    fn digest(&self) -> Digest {
        Digest::of(self.envelope.unverified_payload())
    }
}

impl Document for AlarmRecord {
    const CONTAINER: Container = Container::Runs;
    const KIND: &'static str = "witness_alarm";

    fn id(&self) -> String {
        format!("alarm-{}", self.digest())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row about a witness makes a head, which is cosigned, which must not make a row.
    #[test]
    fn witnessing_is_recorded_first_and_then_daily_while_the_log_grows() {
        let at = |hours: u64| Timestamp::from_unix_s(0).plus(Duration::from_hours(hours));
        let recorded = Some(Recorded { size: 100, at: at(0) });
        assert!(is_due(None, 1, at(0)));
        assert!(!is_due(recorded, 101, at(0)));
        assert!(!is_due(recorded, 1_000_000, at(23)));
        assert!(!is_due(recorded, 355, at(24 * 365)));
        assert!(is_due(recorded, 356, at(24)));
    }

    #[test]
    fn one_fact_has_one_identifier() {
        assert_eq!(event_id(&["a", "b"]), event_id(&["a", "b"]));
        assert_ne!(event_id(&["a", "b"]), event_id(&["a", "c"]));
    }
}
