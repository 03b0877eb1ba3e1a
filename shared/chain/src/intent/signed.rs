//! An intent as its app signed it, and the keys that apps sign with.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use super::{Intent, IntentError};
use crate::Hash;

/// Keeps a signature over an intent from meaning anything else.
const SIGNATURE_CONTEXT: &[u8] = b"proofline-intent-v1\0";

/// An intent as it is stored: the exact text, the key's identifier and the signature.
///
/// Shape: `{"intent":"<text>","kid":"<RFC 7638 thumbprint>","sig":"<base64 of 64 bytes>"}`;
/// Ed25519 (RFC 8032) over `"proofline-intent-v1\0" ‖ text`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SignedIntent {
    /// The exact bytes of the intent.
    pub intent: String,
    /// [`thumbprint`] of the source app's public key.
    pub kid: String,
    /// The signature, in base64.
    pub sig: String,
}

impl SignedIntent {
    /// Signs the text that [`Intent::to_text`] gave.
    pub fn sign(intent: String, key: &SigningKey) -> Self {
        let sig = STANDARD.encode(key.sign(&signed_bytes(&intent)).to_bytes());
        Self { intent, kid: thumbprint(&key.verifying_key()), sig }
    }

    /// SHA-256 of the intent's text: what a receipt promises to seal.
    pub fn digest(&self) -> Hash {
        Hash::of(self.intent.as_bytes())
    }

    /// Checks the signature, strictly (no small-order keys), then the intent.
    ///
    /// Whether `key` is the one that the intent's `src.app` registered is for the caller to know.
    ///
    /// # Errors
    /// * [`IntentError::Key`], [`IntentError::Signature`]: not signed by `key`.
    /// * Others: signed, but not an intent.
    pub fn verify(self, key: &VerifyingKey) -> Result<VerifiedIntent, IntentError> {
        let expected = thumbprint(key);
        if self.kid != expected {
            return Err(IntentError::Key { expected, found: self.kid });
        }
        let bytes = STANDARD.decode(&self.sig).map_err(|_| IntentError::Signature)?;
        let signature = Signature::from_slice(&bytes).map_err(|_| IntentError::Signature)?;
        key.verify_strict(&signed_bytes(&self.intent), &signature)
            .map_err(|_| IntentError::Signature)?;
        let intent = Intent::parse(&self.intent)?;
        Ok(VerifiedIntent { digest: self.digest(), text: self.intent, intent })
    }
}

/// An intent whose signature holds. Only these become rows.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifiedIntent {
    text: String,
    intent: Intent,
    digest: Hash,
}

impl VerifiedIntent {
    /// The exact bytes that were signed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What they say.
    pub fn intent(&self) -> &Intent {
        &self.intent
    }

    /// SHA-256 of those bytes.
    pub const fn digest(&self) -> Hash {
        self.digest
    }
}

/// The identifier of an Ed25519 key: the thumbprint of its JWK (RFC 7638, RFC 8037 §2), base64url without padding.
pub fn thumbprint(key: &VerifyingKey) -> String {
    let x = URL_SAFE_NO_PAD.encode(key.as_bytes());
    let jwk = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    URL_SAFE_NO_PAD.encode(Hash::of(jwk.as_bytes()).0)
}

fn signed_bytes(intent: &str) -> Vec<u8> {
    [SIGNATURE_CONTEXT, intent.as_bytes()].concat()
}
