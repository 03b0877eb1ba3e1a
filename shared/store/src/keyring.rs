//! An app's own keys: made once, wrapped at rest, unwrapped at start. No key store is called while requests are answered.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::{TenantId, Timestamp};
use ports::{
    CommitError, Container, KEYS, KeyError, KeyPurpose, NewDocument, PartitionKey, Ports, Query,
    Refusal, StorageError, Write,
};
use protocol::key::{Ed25519Key, Es256Key, Jwk, Signer as _};
use secrecy::{ExposeSecret, SecretBox};
use serde::{Deserialize, Serialize};
use serde_json::Value;

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
    /// The identity does not hold the key.
    #[error("this app does not hold key {0}")]
    NotHeld(&'static str),
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
}

/// The keys that one identity holds, unwrapped.
pub struct Keyring {
    keys: BTreeMap<KeyPurpose, SecretBox<[u8; 32]>>,
}

/// The public keys of every app.
#[derive(Clone, Debug, Default)]
pub struct PublicKeys {
    keys: BTreeMap<KeyPurpose, Jwk>,
}

impl Keyring {
    /// Unwraps every key that the identity of `ports` holds; makes those that do not exist. Kept keys stay where they are.
    ///
    /// # Errors
    /// One variant for each of the parts that can refuse.
    pub async fn open(ports: &Ports) -> Result<Self, KeyringError> {
        let mut keys = BTreeMap::new();
        let held = KEYS.iter().filter(|(_, holder)| *holder == ports.identity);
        for (purpose, _) in held.filter(|(purpose, _)| !purpose.is_kept()) {
            keys.insert(*purpose, open_key(ports, *purpose).await?);
        }
        Ok(Self { keys })
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
        let query = Query { kind: KIND.to_owned(), limit: 1000, ..Query::default() };
        let page = ports
            .documents
            .query(Container::Keyring, &partition(), &query)
            .await
            .map_err(CommitError::from)?;
        let mut keys = BTreeMap::new();
        for stored in page.documents {
            let record: KeyRecord = serde_json::from_str(&stored.document.body)
                .map_err(|_| KeyringError::Unreadable(KIND))?;
            keys.extend(record.public.map(|public| (record.purpose, public)));
        }
        Ok(Self { keys })
    }

    /// The public key for `purpose`, once its holder has started.
    pub fn jwk(&self, purpose: KeyPurpose) -> Option<&Jwk> {
        self.keys.get(&purpose)
    }

    /// Every public key.
    pub fn all(&self) -> impl Iterator<Item = (KeyPurpose, &Jwk)> {
        self.keys.iter().map(|(purpose, jwk)| (*purpose, jwk))
    }
}

const KIND: &str = "key";

fn partition() -> PartitionKey {
    PartitionKey::new(TenantId::SYSTEM, "0")
}

async fn open_key(ports: &Ports, purpose: KeyPurpose) -> Result<SecretBox<[u8; 32]>, KeyringError> {
    let id = format!("{}-1", purpose.name());
    let refused = |error| KeyringError::Storage(CommitError::Storage(error));
    if let Some(stored) =
        ports.documents.read(Container::Keyring, &partition(), &id).await.map_err(refused)?
    {
        return unwrap(ports, purpose, &stored.document.body).await;
    }
    let made = make(ports, purpose, &id).await?;
    let body = made.body.clone();
    match ports.documents.commit(Container::Keyring, &partition(), vec![Write::Create(made)]).await
    {
        Ok(_) => unwrap(ports, purpose, &body).await,
        // Another process was first, or our own answer was lost: what is stored counts.
        Err(
            CommitError::Refused { refusal: Refusal::Exists, .. }
            | CommitError::Storage(StorageError::Unavailable(_)),
        ) => {
            let stored = ports
                .documents
                .read(Container::Keyring, &partition(), &id)
                .await
                .map_err(refused)?;
            let stored = stored.ok_or(KeyringError::Unreadable(purpose.name()))?;
            unwrap(ports, purpose, &stored.document.body).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn make(ports: &Ports, purpose: KeyPurpose, id: &str) -> Result<NewDocument, KeyringError> {
    let material = ports.randomness.bytes::<32>();
    let wrapped = ports
        .keys
        .wrap(purpose, &material)
        .await
        .map_err(|error| KeyringError::Key(purpose.name(), error))?;
    let record = KeyRecord {
        purpose,
        public: public_of(purpose, &material)?,
        wrapped: STANDARD.encode(wrapped),
        created_at: ports.clock.now(),
    };
    let body = serde_json::to_value(&record).map(|value: Value| value.to_string());
    let body = body.map_err(|_| KeyringError::Unreadable(purpose.name()))?;
    Ok(NewDocument {
        id: id.to_owned(),
        kind: KIND.to_owned(),
        k1: None,
        k2: None,
        body,
        expires_at: None,
    })
}

fn public_of(purpose: KeyPurpose, material: &[u8; 32]) -> Result<Option<Jwk>, KeyringError> {
    use KeyPurpose as K;
    match purpose {
        K::AccessToken | K::ControlPlaneRoot | K::Command | K::Receipt => {
            let key = Es256Key::from_seed(material)
                .map_err(|_| KeyringError::Unreadable(purpose.name()))?;
            Ok(Some(key.public().jwk()))
        }
        K::AuthIntent | K::RunsIntent | K::AuditIntent | K::Export | K::Checkpoint => {
            Ok(Some(Ed25519Key::from_seed(material).public().jwk()))
        }
        K::RefreshToken | K::LoginIndex | K::Pepper | K::AuthFields => Ok(None),
        K::Directory => Err(KeyringError::NotHeld(purpose.name())),
    }
}

async fn unwrap(
    ports: &Ports,
    purpose: KeyPurpose,
    body: &str,
) -> Result<SecretBox<[u8; 32]>, KeyringError> {
    let unreadable = || KeyringError::Unreadable(purpose.name());
    let record: KeyRecord = serde_json::from_str(body).map_err(|_| unreadable())?;
    let wrapped = STANDARD.decode(&record.wrapped).map_err(|_| unreadable())?;
    let material = ports
        .keys
        .unwrap(purpose, &wrapped)
        .await
        .map_err(|error| KeyringError::Key(purpose.name(), error))?;
    let material = <[u8; 32]>::try_from(material.expose_secret()).map_err(|_| unreadable())?;
    Ok(SecretBox::new(Box::new(material)))
}
