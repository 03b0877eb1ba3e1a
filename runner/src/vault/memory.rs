//! What the Runner remembers about itself, and what it obeys once.

use domain::Timestamp;
use protocol::{Digest, Nonce, key::Kid};
use rusqlite::{OptionalExtension as _, params};
use serde::{Serialize, de::DeserializeOwned};

use super::{Vault, VaultError, unreadable};

const LATEST: &str = "latest";

/// Whether a nonce was used before.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum NonceUse {
    /// Not yet.
    First,
    /// By the same command, which comes again.
    Again,
    /// By another one.
    Other,
}

impl Vault {
    /// What was remembered as `name`.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn recall<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, VaultError> {
        let sql = "SELECT value FROM meta WHERE name = ?1";
        let text: Option<String> =
            self.lock().query_row(sql, [name], |row| row.get(0)).optional()?;
        text.map(|text| serde_json::from_str(&text).map_err(unreadable)).transpose()
    }

    /// Remembers `value` as `name`, instead of what was remembered before.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn remember(&self, name: &str, value: &impl Serialize) -> Result<(), VaultError> {
        let text = serde_json::to_string(value).map_err(unreadable)?;
        self.lock().execute(
            "INSERT INTO meta VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2",
            params![name, text],
        )?;
        Ok(())
    }

    /// The latest time that any process of this Runner has had, `now` among them.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn latest(&self, now: Timestamp) -> Result<Timestamp, VaultError> {
        let text = serde_json::to_string(&now).map_err(unreadable)?;
        // Timestamps have one length, so the greater text is the later time.
        let latest: String = self.lock().query_row(
            "INSERT INTO meta VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value) RETURNING value",
            params![LATEST, text],
            |row| row.get(0),
        )?;
        serde_json::from_str(&latest).map_err(unreadable)
    }

    /// Uses up a nonce of the key `kid` for the command with the digest `by`, which alone may come again with it: so a process that was killed
    /// before it answered is told from somebody who repeats a request. It is forgotten once nothing with it counts any more.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn use_nonce(
        &self,
        kid: Kid,
        nonce: Nonce,
        by: Digest,
        forget_at: Timestamp,
        now: Timestamp,
    ) -> Result<NonceUse, VaultError> {
        let (kid, nonce) = (kid.to_string(), nonce.to_string());
        self.write(|transaction| {
            transaction.execute("DELETE FROM nonce WHERE forget_at <= ?1", [now.unix_us()])?;
            let added = transaction.execute(
                "INSERT OR IGNORE INTO nonce VALUES (?1, ?2, ?3)",
                params![kid, nonce, forget_at.unix_us()],
            )?;
            if added == 1 {
                let sql = "INSERT INTO begun VALUES (?1, ?2, ?3)";
                transaction.execute(sql, params![kid, nonce, by.0])?;
                return Ok(NonceUse::First);
            }
            let sql = "SELECT 1 FROM begun WHERE kid = ?1 AND nonce = ?2 AND command = ?3";
            let same =
                transaction.query_row(sql, params![kid, nonce, by.0], |_| Ok(())).optional()?;
            Ok(same.map_or(NonceUse::Other, |()| NonceUse::Again))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::tests::vault;

    #[test]
    fn a_nonce_counts_for_one_command_even_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let (kid, nonce) = (Kid([1; 32]), protocol::Base64Url([2; 16]));
        let (one, other) = (Digest::of("one"), Digest::of("other"));
        let at = Timestamp::from_unix_s;
        let first = vault(dir.path()).use_nonce(kid, nonce, one, at(100), at(1)).unwrap();
        assert_eq!(first, NonceUse::First);
        let reopened = vault(dir.path());
        let used =
            |kid, by, now| reopened.use_nonce(kid, nonce, by, at(now + 100), at(now)).unwrap();
        assert_eq!(used(kid, one, 99), NonceUse::Again);
        assert_eq!(used(kid, other, 99), NonceUse::Other);
        assert_eq!(used(Kid([3; 32]), other, 99), NonceUse::First);
        assert_eq!(used(kid, other, 100), NonceUse::First);
        assert_eq!(used(kid, one, 101), NonceUse::Other);
    }
}
