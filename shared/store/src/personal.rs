//! Personal details of events: on their way from the app that knows them, and as the log's own app keeps them.
//!
//! A row commits to each detail. What the detail is goes with the intent as a parcel that only `audit` can open; `audit` keeps it sealed under a key of
//! the person, of which there is one a generation. Erasing a person destroys that key: what was sealed under it is lost, wherever it was
//! copied to, and no row changes. A parcel is not sealed under it, and `audit`'s own key never changes: so `purge` removes the intents of
//! rows whose details are erased. What somebody copied of an intent before, `audit` could open still.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chain::{Hash, disclosure::commitment};
use domain::{ErasureId, EventId, Personal, TenantId, Timestamp};
use ports::{Container, Randomness};
use serde::{Deserialize, Serialize};

use crate::{Document, StoreError};

/// Details of one event, in the clear: never stored, only sealed.
#[derive(Deserialize, Serialize)]
pub struct Parcel {
    /// Whom they are about.
    pub subject: String,
    /// Each with its salt.
    pub details: Vec<Detail>,
}

/// One detail.
#[derive(Deserialize, Serialize)]
pub struct Detail {
    /// Its name in the row.
    pub field: String,
    /// 32 random bytes in hexadecimal.
    pub salt: Hash,
    /// What it is.
    pub value: String,
}

impl Parcel {
    /// The details of an event, each with a fresh salt.
    pub(crate) fn of(personal: &Personal, randomness: &dyn Randomness) -> Self {
        let detail = |(field, value): (&&'static str, &String)| Detail {
            field: (*field).to_owned(),
            salt: Hash(randomness.bytes()),
            value: value.clone(),
        };
        let details = personal.details.iter().map(detail).collect();
        Self { subject: personal.subject.clone(), details }
    }

    /// What the row says of them.
    pub(crate) fn commitments(&self) -> BTreeMap<String, Hash> {
        let committed = |detail: &Detail| {
            (detail.field.clone(), commitment(&detail.salt.0, &detail.field, &detail.value))
        };
        self.details.iter().map(committed).collect()
    }

    /// Whether these are the details that a row commits to, all of them and no others.
    pub fn fits(&self, committed: &BTreeMap<String, Hash>) -> bool {
        self.commitments() == *committed
    }

    /// Seals them for whoever holds the private key of `keeper`; base64.
    pub(crate) fn seal(
        &self,
        keeper: &[u8; 32],
        ikm: &[u8; 32],
        event: EventId,
    ) -> Result<String, StoreError> {
        let unreadable = |error: String| StoreError::Unreadable(error);
        let text = serde_json::to_vec(self).map_err(|error| unreadable(error.to_string()))?;
        let sealed = seal::seal_parcel(keeper, ikm, &event.to_string(), &text);
        Ok(STANDARD.encode(sealed.map_err(|error| unreadable(error.to_string()))?))
    }

    /// Opens what came with the intent of `event`; `None` for what nobody sealed to this key for this event.
    pub fn open(material: &[u8; 32], event: &str, sealed: &str) -> Option<Self> {
        let sealed = STANDARD.decode(sealed).ok()?;
        let text = seal::open_parcel(material, event, &sealed).ok()?;
        serde_json::from_slice(&text).ok()
    }
}

/// Who a person is in rows about their details: a name that says nothing to whoever does not know it already.
pub fn pseudonym(tenant: TenantId, subject: &str) -> String {
    let text = format!("proofline/subject/v1\0{tenant}\0{subject}");
    let hash = Hash::of(text.as_bytes()).to_string();
    format!("sub_{}", hash.get(..32).unwrap_or_default())
}

/// A person's key, of the current generation, and when earlier ones were destroyed.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SubjectRecord {
    /// The person's [`pseudonym`].
    pub subject: String,
    /// Which generation of the key this is, from 1.
    pub generation: u32,
    /// The key, wrapped; `None` when nothing was kept since it was destroyed.
    pub wrapped: Option<String>,
    /// What was destroyed.
    #[serde(default)]
    pub erasures: Vec<Erasure>,
}

/// That a person's key was destroyed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Erasure {
    /// Which erasure.
    pub erasure: ErasureId,
    /// The event in the log.
    pub event: EventId,
    /// The last generation that is lost.
    pub generation: u32,
    /// When.
    pub at: Timestamp,
    /// Why, in the words of whoever asked for it.
    pub reason: String,
}

impl SubjectRecord {
    /// The erasure that destroyed what was sealed in `generation`.
    pub fn erased(&self, generation: u32) -> Option<&Erasure> {
        self.erasures.iter().find(|erasure| generation <= erasure.generation)
    }
}

impl Document for SubjectRecord {
    const CONTAINER: Container = Container::Disclosures;
    const KIND: &'static str = "subject";

    fn id(&self) -> String {
        self.subject.clone()
    }
}

/// The details of one event, as they are kept.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct DetailsRecord {
    /// Which event.
    pub event: String,
    /// The person's [`pseudonym`].
    pub subject: String,
    /// The generation of the person's key.
    pub generation: u32,
    /// Each by its name in the row; empty once they are erased.
    pub details: BTreeMap<String, SealedDetail>,
}

/// A detail as it is kept: salt and value, sealed; base64.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(transparent)]
pub struct SealedDetail(pub String);

impl DetailsRecord {
    /// The id for an event.
    pub fn id_of(event: &str) -> String {
        format!("pd-{event}")
    }
}

impl Document for DetailsRecord {
    const CONTAINER: Container = Container::Disclosures;
    const KIND: &'static str = "details";

    fn id(&self) -> String {
        Self::id_of(&self.event)
    }

    fn k1(&self) -> Option<String> {
        Some(self.subject.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parcel() -> Parcel {
        let detail = |field: &str, value: &str| Detail {
            field: field.to_owned(),
            salt: Hash([7; 32]),
            value: value.to_owned(),
        };
        Parcel {
            subject: "usr_1".to_owned(),
            details: vec![detail("agent", "curl"), detail("ip", "203.0.113.7")],
        }
    }

    #[test]
    fn a_parcel_opens_for_its_keeper_and_event_and_fits_its_row_alone() {
        let event = EventId::from_u128(1);
        let sealed = parcel().seal(&seal::public_of(&[1; 32]), &[2; 32], event).unwrap();
        let opened = Parcel::open(&[1; 32], &event.to_string(), &sealed).unwrap();
        let committed = parcel().commitments();
        assert!(opened.fits(&committed) && opened.subject == "usr_1");
        assert!(Parcel::open(&[3; 32], &event.to_string(), &sealed).is_none());
        assert!(Parcel::open(&[1; 32], "aud_2", &sealed).is_none());
        let mut other = committed.clone();
        other.insert("ip".to_owned(), commitment(&[7; 32], "ip", "203.0.113.8"));
        assert!(!opened.fits(&other) && !opened.fits(&BTreeMap::new()));
        // Python: hashlib.sha256(b"proofline/pd/v1\0" + bytes([7])*32 + b"ip\0203.0.113.7").hexdigest()
        let expected = "4765c7f6f4cae90d9a3bbd47848e1e86334b2fe342faa43c9bfd56d7a87d5323";
        assert_eq!(committed["ip"].to_string(), expected);
    }

    #[test]
    fn a_pseudonym_is_of_one_person_in_one_tenant() {
        let of = |tenant, subject| pseudonym(TenantId::from_u128(tenant), subject);
        assert_eq!(of(1, "usr_1"), of(1, "usr_1"));
        assert_ne!(of(1, "usr_1"), of(2, "usr_1"));
        assert_ne!(of(1, "usr_1"), of(1, "usr_2"));
        assert_eq!(of(1, "usr_1").len(), 36);
    }
}
