//! What an app commits together with its own documents, before the sealer numbers it.

use std::collections::BTreeMap;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Hash, profile, profile::ProfileError, row};

/// Keeps a signature over an intent from meaning anything else.
const SIGNATURE_CONTEXT: &[u8] = b"proofline-intent-v1\0";
const NAME_BYTES_MAX: usize = 128;

/// One thing that happened, as its app describes it. A row is an intent with `prev`, `rx` and `seq`.
///
/// Shape: the fields below, in this order, as canonical JSON ([`profile`]). `v` is 1.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Intent {
    /// Who acted.
    pub act: Party,
    /// What happened: `role.changed`.
    pub action: String,
    /// When the app committed it, by its own clock: RFC 3339 in UTC with six decimals.
    pub at: String,
    /// Details; never a raw value, a name or an address.
    pub data: BTreeMap<String, Value>,
    /// The event's own identifier, given by the app.
    pub id: String,
    /// How it ended: `ok`, `denied`, `failed`.
    pub out: String,
    /// Why, in the actor's words or as a stable code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// 128 random bits, 32 hexadecimal digits: without them, nobody can guess a purged row from its hash.
    pub salt: String,
    /// Which instance of which app, and its how manieth intent.
    pub src: Source,
    /// Whose log it belongs to: the tenant's identifier.
    #[serde(rename = "t")]
    pub tenant: String,
    /// To what it was done.
    pub target: Party,
    /// The version of this shape.
    #[serde(rename = "v")]
    pub version: u32,
}

/// Somebody or something, by kind and identifier.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Party {
    /// Its identifier.
    pub id: String,
    /// What it is: `user`, `runner`, `system`, `run`.
    pub kind: String,
}

/// Where an intent comes from. Numbers count from 1 without gaps, so that a missing intent shows.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Source {
    /// The app's name.
    pub app: String,
    /// One process of it, for one tenant.
    #[serde(rename = "inst")]
    pub instance: String,
    /// The how manieth intent of that instance for that tenant, from 1.
    #[serde(rename = "n")]
    pub number: u64,
    /// Earlier numbers of the same instance whose changes were refused by storage: they were never committed and never will be.
    #[serde(rename = "void", default, skip_serializing_if = "Vec::is_empty")]
    pub void: Vec<u64>,
}

/// Why a text is not an intent, or is not to be believed.
#[derive(Debug, thiserror::Error)]
pub enum IntentError {
    /// Not canonical.
    #[error("the intent is not canonical JSON; write it with Intent::to_text")]
    Profile(#[from] ProfileError),
    /// A member is missing or of the wrong type.
    #[error("the intent lacks a member or has one of another type; see chain::intent")]
    Shape(#[source] serde_json::Error),
    /// A member has the right type and a wrong value.
    #[error("the intent's member {0} is malformed; see chain::intent")]
    Member(&'static str),
    /// Signed with another key than the one given.
    #[error("the intent names key {found}, not {expected}; use the key that its app registered")]
    Key {
        /// The key that was given.
        expected: String,
        /// The key that the intent names.
        found: String,
    },
    /// The signature is malformed or of other bytes.
    #[error("the intent's signature is wrong; it was changed, or signed with another key")]
    Signature,
}

impl Intent {
    /// The bytes to sign, store and hash.
    ///
    /// # Errors
    /// * [`IntentError::Profile`]: `data` holds a key, a number or a character outside the profile.
    /// * [`IntentError::Member`]: another field has a wrong value.
    pub fn to_text(&self) -> Result<String, IntentError> {
        let text = serde_json::to_string(self).map_err(IntentError::Shape)?;
        profile::scan(&text, &mut |_, _| {})?;
        self.check()?;
        Ok(text)
    }

    /// Reads what [`to_text`](Self::to_text) writes. Members that this version does not know are left out.
    ///
    /// # Errors
    /// One variant for each kind of departure; the signature is not looked at.
    pub fn parse(text: &str) -> Result<Self, IntentError> {
        profile::scan(text, &mut |_, _| {})?;
        let intent: Self = serde_json::from_str(text).map_err(IntentError::Shape)?;
        intent.check()?;
        Ok(intent)
    }

    fn check(&self) -> Result<(), IntentError> {
        let is_salt = self.salt.len() == 32
            && self.salt.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
        let name = |text: &str| (1..=NAME_BYTES_MAX).contains(&text.len()) && row::is_plain(text);
        let checks = [
            ("action", name(&self.action)),
            ("at", row::is_timestamp(&self.at)),
            ("id", name(&self.id)),
            ("out", name(&self.out)),
            ("salt", is_salt),
            ("src", name(&self.src.app) && name(&self.src.instance) && self.src.number > 0),
            ("t", name(&self.tenant)),
            ("v", self.version == 1),
        ];
        match checks.into_iter().find(|(_, holds)| !holds) {
            Some((member, _)) => Err(IntentError::Member(member)),
            None => Ok(()),
        }
    }
}

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
        Ok(VerifiedIntent { text: self.intent, intent })
    }
}

/// An intent whose signature holds. Only these become rows.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifiedIntent {
    text: String,
    intent: Intent,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    /// RFC 8037 appendix A.1 to A.3: the secret and public key, and the thumbprint.
    #[test]
    fn the_key_id_is_the_thumbprint_of_rfc_8037() {
        let secret = URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        let key = SigningKey::from_bytes(&secret.try_into().unwrap()).verifying_key();
        let x = URL_SAFE_NO_PAD.encode(key.as_bytes());
        assert_eq!(x, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        assert_eq!(thumbprint(&key), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn an_intent_is_written_in_the_order_of_its_keys() {
        let text = sample::intent(7).to_text().unwrap();
        assert_eq!(text, sample::INTENT_7);
        assert_eq!(serde_json_canonicalizer::pipe(&text).unwrap(), text);
        assert_eq!(Intent::parse(&text).unwrap(), sample::intent(7));
    }

    /// Computed with Python: `hashlib.sha256(text).hexdigest()`, and `cryptography`'s Ed25519 over
    /// `b"proofline-intent-v1\0" + text` with the seed 32 × 0x07.
    #[test]
    fn digest_and_signature_are_those_of_another_implementation() {
        let signed = SignedIntent::sign(sample::INTENT_7.to_owned(), &sample::app_key());
        assert_eq!(signed.digest().to_string(), sample::INTENT_7_SHA256);
        assert_eq!(signed.sig, sample::INTENT_7_SIGNATURE);
        assert_eq!(signed.kid, sample::APP_KID);
    }

    #[test]
    fn a_signed_intent_is_believed_only_as_it_was_signed() {
        let key = sample::app_key().verifying_key();
        let signed = SignedIntent::sign(sample::INTENT_7.to_owned(), &sample::app_key());
        assert_eq!(signed.clone().verify(&key).unwrap().text(), sample::INTENT_7);

        let edited = signed.intent.replace("ADMIN", "OWNER");
        let edited = SignedIntent { intent: edited, ..signed.clone() };
        assert!(matches!(edited.verify(&key), Err(IntentError::Signature)));
        let other = SigningKey::from_bytes(&[8; 32]).verifying_key();
        assert!(matches!(signed.clone().verify(&other), Err(IntentError::Key { .. })));
        let renamed = SignedIntent { kid: thumbprint(&other), ..signed };
        assert!(matches!(renamed.verify(&other), Err(IntentError::Signature)));
    }

    /// The bare text signed without its context must not count.
    #[test]
    fn a_signature_made_for_another_purpose_is_refused() {
        let sig = STANDARD.encode(sample::app_key().sign(sample::INTENT_7.as_bytes()).to_bytes());
        let key = sample::app_key().verifying_key();
        let kid = thumbprint(&key);
        let signed = SignedIntent { intent: sample::INTENT_7.to_owned(), kid, sig };
        assert!(matches!(signed.verify(&key), Err(IntentError::Signature)));
    }

    #[test]
    fn malformed_members_are_refused_by_name() {
        type Edit = (&'static str, fn(&mut Intent));
        let edits: [Edit; 7] = [
            ("action", |intent| intent.action = "a\"b".to_owned()),
            ("at", |intent| intent.at = "2026-11-21T00:00:00Z".to_owned()),
            ("id", |intent| intent.id = String::new()),
            ("salt", |intent| intent.salt = "B".repeat(32)),
            ("src", |intent| intent.src.number = 0),
            ("t", |intent| intent.tenant = String::new()),
            ("v", |intent| intent.version = 2),
        ];
        for (member, edit) in edits {
            let mut intent = sample::intent(7);
            edit(&mut intent);
            let refused = intent.to_text().unwrap_err();
            assert!(matches!(refused, IntentError::Member(found) if found == member), "{member}");
        }
    }

    #[test]
    fn what_the_profile_forbids_is_refused_at_writing() {
        for (key, value) in
            [("float", Value::from(0.5)), ("minus", Value::from(-1)), ("Key", Value::Null)]
        {
            let mut intent = sample::intent(7);
            intent.data.insert(key.to_owned(), value);
            assert!(matches!(intent.to_text(), Err(IntentError::Profile(_))), "{key}");
        }
    }
}
