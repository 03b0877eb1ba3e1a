//! The next key of records: made when it is time, and those before it retired when everything is signed with it.

use ports::{CommitError, Container, Refusal, Write};
use protocol::key::Ed25519Key;

use super::{
    keys::{AccessKeys, PURPOSE, Signs},
    retirement::Retirement,
};
use crate::{
    KeyringError, ROTATED_AFTER,
    keyring::{self, at_rest, line::Link},
};

/// Numbers that are tried for the next key: whoever writes to the keyring may have taken some.
const NUMBERS_MAX: u32 = 16;

impl AccessKeys {
    /// The newest key, if there was one before it: its number and its thumbprint.
    pub(super) async fn successor(&self) -> Result<Option<(u32, String)>, KeyringError> {
        let read = self.read_again(self.ports.clock.now()).await?;
        Ok(read.line.successor().map(|link| (link.version, link.kid.clone())))
    }

    /// The key under which everything is to be signed again, if it is time: its number and its thumbprint.
    pub(super) async fn to_sign_again(&self) -> Result<Option<(u32, String)>, KeyringError> {
        let now = self.ports.clock.now();
        let read = self.read_again(now).await?;
        Ok(read.line.to_sign_again(now).map(|link| (link.version, link.kid.clone())))
    }

    /// Makes the next key when the newest is a quarter of a year old; two who do it at once make one.
    pub(super) async fn rotate(&self) -> Result<(), KeyringError> {
        let now = self.ports.clock.now();
        let read = self.read_again(now).await?;
        let Some(newest) = read.line.newest() else { return Ok(()) };
        if !matches!(self.signs, Signs::AsItIsTime)
            || now.since(newest.record.created_at) < ROTATED_AFTER
        {
            return Ok(());
        }
        let key = read.unwrapped.get(&newest.kid);
        let key = key.ok_or(KeyringError::NotHeld(PURPOSE.name()))?;
        for version in (1..=NUMBERS_MAX).map(|n| newest.version.saturating_add(n)) {
            match self.make(key, version).await {
                Err(KeyringError::Storage(CommitError::Refused {
                    refusal: Refusal::Exists,
                    ..
                })) => {
                    let again = self.read_again(now).await?;
                    if again.line.newest().is_some_and(|other| other.kid != newest.kid) {
                        return Ok(());
                    }
                    tracing::error!(
                        alarm = "access-key",
                        version,
                        "a key in the keyring is no key of ours"
                    );
                }
                other => return other,
            }
        }
        Err(KeyringError::Unreadable(PURPOSE.name()))
    }

    async fn make(&self, before: &Ed25519Key, version: u32) -> Result<(), KeyringError> {
        let unreadable = || KeyringError::Unreadable(PURPOSE.name());
        let made = at_rest::make(&self.ports, PURPOSE).await?;
        let next = Link::new(version, made).and_then(|next| next.endorsed(before));
        let next = next.ok_or_else(unreadable)?;
        let id = format!("{}-{version}", PURPOSE.name());
        let write = vec![Write::Create(at_rest::document(&id, &next.record)?)];
        let documents = &self.ports.documents;
        documents.commit(Container::Keyring, &keyring::partition(), write).await?;
        Ok(())
    }

    /// Says, in the word of the key `kid`, that those before it count no more. Said twice is said once.
    pub(super) async fn retire_before(&self, kid: &str) -> Result<(), KeyringError> {
        let now = self.ports.clock.now();
        let read = self.read_again(now).await?;
        let link = read.line.to_sign_again(now).filter(|link| link.kid == kid);
        let Some(link) = link else { return Ok(()) };
        let key = self.unwrap(link).await?;
        let said = Retirement::by(&key, now).ok_or(KeyringError::Unreadable(PURPOSE.name()))?;
        said.keep(&self.ports, link).await?;
        // Unless what is kept there is not what was said.
        match self.read_again(now).await?.line.to_sign_again(now) {
            None => Ok(()),
            Some(_) => Err(KeyringError::Unreadable(PURPOSE.name())),
        }
    }
}
