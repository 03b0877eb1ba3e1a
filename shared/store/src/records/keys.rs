//! The keys of one process: which signatures under records count, and with which key it signs itself.
//!
//! The keyring is read again now and then, and when a signature names a key that is not known yet, so that the next key may sign as soon as it is
//! due. If it cannot be read, a process goes on with what it has; one that signs does so for an hour.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock, PoisonError, RwLock},
};

use domain::Timestamp;
use ports::{KeyPurpose, Ports};
use protocol::key::{Ed25519Key, PublicKey, Signer as _};
use secrecy::ExposeSecret as _;

use super::{
    line::{self, Line},
    retirement::Retirement,
};
use crate::{
    KEPT_FOR, KeyRecord, KeyringError, SETTLED_AFTER, StoreError,
    keyring::{self, at_rest, line::Link},
};

pub(super) const PURPOSE: KeyPurpose = KeyPurpose::AccessRecords;
/// The keys that one process knows.
pub(super) struct AccessKeys {
    pub(super) ports: Ports,
    pub(super) signs: Signs,
    /// The thumbprints that the settings name; empty when they name none.
    pinned: Vec<String>,
    /// The first key that was found, where the settings name none: whoever changes the keyring later changes nothing here.
    found: OnceLock<String>,
    read: RwLock<Option<Arc<Read>>>,
}

/// With what this process signs.
pub(super) enum Signs {
    /// Nothing: it reads.
    Never,
    /// One key, whatever happens.
    With(Arc<Ed25519Key>),
    /// The line's newest key that every process knows.
    AsItIsTime,
}

/// What was read, and when.
pub(super) struct Read {
    at: Timestamp,
    pub(super) line: Line,
    pub(super) unwrapped: BTreeMap<String, Arc<Ed25519Key>>,
}

impl AccessKeys {
    pub(super) fn new(ports: &Ports, signs: Signs, pinned: Vec<String>) -> Self {
        let (found, read) = (OnceLock::new(), RwLock::default());
        Self { ports: ports.clone(), signs, pinned, found, read }
    }

    /// Reads them, and makes sure that there is one to sign with.
    ///
    /// # Errors
    /// * [`KeyringError::Unpinned`]: no key of the keyring is the one that the settings pin last.
    /// * [`KeyringError::Exchanged`]; [`KeyringError::Key`]: the key store does not unwrap it.
    pub(super) async fn open(&self) -> Result<(), KeyringError> {
        let now = self.ports.clock.now();
        let read = self.read_again(now).await?;
        let newest = read.line.signing(now).next();
        let link = newest.ok_or(KeyringError::Unpinned(PURPOSE.name()))?;
        if !read.unwrapped.contains_key(&link.kid) {
            self.unwrap(link).await?;
            self.read_again(now).await?;
        }
        let (kid, version) = (link.kid.as_str(), link.version);
        tracing::info!(kid, version, "records of access are signed with this key");
        Ok(())
    }

    /// The key with this thumbprint; `None` when it is not one that counts.
    pub(super) async fn verifying(&self, kid: &str) -> Result<Option<PublicKey>, StoreError> {
        if let Signs::With(key) = &self.signs
            && key.kid().to_string() == kid
        {
            return Ok(Some(key.public().clone()));
        }
        let now = self.ports.clock.now();
        let read = self.fresh(now).await?;
        if let Some(key) = read.line.counting(kid, now) {
            return Ok(Some(key.clone()));
        }
        // Another process made it since.
        let read = self.read_again(now).await.map_err(unavailable)?;
        Ok(read.line.counting(kid, now).cloned())
    }

    /// The key to sign with.
    ///
    /// # Errors
    /// * [`StoreError::Unreadable`]: this process signs nothing.
    /// * [`StoreError::Unavailable`]: it cannot know any more with which.
    pub(super) async fn signing(&self) -> Result<Arc<Ed25519Key>, StoreError> {
        match &self.signs {
            Signs::Never => {
                Err(StoreError::Unreadable("this identity signs no access records".to_owned()))
            }
            Signs::With(key) => Ok(Arc::clone(key)),
            Signs::AsItIsTime => {
                let now = self.ports.clock.now();
                self.fresh(now).await?.signer(now).ok_or_else(|| {
                    StoreError::Unavailable("no key of access records can be used".to_owned())
                })
            }
        }
    }

    async fn fresh(&self, now: Timestamp) -> Result<Arc<Read>, StoreError> {
        let Some(read) = self.known() else {
            return self.read_again(now).await.map_err(unavailable);
        };
        if now.since(read.at) < KEPT_FOR {
            return Ok(read);
        }
        match self.read_again(now).await {
            Ok(read) => Ok(read),
            Err(error) => {
                tracing::warn!(error = %error, "the keys of access records were not read again");
                Ok(read)
            }
        }
    }

    pub(super) async fn read_again(&self, now: Timestamp) -> Result<Arc<Read>, KeyringError> {
        let made = keyring::records(&self.ports).await?;
        let mut line = Line::follow(&self.anchor(&made), &made);
        if line.is_long() {
            line = line.with_retirements(Retirement::all(&self.ports).await?);
        }
        let unwrapped = self.unwrapped(&line, now).await;
        let read = Arc::new(Read { at: now, line, unwrapped });
        *self.read.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&read));
        Ok(read)
    }

    /// What the line begins with.
    fn anchor(&self, made: &[(u32, KeyRecord)]) -> Vec<String> {
        if !self.pinned.is_empty() {
            return self.pinned.clone();
        }
        if let Signs::With(key) = &self.signs {
            return vec![key.kid().to_string()];
        }
        let first = keyring::line::links(PURPOSE, made).into_iter().next();
        if let (None, Some(first)) = (self.found.get(), first) {
            // Two who look at once find the same.
            let _taken = self.found.set(first.kid);
        }
        self.found.get().into_iter().cloned().collect()
    }

    /// The secret halves of the key that signs and of those to come; none for a process that only reads.
    async fn unwrapped(&self, line: &Line, now: Timestamp) -> BTreeMap<String, Arc<Ed25519Key>> {
        let mut unwrapped = BTreeMap::new();
        if !matches!(self.signs, Signs::AsItIsTime) {
            return unwrapped;
        }
        let known = self.known();
        let held = |kid: &str| known.as_ref().and_then(|known| known.unwrapped.get(kid)).cloned();
        for link in line.wanted(now) {
            let key = match held(&link.kid) {
                Some(key) => Ok(key),
                None => self.unwrap(link).await.map(Arc::new),
            };
            match key {
                Ok(key) => drop(unwrapped.insert(link.kid.clone(), key)),
                Err(error) => {
                    tracing::error!(kid = link.kid, error = %error, "a key of access records cannot be used");
                }
            }
        }
        // What signed until now goes on while the next cannot be had.
        for link in line.signing(now) {
            if let Some(key) = held(&link.kid) {
                unwrapped.entry(link.kid.clone()).or_insert(key);
            }
        }
        unwrapped
    }

    /// The secret half.
    pub(super) async fn unwrap(&self, link: &Link) -> Result<Ed25519Key, KeyringError> {
        let seed = at_rest::unwrap(&self.ports, PURPOSE, &link.record).await?;
        Ok(Ed25519Key::from_seed(seed.expose_secret()))
    }

    fn known(&self) -> Option<Arc<Read>> {
        self.read.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Read {
    /// The newest key that every process knows. An older one signs while it cannot be had, but not when everything should be signed with the
    /// newer one already; nor does a process that has not heard for so long.
    fn signer(&self, now: Timestamp) -> Option<Arc<Ed25519Key>> {
        if now.since(self.at) >= SETTLED_AFTER {
            return None;
        }
        for link in self.line.signing(now) {
            if let Some(key) = self.unwrapped.get(&link.kid) {
                return Some(Arc::clone(key));
            }
            if line::is_settled(link, now) {
                return None;
            }
        }
        None
    }
}

fn unavailable(error: KeyringError) -> StoreError {
    StoreError::Unavailable(error.to_string())
}
