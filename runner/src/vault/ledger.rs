//! The Runner's own ledger: which commands came, and what was disclosed to whom.

use domain::{CommandId, DrilldownId, EvidenceId, Timestamp};
use protocol::{Digest, Name, dsse::Envelope, key::Kid};
use rusqlite::{OptionalExtension as _, params};

use super::{Vault, VaultError, unreadable};

/// A disclosure, as the ledger keeps it.
#[derive(Clone, Debug)]
pub(crate) struct Disclosed {
    /// The drill-down.
    pub(crate) drilldown: DrilldownId,
    /// What was shown.
    pub(crate) evidence: EvidenceId,
    /// To which key.
    pub(crate) viewer: Kid,
    /// What for.
    pub(crate) purpose: Name,
    /// When.
    pub(crate) at: Timestamp,
    /// The name of the request: the SHA-256 of its signature base.
    pub(crate) request: Digest,
}

impl Vault {
    /// Notes a disclosure before it is made, unless `max` were made at or after `since`. True when it was noted, now or before the process that
    /// was to make it was stopped.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn note_disclosure(
        &self,
        disclosed: &Disclosed,
        since: Timestamp,
        max: u32,
    ) -> Result<bool, VaultError> {
        let (drilldown, request) = (disclosed.drilldown.to_string(), disclosed.request.0);
        self.write(|transaction| {
            let sql = "SELECT 1 FROM disclosure WHERE drilldown = ?1 AND request = ?2";
            let known = transaction.query_row(sql, params![drilldown, request], |_| Ok(()));
            if known.optional()?.is_some() {
                return Ok(true);
            }
            let count: u32 = transaction.query_row(
                "SELECT count(*) FROM disclosure WHERE at >= ?1",
                [since.unix_us()],
                |row| row.get(0),
            )?;
            if count >= max {
                return Ok(false);
            }
            transaction.execute(
                "INSERT INTO disclosure VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    drilldown,
                    disclosed.evidence.to_string(),
                    disclosed.viewer.to_string(),
                    disclosed.purpose.as_str(),
                    disclosed.at.unix_us(),
                    request,
                ],
            )?;
            Ok(true)
        })
    }

    /// Keeps the signed result of a command, to be delivered until it was.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn keep_result(
        &self,
        command: CommandId,
        kind: &str,
        at: Timestamp,
        result: &Envelope,
    ) -> Result<(), VaultError> {
        let text = serde_json::to_string(result).map_err(unreadable)?;
        self.lock().execute(
            "INSERT OR IGNORE INTO command VALUES (?1, ?2, ?3, ?4, 0)",
            params![command.to_string(), kind, at.unix_us(), text],
        )?;
        Ok(())
    }

    /// The signed result of a command, if it has one.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn result_of(&self, command: CommandId) -> Result<Option<Envelope>, VaultError> {
        let sql = "SELECT result FROM command WHERE id = ?1";
        let text: Option<String> =
            self.lock().query_row(sql, [command.to_string()], |row| row.get(0)).optional()?;
        text.map(|text| Envelope::from_json(text.as_bytes()).map_err(unreadable)).transpose()
    }

    /// Notes that the result of a command was delivered.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn mark_delivered(&self, command: CommandId) -> Result<(), VaultError> {
        let sql = "UPDATE command SET is_delivered = 1 WHERE id = ?1";
        self.lock().execute(sql, [command.to_string()])?;
        Ok(())
    }

    /// Results that were not delivered yet.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn undelivered(&self) -> Result<Vec<(CommandId, Envelope)>, VaultError> {
        let connection = self.lock();
        let mut query = connection.prepare(
            "SELECT id, result FROM command WHERE is_delivered = 0 ORDER BY at LIMIT 100",
        )?;
        let rows =
            query.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
        rows.map(|row| {
            let (id, text) = row?;
            let envelope = Envelope::from_json(text.as_bytes()).map_err(unreadable)?;
            Ok((id.parse().map_err(unreadable)?, envelope))
        })
        .collect()
    }

    /// How many commands of `kind` came at or after `since`.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn commands_since(&self, kind: &str, since: Timestamp) -> Result<u32, VaultError> {
        let sql = "SELECT count(*) FROM command WHERE kind = ?1 AND at >= ?2";
        Ok(self.lock().query_row(sql, params![kind, since.unix_us()], |row| row.get(0))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::tests::vault;

    #[test]
    fn the_quota_is_used_up_and_starts_again() {
        let dir = tempfile::tempdir().unwrap();
        let vault = vault(dir.path());
        let disclosed = |number: u128, at: i64| Disclosed {
            drilldown: DrilldownId::from_u128(number),
            evidence: EvidenceId::from_u128(1),
            viewer: Kid([1; 32]),
            purpose: "audit".parse().unwrap(),
            at: Timestamp::from_unix_s(at),
            request: Digest::ZERO,
        };
        let note = |number, at, since, max| {
            vault
                .note_disclosure(&disclosed(number, at), Timestamp::from_unix_s(since), max)
                .unwrap()
        };
        assert!(note(1, 10, 0, 2) && note(2, 20, 0, 2));
        assert!(!note(3, 30, 0, 2));
        assert!(note(3, 30, 11, 2));
        assert!(!note(4, 40, 0, 0));
        assert!(note(3, 50, 0, 0), "it is noted already");
    }
}
