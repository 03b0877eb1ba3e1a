//! A key at rest: made once in the word of the one before it, wrapped, and unwrapped for its holder.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ports::{
    Action, CommitError, Container, KeyPurpose, NewDocument, Ports, Refusal, StorageError, Write,
    rights,
};
use protocol::key::{Ed25519Key, Es256Key, Jwk, Signer as _};
use secrecy::{ExposeSecret as _, SecretBox};
use serde_json::Value;
use zeroize::Zeroizing;

use super::{
    KIND, KeyRecord, KeyringError,
    line::{self, Link},
    partition, records,
};

/// The secret half of one version of a key; made when there is none yet.
///
/// # Errors
/// * [`KeyringError::Unendorsed`]: somebody else put a key there.
/// * [`KeyringError::Exchanged`]; [`KeyringError::Key`]: the key store does not unwrap it.
pub(super) async fn open(
    ports: &Ports,
    purpose: KeyPurpose,
    version: u32,
) -> Result<SecretBox<[u8; 32]>, KeyringError> {
    let id = format!("{}-{version}", purpose.name());
    let record = match read(ports, &id).await? {
        Some(record) => record,
        None => create(ports, &id, successor(ports, purpose, version).await?).await?,
    };
    // Who else can write here could have put a key of his own choice there, wrapped as ours are.
    if version > 1 && record.public.is_some() {
        let made = before(ports, purpose, version).await?;
        let is_it =
            |link: &Link| link.version == version && Some(link.public.jwk()) == record.public;
        if !line::line(purpose, &made).iter().any(is_it) {
            return Err(KeyringError::Unendorsed(purpose.name()));
        }
    }
    unwrap(ports, purpose, &record).await
}

/// A new key, wrapped; kept nowhere yet.
pub(crate) async fn make(ports: &Ports, purpose: KeyPurpose) -> Result<KeyRecord, KeyringError> {
    let material = Zeroizing::new(ports.randomness.bytes::<32>());
    let wrapped = ports
        .keys
        .wrap(purpose, &material)
        .await
        .map_err(|error| KeyringError::Key(purpose.name(), error))?;
    Ok(KeyRecord {
        purpose,
        public: public_of(purpose, &material)?,
        wrapped: STANDARD.encode(wrapped),
        created_at: ports.clock.now(),
        endorsed: None,
    })
}

/// The document of a key, which is created once and never replaced.
pub(crate) fn document(id: &str, record: &KeyRecord) -> Result<NewDocument, KeyringError> {
    let body = serde_json::to_value(record).map(|value: Value| value.to_string());
    let body = body.map_err(|_| KeyringError::Unreadable(record.purpose.name()))?;
    Ok(NewDocument {
        id: id.to_owned(),
        kind: KIND.to_owned(),
        k1: None,
        k2: None,
        body,
        expires_at: None,
    })
}

/// The secret half of a key at rest, if it is the public half's.
pub(crate) async fn unwrap(
    ports: &Ports,
    purpose: KeyPurpose,
    record: &KeyRecord,
) -> Result<SecretBox<[u8; 32]>, KeyringError> {
    let unreadable = || KeyringError::Unreadable(purpose.name());
    let wrapped = STANDARD.decode(&record.wrapped).map_err(|_| unreadable())?;
    let material = ports
        .keys
        .unwrap(purpose, &wrapped)
        .await
        .map_err(|error| KeyringError::Key(purpose.name(), error))?;
    let material = <[u8; 32]>::try_from(material.expose_secret()).map_err(|_| unreadable())?;
    let material = SecretBox::new(Box::new(material));
    if public_of(purpose, material.expose_secret())? == record.public {
        Ok(material)
    } else {
        Err(KeyringError::Exchanged(purpose.name()))
    }
}

/// A new key, in the word of the last one before it if others verify with it.
async fn successor(
    ports: &Ports,
    purpose: KeyPurpose,
    version: u32,
) -> Result<KeyRecord, KeyringError> {
    let made = make(ports, purpose).await?;
    if version <= 1 || made.public.is_none() {
        return Ok(made);
    }
    let unreadable = || KeyringError::Unreadable(purpose.name());
    let line = line::line(purpose, &before(ports, purpose, version).await?);
    let last = line.last().ok_or_else(unreadable)?;
    let secret = unwrap(ports, purpose, &last.record).await?;
    let next = Link::new(version, made).ok_or_else(unreadable)?;
    let next = match &last.record.public {
        Some(Jwk::Ed25519(_)) => next.endorsed(&Ed25519Key::from_seed(secret.expose_secret())),
        Some(Jwk::P256 { .. }) => {
            let key = Es256Key::from_seed(secret.expose_secret()).map_err(|_| unreadable())?;
            next.endorsed(&key)
        }
        Some(Jwk::X25519(_)) | None => None,
    };
    next.map(|next| next.record).ok_or_else(unreadable)
}

/// The keys up to this version, whether they count or not. Not everybody may list them.
async fn before(
    ports: &Ports,
    purpose: KeyPurpose,
    version: u32,
) -> Result<Vec<(u32, KeyRecord)>, KeyringError> {
    if rights::documents(ports.identity, Container::Keyring, Action::Query).is_ok() {
        return records(ports).await;
    }
    let mut made = Vec::new();
    for number in 1..=version {
        let record = read(ports, &format!("{}-{number}", purpose.name())).await?;
        made.extend(record.map(|record| (number, record)));
    }
    Ok(made)
}

async fn read(ports: &Ports, id: &str) -> Result<Option<KeyRecord>, KeyringError> {
    let stored = ports.documents.read(Container::Keyring, &partition(), id).await;
    let Some(stored) = stored.map_err(CommitError::from)? else { return Ok(None) };
    let record = serde_json::from_str(&stored.document.body);
    record.map(Some).map_err(|_| KeyringError::Unreadable(KIND))
}

/// Creates the document, and gives what is there.
async fn create(ports: &Ports, id: &str, made: KeyRecord) -> Result<KeyRecord, KeyringError> {
    let write = vec![Write::Create(document(id, &made)?)];
    match ports.documents.commit(Container::Keyring, &partition(), write).await {
        Ok(_) => Ok(made),
        // Another process was first, or our own answer was lost: what is stored counts.
        Err(
            CommitError::Refused { refusal: Refusal::Exists, .. }
            | CommitError::Storage(StorageError::Unavailable(_)),
        ) => read(ports, id).await?.ok_or(KeyringError::Unreadable(KIND)),
        Err(error) => Err(error.into()),
    }
}

fn public_of(purpose: KeyPurpose, material: &[u8; 32]) -> Result<Option<Jwk>, KeyringError> {
    use KeyPurpose as K;
    match purpose {
        K::AccessToken | K::ControlPlaneRoot | K::Command | K::Receipt => {
            let key = Es256Key::from_seed(material)
                .map_err(|_| KeyringError::Unreadable(purpose.name()))?;
            Ok(Some(key.public().jwk()))
        }
        K::AuthIntent
        | K::RunsIntent
        | K::AuditIntent
        | K::PurgeIntent
        | K::AccessRecords
        | K::Export
        | K::Checkpoint => Ok(Some(Ed25519Key::from_seed(material).public().jwk())),
        K::Disclosure => Ok(Some(Jwk::X25519(seal::public_of(material)))),
        K::RefreshToken | K::LoginIndex | K::Pepper | K::SubjectKeys => Ok(None),
        K::Directory | K::AuthFields => Err(KeyringError::NotHeld(purpose.name())),
    }
}
