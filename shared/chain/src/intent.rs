//! What an app commits together with its own documents, before the sealer numbers it.

mod signed;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Hash, profile, profile::ProfileError, row};

pub use signed::{SignedIntent, VerifiedIntent, thumbprint};

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
    /// Personal details as commitments ([`crate::disclosure::commitment`]): what they are is kept elsewhere, and can be erased.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pd: BTreeMap<String, Hash>,
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
    /// The platform's operator who acts in that user's place, on a visit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub obo: Option<String>,
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
    /// SHA-256 of the text of the intent with the number before, whatever became of it; absent with number 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prev: Option<Hash>,
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

impl Source {
    /// How the sealer names the instance of a row of its own, before sixteen random digits.
    pub const SEALER: &str = "sealer-";

    /// Whether the intent is the sealer's own: the only one of its instance, and made where it is sealed.
    pub fn is_sealers_own(&self) -> bool {
        self.app == "audit" && self.instance.starts_with(Self::SEALER)
    }

    /// Numbers from 1, each but the first with its predecessor.
    fn is_linked(&self) -> bool {
        self.number > 0 && (self.number == 1) == self.prev.is_none()
    }
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
            ("src", name(&self.src.app) && name(&self.src.instance) && self.src.is_linked()),
            ("t", name(&self.tenant)),
            ("v", self.version == 1),
        ];
        match checks.into_iter().find(|(_, holds)| !holds) {
            Some((member, _)) => Err(IntentError::Member(member)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
