//! What the Runner sends, and what it is answered.

use std::collections::BTreeMap;

use domain::{RunnerId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{EnrolmentError, EnrolmentToken, Transcript};
use crate::{
    Base64, Digest, Name, Nonce, canonical,
    certificate::RunnerCertificate,
    dsse::Envelope,
    key::{Ed25519Key, Jwk, Kid, PublicKey},
    routes::RunnerState,
    statement::KeyStorage,
};

const PROOF_DOMAIN: &[u8] = b"proofline-enrol-v1\0";
const LABELS_MAX: usize = 16;

/// Everything that a Runner says of itself when it enrols.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolFields {
    /// The administrator's token.
    pub token: EnrolmentToken,
    /// Picked once by the Runner; repeating a request with it repeats the answer.
    pub nonce: Nonce,
    /// The Runner's name, as in its certificate.
    pub name: Name,
    /// What the customer sorts Runners by; at most 16.
    pub labels: BTreeMap<Name, Name>,
    /// The operating system: `linux`.
    pub os: Name,
    /// The processor: `x86_64`.
    pub arch: Name,
    /// The Runner's version.
    pub version: Name,
    /// The digest of its program.
    pub binary_digest: Digest,
    /// The digest of its trust policy.
    pub trust_policy_digest: Digest,
    /// How it keeps the key that wraps its keys.
    pub key_storage: KeyStorage,
    /// The key that it will sign with; Ed25519.
    pub sign_jwk: Jwk,
    /// The customer's [`RunnerCertificate`] for that key.
    pub certificate: Envelope,
}

/// [`EnrolFields`] and the proof that the Runner holds the key: `POST` to [`crate::routes::ENROL`].
///
/// `proof` is the Ed25519 signature, in base64, over "proofline-enrol-v1\0" ‖ the RFC 8785 bytes of the request
/// without `proof`. Because the token is among them, a proof cannot be carried to another enrolment.
#[derive(Clone, Debug, PartialEq)]
pub struct EnrolRequest {
    /// What the Runner says.
    pub fields: EnrolFields,
    /// Its signature.
    pub proof: Base64,
}

/// `EnrolRequest` as it travels: one flat object. (serde cannot flatten and refuse unknown fields at once.)
mod wire {
    use super::{EnrolFields, EnrolRequest};
    use crate::Base64;
    use serde::{
        Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::Error as _,
    };
    use serde_json::{Map, Value};

    impl Serialize for EnrolRequest {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut value = serde_json::to_value(&self.fields).map_err(S::Error::custom)?;
            if let Some(object) = value.as_object_mut() {
                object.insert("proof".to_owned(), self.proof.to_string().into());
            }
            value.serialize(serializer)
        }
    }

    impl<'de> Deserialize<'de> for EnrolRequest {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let mut object = Map::deserialize(deserializer)?;
            let proof = object.remove("proof").ok_or_else(|| D::Error::missing_field("proof"))?;
            let proof: Base64 = serde_json::from_value(proof).map_err(D::Error::custom)?;
            let fields: EnrolFields =
                serde_json::from_value(Value::Object(object)).map_err(D::Error::custom)?;
            Ok(Self { fields, proof })
        }
    }
}

impl EnrolFields {
    /// What is signed as proof.
    fn proof_message(&self) -> Result<Vec<u8>, EnrolmentError> {
        Ok([PROOF_DOMAIN, canonical::to_vec(self)?.as_slice()].concat())
    }
}

impl EnrolRequest {
    /// Signs `fields` with the key that they offer.
    ///
    /// # Errors
    /// [`EnrolmentError::Proof`]: `key` is another key. [`EnrolmentError::Canonical`].
    pub fn sign(fields: EnrolFields, key: &Ed25519Key) -> Result<Self, EnrolmentError> {
        let proof = Base64(key.sign_bytes(&fields.proof_message()?).to_vec());
        let request = Self { fields, proof };
        request.verify_proof()?;
        Ok(request)
    }

    /// The offered key, if the Runner has proved that it holds it.
    ///
    /// # Errors
    /// [`EnrolmentError::Key`], [`EnrolmentError::Proof`].
    pub fn verify_proof(&self) -> Result<PublicKey, EnrolmentError> {
        let key = PublicKey::from_jwk(&self.fields.sign_jwk)?;
        let message = self.fields.proof_message()?;
        key.verify(&message, &self.proof.0).map_err(|_| EnrolmentError::Proof)?;
        Ok(key)
    }

    /// The certificate, if the proof holds and the customer's `authority` certified this key under this name for
    /// `tenant`.
    ///
    /// That the token is known, unused and in time is for the caller to check.
    ///
    /// # Errors
    /// [`EnrolmentError`], all but `Token`.
    pub fn verify(
        &self,
        authority: &PublicKey,
        tenant: TenantId,
        now: Timestamp,
    ) -> Result<RunnerCertificate, EnrolmentError> {
        let key = self.verify_proof()?;
        if self.fields.labels.len() > LABELS_MAX {
            return Err(EnrolmentError::Labels);
        }
        let certificate =
            RunnerCertificate::verify(&self.fields.certificate, authority, tenant, now)?;
        if certificate.sign_kid == key.kid() && certificate.name == self.fields.name {
            Ok(certificate)
        } else {
            Err(EnrolmentError::Mismatch)
        }
    }

    /// What both sides make the six words of, once the Runner has its identifier. `root` is the root key's thumbprint
    /// as each side knows it itself.
    pub fn transcript(&self, runner: RunnerId, root: Kid) -> Transcript {
        let EnrolFields { token, nonce, sign_jwk, certificate, .. } = &self.fields;
        Transcript {
            token_secret_sha256: token.secret_sha256(),
            tenant: token.tenant,
            enrolment: token.enrolment,
            runner,
            sign_kid: sign_jwk.kid(),
            certificate_sha256: Digest::of(certificate.unverified_payload()),
            root_kid: root,
            nonce: *nonce,
        }
    }
}

/// What a Runner is answered, with status 201. It makes the words itself and shows its own; those in the answer are
/// for people who read logs.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct EnrolAnswer {
    /// What the Runner is called from now on.
    pub runner: RunnerId,
    /// `awaiting_approval`.
    pub state: RunnerState,
    /// The six words.
    pub words: Vec<String>,
    /// The control plane's keys ([`crate::keyset::ControlPlaneKeys`]), signed by its root key.
    pub keyset: Envelope,
    /// The root key; it counts if its thumbprint is the token's.
    pub root_jwk: Jwk,
}
