//! The keys that access tokens are signed with: a new one every week, without a request that fails for it.
//!
//! Which one signs is a matter of time alone (`domain::auth::PublishedKey`), so that all instances agree without asking each other. Each reads
//! the list again now and then, on the way of a request; if that fails, it goes on with what it has.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use domain::{Timestamp, auth::PublishedKey};
use ports::{KeyPurpose, Ports};
use protocol::key::{Es256Key, Jwk, Signer as _};
use store::{Keyring, KeyringError, PublicKeys};

/// How old the list may become: far less than a key is published ahead.
const READ_EVERY: Duration = Duration::from_mins(10);

/// Numbers that are tried for the next key.
const NUMBERS_MAX: u32 = 16;

/// The keys of access tokens.
pub(crate) struct SigningKeys {
    ports: Ports,
    read: RwLock<Arc<Read>>,
}

/// What was read, and when.
struct Read {
    at: Timestamp,
    published: Vec<(PublishedKey, Jwk)>,
    unwrapped: Vec<(u32, Arc<Es256Key>)>,
}

impl SigningKeys {
    /// Reads the list; the first key was made when the keyring was opened.
    pub(crate) async fn open(ports: &Ports) -> Result<Self, KeyringError> {
        let read = read(ports, &[], ports.clock.now()).await?;
        Ok(Self { ports: ports.clone(), read: RwLock::new(Arc::new(read)) })
    }

    /// The key that signs at `now`.
    pub(crate) async fn current(&self, now: Timestamp) -> Result<Arc<Es256Key>, KeyringError> {
        let read = self.fresh(now).await;
        let all: Vec<_> = read.published.iter().map(|(key, _)| *key).collect();
        let unknown = || KeyringError::NotHeld(KeyPurpose::AccessToken.name());
        let signing = PublishedKey::signing(&all, now).ok_or_else(unknown)?;
        let key = read.unwrapped.iter().find(|(version, _)| *version == signing.version);
        key.map(|(_, key)| Arc::clone(key)).ok_or_else(unknown)
    }

    /// What verifiers are told: the key that signs, the next one, and the last one for a while.
    pub(crate) async fn published(&self, now: Timestamp) -> Vec<Jwk> {
        self.fresh(now).await.published.iter().map(|(_, jwk)| *jwk).collect()
    }

    /// Publishes the next key if it is time. Whether it was.
    pub(crate) async fn rotate(&self, now: Timestamp) -> Result<Option<u32>, KeyringError> {
        let keys = PublicKeys::read(&self.ports).await?;
        let all: Vec<_> = keys.access_tokens(now).into_iter().map(|(key, _)| key).collect();
        let Some(version) = PublishedKey::next_due(&all, now) else { return Ok(None) };
        for version in version..version.saturating_add(NUMBERS_MAX) {
            match Keyring::es256_version(&self.ports, KeyPurpose::AccessToken, version).await {
                Ok(_) => {
                    self.read_again(now).await?;
                    return Ok(Some(version));
                }
                // Somebody else wrote a key there, which counts for nothing.
                Err(error @ KeyringError::Unendorsed(_)) => {
                    tracing::error!(alarm = "keyring", version, error = %error, "a key is none of ours");
                }
                Err(error) => return Err(error),
            }
        }
        Err(KeyringError::Unendorsed(KeyPurpose::AccessToken.name()))
    }

    async fn fresh(&self, now: Timestamp) -> Arc<Read> {
        let read = self.known();
        if now.since(read.at) < READ_EVERY {
            return read;
        }
        if let Err(error) = self.read_again(now).await {
            tracing::warn!(error = %error, "the keys of access tokens were not read again");
        }
        self.known()
    }

    async fn read_again(&self, now: Timestamp) -> Result<(), KeyringError> {
        let known = self.known();
        let read = read(&self.ports, &known.unwrapped, now).await?;
        *self.read.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(read);
        Ok(())
    }

    fn known(&self) -> Arc<Read> {
        Arc::clone(&self.read.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Reads the list and unwraps what is new in it.
async fn read(
    ports: &Ports,
    known: &[(u32, Arc<Es256Key>)],
    now: Timestamp,
) -> Result<Read, KeyringError> {
    let keys = PublicKeys::read(ports).await?;
    let published: Vec<_> =
        keys.access_tokens(now).into_iter().map(|(key, jwk)| (key, *jwk)).collect();
    let mut unwrapped = Vec::new();
    for (key, _) in &published {
        let version = key.version;
        let old = known.iter().find(|(known, _)| *known == version).map(|(_, key)| Arc::clone(key));
        let key = match old {
            Some(key) => key,
            None => {
                Arc::new(Keyring::es256_version(ports, KeyPurpose::AccessToken, version).await?)
            }
        };
        tracing::debug!(version, kid = %key.kid(), "a key of access tokens");
        unwrapped.push((version, key));
    }
    Ok(Read { at: now, published, unwrapped })
}
