//! What the Runner remembers about itself, and what it obeys once.

use domain::Timestamp;
use protocol::{Nonce, key::Kid};
use rusqlite::{OptionalExtension as _, params};
use serde::{Serialize, de::DeserializeOwned};

use super::{Vault, VaultError, unreadable};

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

    /// Uses up a nonce of the key `kid`: true the first time, false ever after. It is forgotten once nothing with it counts any more.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn use_nonce(
        &self,
        kid: Kid,
        nonce: Nonce,
        forget_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, VaultError> {
        self.write(|transaction| {
            transaction.execute("DELETE FROM nonce WHERE forget_at <= ?1", [now.unix_us()])?;
            let added = transaction.execute(
                "INSERT OR IGNORE INTO nonce VALUES (?1, ?2, ?3)",
                params![kid.to_string(), nonce.to_string(), forget_at.unix_us()],
            )?;
            Ok(added == 1)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::tests::vault;

    #[test]
    fn a_nonce_counts_once_even_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let (kid, nonce) = (Kid([1; 32]), protocol::Base64Url([2; 16]));
        let at = Timestamp::from_unix_s;
        assert!(vault(dir.path()).use_nonce(kid, nonce, at(100), at(1)).unwrap());
        let reopened = vault(dir.path());
        assert!(!reopened.use_nonce(kid, nonce, at(100), at(99)).unwrap());
        assert!(reopened.use_nonce(Kid([3; 32]), nonce, at(100), at(99)).unwrap());
        assert!(reopened.use_nonce(kid, nonce, at(200), at(100)).unwrap());
    }
}
