//! Procedures that this Runner admitted, and how far each has come: there is no way back.

use domain::procedure::Procedure;
use protocol::{Digest, dsse::Envelope};
use rusqlite::{OptionalExtension as _, params};

use super::{Vault, VaultError, unreadable};

/// A procedure that was admitted before.
#[derive(Clone, Debug)]
pub(crate) struct KnownProcedure {
    /// The signed procedure.
    pub(crate) envelope: Envelope,
    /// Whether the version was withdrawn.
    pub(crate) is_withdrawn: bool,
}

impl Vault {
    /// Keeps an admitted procedure under its digest, if no later revision under its key was admitted before. Returns the highest revision that
    /// is known: higher than the procedure's own when it was not kept.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn keep_procedure(
        &self,
        procedure: &Procedure,
        digest: Digest,
        envelope: &Envelope,
    ) -> Result<u32, VaultError> {
        let text = serde_json::to_string(envelope).map_err(unreadable)?;
        self.write(|transaction| {
            let highest: Option<u32> = transaction.query_row(
                "SELECT max(revision) FROM procedure WHERE key = ?1",
                [&procedure.key],
                |row| row.get(0),
            )?;
            let highest = highest.unwrap_or(0).max(procedure.revision);
            if highest == procedure.revision {
                transaction.execute(
                    "INSERT INTO procedure (digest, key, revision, envelope) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (digest) DO UPDATE SET envelope = ?4",
                    params![digest.to_string(), procedure.key, procedure.revision, text],
                )?;
            }
            Ok(highest)
        })
    }

    /// The procedure with this digest, if it was admitted before.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn procedure(&self, digest: Digest) -> Result<Option<KnownProcedure>, VaultError> {
        let row: Option<(String, bool)> = self
            .lock()
            .query_row(
                "SELECT envelope, withdrawn FROM procedure WHERE digest = ?1",
                [digest.to_string()],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?;
        row.map(|(envelope, is_withdrawn)| {
            Ok(KnownProcedure {
                envelope: Envelope::from_json(envelope.as_bytes()).map_err(unreadable)?,
                is_withdrawn,
            })
        })
        .transpose()
    }

    /// Notes that a version was withdrawn; it stays so.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn withdraw_procedure(&self, digest: Digest) -> Result<(), VaultError> {
        let sql = "UPDATE procedure SET withdrawn = 1 WHERE digest = ?1";
        self.lock().execute(sql, [digest.to_string()])?;
        Ok(())
    }
}
