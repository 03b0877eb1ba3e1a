//! An app's own keys: made once, wrapped at rest, unwrapped at start. No key store is called for them while requests are answered.

pub(crate) mod at_rest;
pub(crate) mod line;

use std::collections::BTreeMap;

use domain::{TenantId, Timestamp, auth::PublishedKey};
use ports::{
    CommitError, Container, KEYS, KeyError, KeyPurpose, PartitionKey, Ports, Query, Stored,
};
use protocol::key::{Ed25519Key, Es256Key, Jwk};
use secrecy::{ExposeSecret, SecretBox};
use serde::{Deserialize, Serialize};

use crate::StoreError;

pub use line::Endorsement;

/// Why an app has no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// The key store refused or did not answer.
    #[error("key {0} cannot be used")]
    Key(&'static str, #[source] KeyError),
    /// Storage refused or did not answer.
    #[error("the keyring cannot be read or written")]
    Storage(#[from] CommitError),
    /// What is stored is not a key.
    #[error("key {0} is stored in a form that this version does not know")]
    Unreadable(&'static str),
    /// Nobody can tell whose key wraps a tenant's keys.
    #[error("the tenant's record cannot be read")]
    Tenant(#[source] StoreError),
    /// A tenant's key is wrapped by a key that the tenant did not name.
    #[error("key {0} is wrapped by a key that its tenant never named")]
    Foreign(&'static str),
    /// The settings name another key.
    #[error(
        "no version of key {0} is the one that the settings pin; correct PROOFLINE_ACCESS_KEYS"
    )]
    Unpinned(&'static str),
    /// The identity does not hold the key.
    #[error("this app does not hold key {0}")]
    NotHeld(&'static str),
    /// A key has this number that is none of ours: the one before did not say that it is the next.
    #[error("key {0} has a version that no key of ours endorsed; it is not used")]
    Unendorsed(&'static str),
    /// The secret half at rest belongs to another key than the public half.
    #[error("key {0} unwraps to another key than the one that it says; it is not used")]
    Exchanged(&'static str),
}

/// A key at rest: its public half in the clear, its secret half wrapped.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct KeyRecord {
    /// What it is for.
    pub purpose: KeyPurpose,
    /// The public key; `None` for symmetric keys.
    pub public: Option<Jwk>,
    /// 32 bytes of key material, wrapped by the purpose's wrapping key; base64.
    pub wrapped: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// That the key before says that this is the next; of every key but the first that others verify with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endorsed: Option<Endorsement>,
}

/// The keys that one identity holds, unwrapped.
pub struct Keyring {
    keys: BTreeMap<KeyPurpose, SecretBox<[u8; 32]>>,
}

/// The public keys of every app that count: the first of each purpose, and those that follow in the word of the one before.
#[derive(Clone, Debug, Default)]
pub struct PublicKeys {
    keys: BTreeMap<KeyPurpose, BTreeMap<u32, Published>>,
}

/// One version of a key.
#[derive(Clone, Debug)]
struct Published {
    jwk: Jwk,
    at: Timestamp,
}

impl Keyring {
    /// Unwraps every key that the identity of `ports` holds; makes those that do not exist. Kept keys stay where they are, and tenants' keys are
    /// opened when they are needed ([`FieldKeys`](crate::FieldKeys)).
    ///
    /// # Errors
    /// One variant for each of the parts that can refuse.
    pub async fn open(ports: &Ports) -> Result<Self, KeyringError> {
        let mut keys = BTreeMap::new();
        let held = KEYS.iter().filter(|(_, holder)| *holder == ports.identity);
        let own = held.filter(|(purpose, _)| !purpose.is_kept() && !purpose.is_of_tenants());
        for (purpose, _) in own {
            keys.insert(*purpose, at_rest::open(ports, *purpose, 1).await?);
        }
        Ok(Self { keys })
    }

    /// An ES256 key of one version (from 1) of a purpose that `ports` may unwrap; made, and published with that, when there is none yet.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn es256_version(
        ports: &Ports,
        purpose: KeyPurpose,
        version: u32,
    ) -> Result<Es256Key, KeyringError> {
        let material = at_rest::open(ports, purpose, version).await?;
        let key = Es256Key::from_seed(material.expose_secret());
        key.map_err(|_| KeyringError::Unreadable(purpose.name()))
    }

    /// The seed of an Ed25519 key of one version (from 1) of a purpose that `ports` may unwrap; made, and published with that, when there is none yet.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn seed_version(
        ports: &Ports,
        purpose: KeyPurpose,
        version: u32,
    ) -> Result<SecretBox<[u8; 32]>, KeyringError> {
        at_rest::open(ports, purpose, version).await
    }

    /// The versions of a purpose that were made, each with its time, in the order of their numbers.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn versions(
        ports: &Ports,
        purpose: KeyPurpose,
    ) -> Result<Vec<(u32, Timestamp)>, KeyringError> {
        let mut versions = Vec::new();
        for (version, record) in records(ports).await? {
            if record.purpose == purpose {
                versions.push((version, record.created_at));
            }
        }
        versions.sort_unstable();
        Ok(versions)
    }

    /// The 32 bytes of a symmetric key, or of an Ed25519 seed.
    ///
    /// # Errors
    /// * [`KeyringError::NotHeld`].
    pub fn material(&self, purpose: KeyPurpose) -> Result<&[u8; 32], KeyringError> {
        self.keys
            .get(&purpose)
            .map(ExposeSecret::expose_secret)
            .ok_or(KeyringError::NotHeld(purpose.name()))
    }

    /// An Ed25519 key.
    ///
    /// # Errors
    /// * [`KeyringError::NotHeld`].
    pub fn ed25519(&self, purpose: KeyPurpose) -> Result<Ed25519Key, KeyringError> {
        Ok(Ed25519Key::from_seed(self.material(purpose)?))
    }

    /// An ES256 key.
    ///
    /// # Errors
    /// * [`KeyringError::NotHeld`], [`KeyringError::Unreadable`].
    pub fn es256(&self, purpose: KeyPurpose) -> Result<Es256Key, KeyringError> {
        Es256Key::from_seed(self.material(purpose)?)
            .map_err(|_| KeyringError::Unreadable(purpose.name()))
    }
}

impl PublicKeys {
    /// Reads what is there now; a key made later needs another read.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn read(ports: &Ports) -> Result<Self, KeyringError> {
        let made = records(ports).await?;
        let mut keys = BTreeMap::<_, BTreeMap<_, _>>::new();
        for (purpose, _) in KEYS {
            for (version, record) in line::counting(*purpose, &made) {
                if let Some(jwk) = record.public {
                    let published = Published { jwk, at: record.created_at };
                    keys.entry(*purpose).or_default().insert(version, published);
                }
            }
        }
        Ok(Self { keys })
    }

    /// The newest public key for `purpose`, once its holder has started.
    pub fn jwk(&self, purpose: KeyPurpose) -> Option<&Jwk> {
        self.keys.get(&purpose)?.values().next_back().map(|published| &published.jwk)
    }

    /// One version of the public key for `purpose`.
    pub fn version(&self, purpose: KeyPurpose, version: u32) -> Option<&Jwk> {
        self.keys.get(&purpose)?.get(&version).map(|published| &published.jwk)
    }

    /// When one version of the key for `purpose` was made.
    pub fn made_at(&self, purpose: KeyPurpose, version: u32) -> Option<Timestamp> {
        self.keys.get(&purpose)?.get(&version).map(|published| published.at)
    }

    /// Every version of the public key for `purpose`, oldest first.
    pub fn versions(&self, purpose: KeyPurpose) -> impl Iterator<Item = &Jwk> {
        let versions = self.keys.get(&purpose).into_iter().flat_map(BTreeMap::values);
        versions.map(|published| &published.jwk)
    }

    /// Every public key for `purpose`, the first that was made first.
    pub fn every(&self, purpose: KeyPurpose) -> impl Iterator<Item = &Jwk> {
        self.keys.get(&purpose).into_iter().flat_map(BTreeMap::values).map(|key| &key.jwk)
    }

    /// The keys with which tokens may be signed that count at `now`: the one that signs, the next one, and the last one for a while.
    pub fn access_tokens(&self, now: Timestamp) -> Vec<(PublishedKey, &Jwk)> {
        let versions = self.keys.get(&KeyPurpose::AccessToken).into_iter().flatten();
        let keys: Vec<_> = versions
            .map(|(version, published)| {
                let key = PublishedKey { version: *version, published_at: published.at };
                (key, &published.jwk)
            })
            .collect();
        let all: Vec<_> = keys.iter().map(|(key, _)| *key).collect();
        keys.into_iter().filter(|(key, _)| !key.is_retired(&all, now)).collect()
    }

    /// Every public key.
    pub fn all(&self) -> impl Iterator<Item = (KeyPurpose, &Jwk)> {
        self.keys.iter().flat_map(|(purpose, versions)| {
            versions.values().map(|published| (*purpose, &published.jwk))
        })
    }
}

/// Which version of the key for checkpoints signs the logs of a rotation.
pub const fn log_key_version(rotation: u32) -> u32 {
    rotation.saturating_add(1)
}

const KIND: &str = "key";

pub(crate) fn partition() -> PartitionKey {
    PartitionKey::new(TenantId::SYSTEM, "0")
}

/// Every key of every app, with its version.
pub(crate) async fn records(ports: &Ports) -> Result<Vec<(u32, KeyRecord)>, KeyringError> {
    let query = Query { kind: KIND.to_owned(), limit: 1000, ..Query::default() };
    let page = ports.documents.query(Container::Keyring, &partition(), &query).await;
    let parse = |stored: Stored| {
        let record = serde_json::from_str(&stored.document.body).ok()?;
        Some((version_of(&stored.document.id)?, record))
    };
    let page = page.map_err(CommitError::from)?;
    let records = page.documents.into_iter().map(parse).collect::<Option<_>>();
    records.ok_or(KeyringError::Unreadable(KIND))
}

/// The version that an id such as `access-token-2` names.
fn version_of(id: &str) -> Option<u32> {
    id.rsplit_once('-')?.1.parse().ok()
}
