//! The Runner as a witness of the tenant's audit log: it confirms that the log only grew, demands what receipts and answers promised, and when either
//! does not hold it raises an alarm and confirms nothing more until somebody at its host has looked.
//!
//! What it saw last lies on the customer's disk before a cosignature leaves it; so neither a crash nor a restart makes it confirm two
//! histories. Of what was there before its first look it can only say that it was there ([`Seen::first`]).

mod alarm;
mod judgement;
mod promises;
mod round;

pub(crate) use alarm::{Alarm, Cleared, Evidence};
pub(crate) use promises::{Held, SEAL_MAX, Unanswered, read};
pub(crate) use round::{Outcome, Round, WitnessError};

use chain::{
    Hash,
    checkpoint::Checkpoint,
    cosignature::{Witness, WitnessKey},
    note::NoteError,
};
use domain::Timestamp;
use protocol::{
    Digest, Name,
    certificate::RunnerCertificate,
    dsse::{Envelope, PAYLOAD_MAX},
    key::{Ed25519Key, Signer as _},
    strict_json,
    trust_policy::TrustPolicy,
    witness::witness_name,
};
use serde::{Deserialize, Serialize};

/// What the Runner saw last of the log.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Seen {
    /// Which log.
    pub(crate) origin: String,
    /// How many rows.
    pub(crate) size: u64,
    /// The root of the tree over them.
    pub(crate) root: Digest,
    /// The checkpoint, as the log signed it.
    pub(crate) checkpoint: String,
    /// When it was seen.
    pub(crate) at: Timestamp,
    /// The first look: the rows that were there then came about without a witness.
    pub(crate) first: First,
    /// Whether the cosignature reached the control plane, and when.
    pub(crate) delivered: Option<Timestamp>,
    /// The epochs that were followed into this one, as they ended, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) ended: Vec<Seen>,
}

/// How many epochs that ended are remembered.
const ENDED_MAX: usize = 16;

/// The first look at a log.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct First {
    /// How many rows there were.
    pub(crate) size: u64,
    /// When.
    pub(crate) at: Timestamp,
}

impl Seen {
    fn root(&self) -> Hash {
        let Digest(bytes) = self.root;
        Hash(bytes)
    }

    /// The epochs that ended once the log goes on behind this one. Of those that are not remembered stays since when they were watched: no row that was
    /// due after that is in an epoch of which the Runner knows nothing.
    fn ending(&self) -> Vec<Self> {
        let this = Self { ended: Vec::new(), ..self.clone() };
        let mut ended: Vec<_> = std::iter::once(this).chain(self.ended.clone()).collect();
        let oldest = ended.last().map(|oldest| oldest.first);
        ended.truncate(ENDED_MAX);
        if let (Some(kept), Some(first)) = (ended.last_mut(), oldest) {
            kept.first.at = first.at;
        }
        ended
    }

    /// The first epoch of which the Runner knows, among those that it followed.
    fn oldest(&self) -> &Self {
        self.ended.last().unwrap_or(self)
    }

    /// Which epoch of the log it is: the first has no number.
    fn epoch(&self) -> u64 {
        self.origin.rsplit('/').next().and_then(|last| last.parse().ok()).unwrap_or(0)
    }

    /// The head, for an inspector: a log that is shown to him must go on from it.
    pub(crate) fn pinned(&self) -> chain::seen::Seen {
        chain::seen::Seen { size: self.size, root: self.root() }
    }

    /// The text that is cosigned.
    pub(crate) fn text(&self) -> String {
        let root = self.root();
        Checkpoint { origin: self.origin.clone(), size: self.size, root }.to_text()
    }
}

/// The Runner's witness key under its name, if the customer certified that key.
pub(crate) struct Certified {
    /// Cosigns.
    pub(crate) witness: Witness,
    /// What the customer calls the Runner.
    pub(crate) name: Name,
}

impl Certified {
    /// The key of `seed`, if `certificate` names it.
    ///
    /// # Errors
    /// [`NoteError::Name`]: the name cannot stand in notes.
    pub(crate) fn of(
        certificate: &Envelope,
        seed: &[u8; 32],
        policy: &TrustPolicy,
    ) -> Result<Option<Self>, NoteError> {
        let payload = certificate.unverified_payload();
        let Ok(certificate) = strict_json::parse::<RunnerCertificate>(payload, PAYLOAD_MAX) else {
            return Ok(None);
        };
        let own = Ed25519Key::from_seed(seed).public().jwk();
        if certificate.witness_jwk != Some(own) {
            return Ok(None);
        }
        let name = witness_name(&policy.deployment, policy.tenant, &certificate.name);
        Ok(Some(Self { witness: Witness::from_seed(&name, seed)?, name: certificate.name }))
    }

    /// What an inspector pins.
    pub(crate) fn public(&self) -> WitnessKey {
        self.witness.public()
    }
}
