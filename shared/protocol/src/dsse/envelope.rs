//! Envelopes, and signing them.

use domain::{Class, Fault};
use serde::{Deserialize, Serialize};

use super::{ENVELOPE_MAX, Payload, PayloadType, pae};
use crate::{
    Base64,
    canonical::{self, CanonicalError},
    key::{KeyError, Kid, Signer},
    message_signature::MessageSignatureError,
    strict_json::{self, JsonError},
};

/// `{"payload":<base64>,"payloadType":…,"signatures":[{"keyid":<kid>,"sig":<base64>}]}`; unknown members are refused.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    pub(super) payload: Base64,
    #[serde(rename = "payloadType")]
    pub(super) payload_type: PayloadType,
    pub(super) signatures: Vec<Signature>,
}

/// One signature of an envelope.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// Whose it claims to be: the key's thumbprint.
    pub keyid: Kid,
    /// Over the pre-authentication encoding.
    pub sig: Base64,
}

impl Envelope {
    /// Signs `payload` as it is with each of `signers`.
    ///
    /// # Errors
    /// [`KeyError::Signing`].
    pub fn sign(
        payload_type: PayloadType,
        payload: Vec<u8>,
        signers: &[&dyn Signer],
    ) -> Result<Self, KeyError> {
        let mut envelope = Self { payload: Base64(payload), payload_type, signatures: Vec::new() };
        for signer in signers {
            envelope.add_signature(*signer)?;
        }
        Ok(envelope)
    }

    /// Signs the RFC 8785 bytes of `message`.
    ///
    /// # Errors
    /// [`SignError`].
    pub fn sign_message<T: Payload>(
        message: &T,
        signers: &[&dyn Signer],
    ) -> Result<Self, SignError> {
        Ok(Self::sign(T::TYPE, canonical::to_vec(message)?, signers)?)
    }

    /// Adds one more signature over the same bytes.
    ///
    /// # Errors
    /// [`KeyError::Signing`].
    pub fn add_signature(&mut self, signer: &dyn Signer) -> Result<(), KeyError> {
        let sig = signer.sign(&pae(self.payload_type.as_str(), &self.payload.0))?;
        self.signatures.push(Signature { keyid: signer.kid(), sig: Base64(sig.to_vec()) });
        Ok(())
    }

    /// Reads an envelope from JSON of at most [`ENVELOPE_MAX`] bytes.
    ///
    /// # Errors
    /// [`JsonError`].
    pub fn from_json(bytes: &[u8]) -> Result<Self, JsonError> {
        strict_json::parse(bytes, ENVELOPE_MAX)
    }

    /// What it claims to hold.
    pub const fn payload_type(&self) -> PayloadType {
        self.payload_type
    }

    /// The payload's bytes, of which nothing is known yet: good for a digest or to look up which key should have
    /// signed.
    pub fn unverified_payload(&self) -> &[u8] {
        &self.payload.0
    }

    /// Its signatures.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }
}

/// Why a message was not signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The message has no canonical text.
    #[error(transparent)]
    Canonical(#[from] CanonicalError),
    /// The key did not sign.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The request cannot be signed in its profile.
    #[error(transparent)]
    Request(#[from] MessageSignatureError),
}

impl Fault for SignError {
    fn class(&self) -> Class {
        Class::Internal
    }

    fn code(&self) -> &'static str {
        "internal"
    }
}
