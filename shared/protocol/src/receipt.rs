//! Receipts: the control plane's signed word that it holds a statement, and will seal it into the audit log.

use domain::{RunnerId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    Digest, V1,
    dsse::{self, Envelope, EnvelopeError, Payload, PayloadType},
    key::PublicKey,
    statement::EventNumber,
};

/// What the receipt key signs once a statement was stored durably. A Runner keeps receipts for ever, and the
/// statement's body until it has one.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// Always 1.
    pub v: V1,
    /// The tenant whose log it is in.
    pub tenant: TenantId,
    /// The Runner that signed the statement.
    pub runner: RunnerId,
    /// The event's source, `urn:proofline:runner:<rnr_…>`.
    pub source: String,
    /// The event's id.
    pub id: EventNumber,
    /// The event's number.
    pub sequence: u64,
    /// The digest of the statement's bytes.
    pub payload_sha256: Digest,
    /// When it was received, by the control plane's clock.
    pub received_at: Timestamp,
    /// What the audit log owes.
    pub promise: Promise,
}

/// A promise to seal an audit intent, as a signed certificate timestamp promises (RFC 9162 §4.8).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Promise {
    /// The digest of the intent's bytes.
    pub intent: Digest,
    /// By then it is in the log.
    pub seal_by: Timestamp,
}

impl Payload for Receipt {
    const TYPE: PayloadType = PayloadType::Receipt;
}

impl Receipt {
    /// The receipt in `envelope`, if `key` signed it.
    ///
    /// # Errors
    /// [`EnvelopeError`].
    pub fn verify(envelope: &Envelope, key: &PublicKey) -> Result<Self, EnvelopeError> {
        dsse::open(envelope, key)
    }

    /// Whether it is for the statement `payload` of `runner` that is number `sequence`: nothing else may be deleted
    /// on its strength.
    pub fn is_for(&self, runner: RunnerId, sequence: u64, payload: &[u8]) -> bool {
        self.runner == runner
            && self.sequence == sequence
            && self.id == EventNumber(sequence)
            && self.payload_sha256 == Digest::of(payload)
    }
}
