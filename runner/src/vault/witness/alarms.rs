//! What the witness found wrong.

use protocol::Digest;
use rusqlite::{OptionalExtension as _, Transaction, params};

use super::{
    SEEN, Vault, VaultError,
    promises::{GIVEN_UP, settle},
    unreadable,
};
use crate::witness::{Alarm, Cleared, Held, read};

impl Vault {
    /// Keeps an alarm; one about the same evidence stands again.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn raise(&self, alarm: &Alarm) -> Result<(), VaultError> {
        let body = serde_json::to_string(alarm).map_err(unreadable)?;
        self.lock().execute(
            "INSERT INTO alarm VALUES (?1, ?2, ?3, 0, NULL) ON CONFLICT (id) DO UPDATE SET cleared = NULL",
            params![alarm.id.to_string(), alarm.at.unix_us(), body],
        )?;
        Ok(())
    }

    /// The oldest alarm that stands.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn standing_alarm(&self) -> Result<Option<Alarm>, VaultError> {
        self.write(standing)
    }

    /// Alarms that the control plane was not told of yet.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn untold_alarms(&self) -> Result<Vec<Alarm>, VaultError> {
        let connection = self.lock();
        let mut query = connection
            .prepare("SELECT body FROM alarm WHERE is_delivered = 0 ORDER BY at LIMIT 100")?;
        let bodies = query.query_map([], |row| row.get::<_, String>(0))?;
        bodies.map(|body| serde_json::from_str(&body?).map_err(unreadable)).collect()
    }

    /// Notes that the control plane was told.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn mark_told(&self, id: Digest) -> Result<(), VaultError> {
        let sql = "UPDATE alarm SET is_delivered = 1 WHERE id = ?1";
        self.lock().execute(sql, [id.to_string()])?;
        Ok(())
    }

    /// Clears every alarm that stands; how many. A promise that one is about is given up: it is not demanded again. With `starts_over`, what was seen is given up in the same step.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn clear_alarms(&self, cleared: &Cleared) -> Result<usize, VaultError> {
        let text = serde_json::to_string(cleared).map_err(unreadable)?;
        self.write(|transaction| {
            for held in given_up(transaction)? {
                settle(transaction, &held, GIVEN_UP, cleared.at)?;
            }
            let count = transaction
                .execute("UPDATE alarm SET cleared = ?1 WHERE cleared IS NULL", [text])?;
            if cleared.starts_over {
                transaction.execute("DELETE FROM meta WHERE name = ?1", [SEEN])?;
            }
            Ok(count)
        })
    }
}

/// The promises that alarms are about, which stand: whoever clears them has looked, and the Runner goes on without these rows.
fn given_up(transaction: &Transaction<'_>) -> Result<Vec<Held>, VaultError> {
    let mut query = transaction.prepare("SELECT body FROM alarm WHERE cleared IS NULL")?;
    let bodies = query.query_map([], |row| row.get::<_, String>(0))?;
    let mut held = Vec::new();
    for body in bodies {
        let Alarm { evidence, .. } = serde_json::from_str(&body?).map_err(unreadable)?;
        if let Some(receipt) = evidence.receipt
            && let Some(said) = read(&receipt)
        {
            held.push(Held::Receipt { runner: said.runner, sequence: said.sequence, receipt });
        }
        held.extend(evidence.promise.map(Held::Line));
    }
    Ok(held)
}

pub(super) fn standing(transaction: &Transaction<'_>) -> Result<Option<Alarm>, VaultError> {
    let sql = "SELECT body FROM alarm WHERE cleared IS NULL ORDER BY at LIMIT 1";
    let body: Option<String> = transaction.query_row(sql, [], |row| row.get(0)).optional()?;
    body.map(|body| serde_json::from_str(&body).map_err(unreadable)).transpose()
}
