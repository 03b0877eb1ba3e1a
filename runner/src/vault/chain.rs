//! Statements: numbered and chained when they are appended, kept until they are receipted and after.

mod statement;

use domain::{RunId, RunnerId, Timestamp};
use protocol::{Digest, dsse::Envelope};
use rusqlite::{OptionalExtension as _, params};

use super::{Vault, VaultError, unreadable};
use statement::{SELECT, read};

pub(crate) use statement::{QueuedStatement, StatementState};

impl Vault {
    /// Appends the statement that `sign` makes for the next number and the digest before it, in one transaction: either the chain has
    /// moved on and the statement is on the disk, or nothing happened.
    ///
    /// # Errors
    /// What `sign` answers; [`VaultError`].
    pub(crate) fn append_statement<E: From<VaultError>>(
        &self,
        runner: RunnerId,
        run: RunId,
        recorded_at: Timestamp,
        state: StatementState,
        sign: impl FnOnce(u64, Digest) -> Result<Envelope, E>,
    ) -> Result<u64, E> {
        self.write(|transaction| {
            let last = transaction
                .query_row(
                    "SELECT sequence, prev FROM chain WHERE runner = ?1",
                    [runner.to_string()],
                    |row| Ok((row.get::<_, i64>(0)?, Digest(row.get(1)?))),
                )
                .optional()
                .map_err(VaultError::from)?;
            let (last, prev) = last.unwrap_or((0, Digest::ZERO));
            let sequence = last.saturating_add(1);
            let envelope = sign(u64::try_from(sequence).map_err(unreadable)?, prev)?;
            let payload = Digest::of(envelope.unverified_payload());
            let text = serde_json::to_string(&envelope).map_err(unreadable)?;
            transaction
                .execute(
                    "INSERT INTO statement (runner, sequence, run, envelope, recorded_at, state)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    params![
                        runner.to_string(),
                        sequence,
                        run.to_string(),
                        text,
                        recorded_at.unix_us(),
                        state.name()
                    ],
                )
                .map_err(VaultError::from)?;
            transaction
                .execute(
                    "INSERT INTO chain VALUES (?1, ?2, ?3)
                     ON CONFLICT (runner) DO UPDATE SET sequence = ?2, prev = ?3",
                    params![runner.to_string(), sequence, payload.0],
                )
                .map_err(VaultError::from)?;
            Ok(u64::try_from(sequence).map_err(unreadable)?)
        })
    }

    /// The number of the last statement of `runner`; 0 when there is none.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn last_sequence(&self, runner: RunnerId) -> Result<u64, VaultError> {
        let sql = "SELECT sequence FROM chain WHERE runner = ?1";
        let last = self
            .lock()
            .query_row(sql, [runner.to_string()], |row| row.get::<_, i64>(0))
            .optional()?;
        u64::try_from(last.unwrap_or(0)).map_err(unreadable)
    }

    /// Up to `limit` statements of `runner` in one of `states`, in their order.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn statements(
        &self,
        runner: RunnerId,
        states: &[StatementState],
        limit: usize,
    ) -> Result<Vec<QueuedStatement>, VaultError> {
        let named: Vec<_> = states.iter().map(|state| format!("'{}'", state.name())).collect();
        let sql = format!(
            "{SELECT} WHERE runner = ?1 AND state IN ({}) ORDER BY sequence LIMIT ?2",
            named.join(", ")
        );
        let connection = self.lock();
        let mut query = connection.prepare(&sql)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = query.query_map(params![runner.to_string(), limit], |row| Ok(read(row)))?;
        rows.map(|row| row?).collect()
    }

    /// The statement of a run.
    ///
    /// # Errors
    /// [`VaultError::Missing`]: the run never ended.
    pub(crate) fn statement_of(&self, run: RunId) -> Result<QueuedStatement, VaultError> {
        let found = self
            .lock()
            .query_row(&format!("{SELECT} WHERE run = ?1"), [run.to_string()], |row| Ok(read(row)))
            .optional()?;
        found.ok_or(VaultError::Missing("run"))?
    }

    /// Notes that a statement was handed over to a door that answers later.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn mark_sent(&self, runner: RunnerId, sequence: u64) -> Result<(), VaultError> {
        self.lock().execute(
            "UPDATE statement SET state = 'sent' WHERE runner = ?1 AND sequence = ?2 AND state = 'queued'",
            params![runner.to_string(), number(sequence)],
        )?;
        Ok(())
    }

    /// Puts what was handed over and never receipted back into the queue; the control plane knows what it has.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn requeue_sent(&self, runner: RunnerId) -> Result<usize, VaultError> {
        let sql = "UPDATE statement SET state = 'queued' WHERE runner = ?1 AND state = 'sent'";
        Ok(self.lock().execute(sql, [runner.to_string()])?)
    }

    /// Notes that the control plane refused a statement, and why.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn mark_rejected(
        &self,
        runner: RunnerId,
        sequence: u64,
        code: &str,
    ) -> Result<(), VaultError> {
        self.lock().execute(
            "UPDATE statement SET state = 'rejected', code = ?3
             WHERE runner = ?1 AND sequence = ?2 AND state IN ('queued', 'sent')",
            params![runner.to_string(), number(sequence), code],
        )?;
        Ok(())
    }

    /// Keeps a receipt, which the caller has verified, and that it came at `at`. The first one stays. `rejected` says why a statement that is held is not believed.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn keep_receipt(
        &self,
        runner: RunnerId,
        sequence: u64,
        receipt: &Envelope,
        rejected: Option<&str>,
        at: Timestamp,
    ) -> Result<(), VaultError> {
        let text = serde_json::to_string(receipt).map_err(unreadable)?;
        let state = rejected.map_or(StatementState::Receipted, |_| StatementState::Rejected);
        let (runner, sequence) = (runner.to_string(), number(sequence));
        self.write(|transaction| {
            transaction.execute(
                "UPDATE statement SET state = ?4, receipt = coalesce(receipt, ?3), code = ?5
                 WHERE runner = ?1 AND sequence = ?2",
                params![runner, sequence, text, state.name(), rejected],
            )?;
            transaction.execute(
                "INSERT OR IGNORE INTO receipted VALUES (?1, ?2, ?3)",
                params![runner, sequence, at.unix_us()],
            )?;
            Ok(())
        })
    }
}

fn number(sequence: u64) -> i64 {
    i64::try_from(sequence).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
