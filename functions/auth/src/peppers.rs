//! The peppers of passwords: a new one every quarter, while every older one still verifies what it was used for.
//!
//! New hashes are made with the newest pepper that every process knows; a hash of an older one is made anew when its password is shown next. None
//! is ever destroyed: nobody knows when somebody signs in again.

use std::sync::{Arc, PoisonError, RwLock};

use domain::{Timestamp, auth::Pepper};
use ports::{KeyPurpose, Ports};
use store::{KEPT_FOR, KNOWN_AFTER, Keyring, KeyringError, ROTATED_AFTER};

/// The peppers that one process knows.
pub(crate) struct Peppers {
    ports: Ports,
    read: RwLock<Arc<Read>>,
}

/// What was read, and when.
struct Read {
    at: Timestamp,
    peppers: Vec<Made>,
}

#[derive(Clone)]
struct Made {
    version: u32,
    at: Timestamp,
    pepper: Arc<Pepper>,
}

impl Peppers {
    /// Reads them; the first was made when the keyring was opened.
    pub(crate) async fn open(ports: &Ports) -> Result<Self, KeyringError> {
        let read = read(ports, &[], ports.clock.now()).await?;
        Ok(Self { ports: ports.clone(), read: RwLock::new(Arc::new(read)) })
    }

    /// The one for new hashes.
    pub(crate) async fn current(&self) -> Result<Arc<Pepper>, KeyringError> {
        let now = self.ports.clock.now();
        let known = self.known();
        if now.since(known.at) >= KEPT_FOR
            && let Err(error) = self.read_again(now).await
        {
            tracing::warn!(error = %error, "the peppers were not read again");
        }
        let read = self.known();
        let current = read.peppers.iter().rev().find(|made| is_known(made.version, made.at, now));
        let current = current.or_else(|| read.peppers.first());
        let missing = KeyringError::NotHeld(KeyPurpose::Pepper.name());
        current.map(|made| Arc::clone(&made.pepper)).ok_or(missing)
    }

    /// The one with this name; another process may have made it since.
    pub(crate) async fn named(&self, id: &str) -> Result<Option<Arc<Pepper>>, KeyringError> {
        if let Some(pepper) = self.known().named(id) {
            return Ok(Some(pepper));
        }
        self.read_again(self.ports.clock.now()).await?;
        Ok(self.known().named(id))
    }

    /// Makes the next one when the newest is a quarter of a year old. Which it is, if it was time.
    pub(crate) async fn rotate(&self, now: Timestamp) -> Result<Option<u32>, KeyringError> {
        self.read_again(now).await?;
        let known = self.known();
        let Some(newest) = known.peppers.last() else { return Ok(None) };
        if now.since(newest.at) < ROTATED_AFTER {
            return Ok(None);
        }
        let next = newest.version.saturating_add(1);
        Keyring::seed_version(&self.ports, KeyPurpose::Pepper, next).await?;
        self.read_again(now).await?;
        Ok(Some(next))
    }

    async fn read_again(&self, now: Timestamp) -> Result<(), KeyringError> {
        let read = read(&self.ports, &self.known().peppers, now).await?;
        *self.read.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(read);
        Ok(())
    }

    fn known(&self) -> Arc<Read> {
        Arc::clone(&self.read.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Read {
    fn named(&self, id: &str) -> Option<Arc<Pepper>> {
        let named = self.peppers.iter().find(|made| made.pepper.id == id);
        named.map(|made| Arc::clone(&made.pepper))
    }
}

/// Whether every process has read it. The first has nobody to wait for.
fn is_known(version: u32, made_at: Timestamp, now: Timestamp) -> bool {
    version <= 1 || made_at.plus(KNOWN_AFTER) <= now
}

/// In the order of their numbers; unwraps what is new.
async fn read(ports: &Ports, known: &[Made], now: Timestamp) -> Result<Read, KeyringError> {
    let mut peppers = Vec::new();
    for (version, at) in Keyring::versions(ports, KeyPurpose::Pepper).await? {
        let before = known.iter().find(|made| made.version == version);
        peppers.push(if let Some(made) = before {
            made.clone()
        } else {
            let key = Keyring::seed_version(ports, KeyPurpose::Pepper, version).await?;
            Made { version, at, pepper: Arc::new(Pepper { id: format!("pp-{version}"), key }) }
        });
    }
    Ok(Read { at: now, peppers })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pepper_is_used_when_every_process_knows_it_and_the_first_at_once() {
        let at = Timestamp::from_unix_s;
        assert!(is_known(1, at(100), at(100)));
        assert!(!is_known(2, at(100), at(100 + 1_199)));
        assert!(is_known(2, at(100), at(100 + 1_200)));
    }
}
