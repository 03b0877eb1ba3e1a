//! Verifying envelopes.

use std::collections::BTreeSet;

use domain::{Class, Fault};

use super::{Envelope, PAYLOAD_MAX, Payload, PayloadType, SIGNATURES_MAX, Signature};
use crate::{
    key::{Kid, PublicKey},
    strict_json::{self, JsonError},
};

/// A payload whose signatures were verified.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verified {
    /// The bytes that were signed.
    pub payload: Vec<u8>,
    /// The distinct known keys that signed them, in ascending order.
    pub signers: Vec<Kid>,
}

/// Verifies that at least `threshold` distinct keys of `keys` signed a payload of `payload_type`.
///
/// Signatures in the name of other keys are passed over: who may sign is for the reader to say. A wrong one in the
/// name of one of `keys` spoils the envelope. A `threshold` of 0 counts as 1.
///
/// # Errors
/// [`EnvelopeError`], all but `Payload`, save that a payload longer than [`PAYLOAD_MAX`] is [`JsonError::TooLarge`].
pub fn verify(
    envelope: &Envelope,
    payload_type: PayloadType,
    keys: &[PublicKey],
    threshold: usize,
) -> Result<Verified, EnvelopeError> {
    check_form(envelope, payload_type)?;
    let message = pae(payload_type.as_str(), &envelope.payload.0);
    let mut signers = BTreeSet::new();
    for Signature { keyid, sig } in &envelope.signatures {
        if let Some(key) = keys.iter().find(|key| key.kid() == *keyid) {
            key.verify(&message, &sig.0).map_err(|_| EnvelopeError::Signature(*keyid))?;
            signers.insert(*keyid);
        }
    }
    let (needed, found) = (threshold.max(1), signers.len());
    match found {
        0 => Err(EnvelopeError::Unsigned),
        _ if found < needed => Err(EnvelopeError::Threshold { needed, found }),
        _ => Ok(Verified {
            payload: envelope.payload.0.clone(),
            signers: signers.into_iter().collect(),
        }),
    }
}

fn check_form(envelope: &Envelope, expected: PayloadType) -> Result<(), EnvelopeError> {
    let (found, count) = (envelope.payload_type, envelope.signatures.len());
    if found != expected {
        return Err(EnvelopeError::Type { expected, found });
    }
    if count == 0 || count > SIGNATURES_MAX {
        return Err(EnvelopeError::Count(count));
    }
    if envelope.payload.0.len() > PAYLOAD_MAX {
        return Err(JsonError::TooLarge { max: PAYLOAD_MAX }.into());
    }
    Ok(())
}

/// Verifies an envelope with one signature by `key`, and reads its message strictly.
///
/// # Errors
/// [`EnvelopeError`].
pub fn open<T: Payload>(envelope: &Envelope, key: &PublicKey) -> Result<T, EnvelopeError> {
    let verified = verify(envelope, T::TYPE, std::slice::from_ref(key), 1)?;
    Ok(strict_json::parse(&verified.payload, PAYLOAD_MAX)?)
}

/// The bytes that are signed: `DSSEv1 SP len(type) SP type SP len(body) SP body`, lengths in bytes as ASCII decimals.
pub fn pae(payload_type: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), body.len());
    [head.as_bytes(), body].concat()
}

/// Why an envelope was refused.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum EnvelopeError {
    /// It holds another kind of message.
    #[error("the envelope holds {} and not {}", found.as_str(), expected.as_str())]
    Type {
        /// What was asked for.
        expected: PayloadType,
        /// What it holds.
        found: PayloadType,
    },
    /// No signature, or more than 8.
    #[error("an envelope carries 1 to 8 signatures, this one {0}")]
    Count(usize),
    /// None of the keys that count here signed it.
    #[error("no key that counts here has signed the envelope")]
    Unsigned,
    /// A signature in the name of a known key is not that key's.
    #[error("the signature of key {0} does not verify")]
    Signature(Kid),
    /// Too few distinct keys signed.
    #[error("{found} of the {needed} needed keys have signed; the same key counts once")]
    Threshold {
        /// How many are needed.
        needed: usize,
        /// How many signed.
        found: usize,
    },
    /// The bytes are well signed, but no message of this type.
    #[error(transparent)]
    Payload(#[from] JsonError),
}

impl Fault for EnvelopeError {
    fn class(&self) -> Class {
        match self {
            Self::Type { .. } | Self::Count(_) => Class::Invalid,
            Self::Unsigned | Self::Signature(_) | Self::Threshold { .. } => Class::Unauthenticated,
            Self::Payload(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Type { .. } => "validation",
            Self::Count(_) | Self::Unsigned => "unsigned",
            Self::Signature(_) | Self::Threshold { .. } => "signature-invalid",
            Self::Payload(error) => error.code(),
        }
    }
}
