//! Which promises were kept, and which are open.

use domain::{RunnerId, Timestamp};
use protocol::dsse::Envelope;
use rusqlite::{Transaction, params};

use super::{Vault, VaultError, unreadable};
use crate::witness::{Held, Unanswered};

const UNANSWERED: &str = "unanswered";

/// Stands where the number of the row would that kept a promise.
pub(super) const GIVEN_UP: i64 = -1;

/// From which end of what is owed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    /// The last one first.
    Newest,
    /// The first one first.
    Oldest,
}

impl End {
    fn order(self) -> &'static str {
        match self {
            Self::Newest => "DESC",
            Self::Oldest => "ASC",
        }
    }
}

impl Vault {
    /// What `due` makes of receipts whose promise was not shown to be kept, up to `limit` from one end: of its number, the receipt and the time when this
    /// machine got it.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn unproved<T>(
        &self,
        runner: RunnerId,
        (end, limit): (End, usize),
        due: impl Fn(u64, Envelope, Timestamp) -> Option<T>,
    ) -> Result<Vec<T>, VaultError> {
        let connection = self.lock();
        let mut query = connection.prepare(&format!(
            "SELECT sequence, receipt, receipted.at FROM statement LEFT JOIN receipted USING (runner, sequence)
             WHERE runner = ?1 AND receipt IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM proved WHERE proved.runner = statement.runner AND proved.sequence = statement.sequence)
             ORDER BY sequence {}",
            end.order(),
        ))?;
        let mut rows = query.query(params![runner.to_string()])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()?.filter(|_| found.len() < limit) {
            let (sequence, text): (i64, String) = (row.get(0)?, row.get(1)?);
            let at = Timestamp::from_unix_us(row.get::<_, Option<i64>>(2)?.unwrap_or(i64::MAX));
            let envelope = Envelope::from_json(text.as_bytes()).map_err(unreadable)?;
            let sequence = u64::try_from(sequence).map_err(unreadable)?;
            found.extend(due(sequence, envelope, at));
        }
        Ok(found)
    }

    /// Keeps lines of an answer that promise rows, each with its time. One that is known stays as it is.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn keep_promises(&self, lines: &[(String, Timestamp)]) -> Result<(), VaultError> {
        for (line, seal_by) in lines {
            self.lock().execute(
                "INSERT OR IGNORE INTO promise VALUES (?1, ?2, NULL, NULL)",
                params![line, seal_by.unix_us()],
            )?;
        }
        Ok(())
    }

    /// Lines of answers whose promise was not shown to be kept, of those whose time is over at `now`, up to `limit` from one end, each with its time.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn open_promises(
        &self,
        now: Timestamp,
        (end, limit): (End, usize),
    ) -> Result<Vec<(String, Timestamp)>, VaultError> {
        let connection = self.lock();
        let mut query = connection.prepare(&format!(
            "SELECT line, seal_by FROM promise WHERE row IS NULL AND seal_by <= ?1 ORDER BY seal_by {}, line LIMIT ?2",
            end.order(),
        ))?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let lines = query.query_map(params![now.unix_us(), limit], |row| {
            Ok((row.get(0)?, Timestamp::from_unix_us(row.get(1)?)))
        })?;
        Ok(lines.collect::<Result<_, _>>()?)
    }

    /// Forgets a line to which nobody can be held.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn forget_promise(&self, line: &str) -> Result<(), VaultError> {
        self.lock().execute("DELETE FROM promise WHERE line = ?1", [line])?;
        Ok(())
    }

    /// How many rows are owed: promises that were not shown to be kept, whether or not their time is over.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn owed(&self, runner: RunnerId) -> Result<u64, VaultError> {
        let count: i64 = self.lock().query_row(
            "SELECT (SELECT count(*) FROM promise WHERE row IS NULL)
             + (SELECT count(*) FROM statement WHERE runner = ?1 AND receipt IS NOT NULL AND NOT EXISTS
                (SELECT 1 FROM proved WHERE proved.runner = statement.runner AND proved.sequence = statement.sequence))",
            [runner.to_string()],
            |row| row.get(0),
        )?;
        u64::try_from(count).map_err(unreadable)
    }

    /// Notes that a promise was kept, in row `row` of the log.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn mark_kept(&self, held: &Held, row: u64, at: Timestamp) -> Result<(), VaultError> {
        let row = i64::try_from(row).map_err(unreadable)?;
        self.write(|transaction| settle(transaction, held, row, at))
    }

    /// Since when it is said of a promised row that it is not there: the earliest look at which it was, `now` among them.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn denied_since(
        &self,
        held: &Held,
        now: Timestamp,
    ) -> Result<Timestamp, VaultError> {
        let since = self.lock().query_row(
            "INSERT INTO denied VALUES (?1, ?2)
             ON CONFLICT (held) DO UPDATE SET since = min(since, excluded.since) RETURNING since",
            params![name(held), now.unix_us()],
            |row| row.get(0),
        )?;
        Ok(Timestamp::from_unix_us(since))
    }

    /// Since when nobody answers for some promise.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn unanswered(&self) -> Result<Option<Unanswered>, VaultError> {
        Ok(self.recall::<Option<Unanswered>>(UNANSWERED)?.flatten())
    }

    /// Notes it; or that every one was answered for.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn remember_unanswered(
        &self,
        unanswered: Option<Unanswered>,
    ) -> Result<(), VaultError> {
        self.remember(UNANSWERED, &unanswered)
    }
}

fn name(held: &Held) -> String {
    match held {
        Held::Receipt { runner, sequence, .. } => format!("{runner}/{sequence}"),
        Held::Line(line) => line.clone(),
    }
}

/// Notes what became of a promise: the row that kept it, or [`GIVEN_UP`].
pub(super) fn settle(
    transaction: &Transaction<'_>,
    held: &Held,
    row: i64,
    at: Timestamp,
) -> Result<(), VaultError> {
    transaction.execute("DELETE FROM denied WHERE held = ?1", [name(held)])?;
    match held {
        Held::Receipt { sequence, runner, .. } => {
            let sequence = i64::try_from(*sequence).map_err(unreadable)?;
            transaction.execute(
                "INSERT OR IGNORE INTO proved VALUES (?1, ?2, ?3, ?4)",
                params![runner.to_string(), sequence, row, at.unix_us()],
            )?;
        }
        Held::Line(line) => {
            transaction.execute(
                "UPDATE promise SET row = ?2, at = ?3 WHERE line = ?1 AND row IS NULL",
                params![line, row, at.unix_us()],
            )?;
        }
    }
    Ok(())
}
