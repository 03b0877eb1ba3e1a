//! Statements: numbered and chained when they are appended, kept until they are receipted and after.

use domain::{RunId, RunnerId, Timestamp};
use protocol::{Digest, dsse::Envelope};
use rusqlite::{OptionalExtension as _, Row, params};

use super::{Vault, VaultError, unreadable};

/// What became of a statement.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum StatementState {
    /// It was made before the Runner was enrolled, and stays here.
    Local,
    /// It waits to be sent.
    Queued,
    /// It was handed over, and waits for its receipt.
    Sent,
    /// The control plane holds it: there is a signed receipt.
    Receipted,
    /// The control plane does not believe it.
    Rejected,
}

impl StatementState {
    /// Its name in the vault and on the terminal.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Receipted => "receipted",
            Self::Rejected => "rejected",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::Local, Self::Queued, Self::Sent, Self::Receipted, Self::Rejected]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// A statement and what became of it.
#[derive(Clone, Debug)]
pub(crate) struct QueuedStatement {
    /// Its number in the Runner's chain.
    pub(crate) sequence: u64,
    /// The run that it is about.
    pub(crate) run: RunId,
    /// The signed statement.
    pub(crate) envelope: Envelope,
    /// When it was appended.
    pub(crate) recorded_at: Timestamp,
    /// What became of it.
    pub(crate) state: StatementState,
    /// Why it was rejected.
    pub(crate) code: Option<String>,
    /// The signed receipt.
    pub(crate) receipt: Option<Envelope>,
}

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

    /// Keeps a receipt, which the caller has verified. The first one stays. `rejected` says why a statement that is held is not believed.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn keep_receipt(
        &self,
        runner: RunnerId,
        sequence: u64,
        receipt: &Envelope,
        rejected: Option<&str>,
    ) -> Result<(), VaultError> {
        let text = serde_json::to_string(receipt).map_err(unreadable)?;
        let state = rejected.map_or(StatementState::Receipted, |_| StatementState::Rejected);
        self.lock().execute(
            "UPDATE statement SET state = ?4, receipt = coalesce(receipt, ?3), code = ?5
             WHERE runner = ?1 AND sequence = ?2",
            params![runner.to_string(), number(sequence), text, state.name(), rejected],
        )?;
        Ok(())
    }
}

const SELECT: &str =
    "SELECT sequence, run, envelope, recorded_at, state, code, receipt FROM statement";

fn read(row: &Row<'_>) -> Result<QueuedStatement, VaultError> {
    let (run, envelope, state): (String, String, String) = (row.get(1)?, row.get(2)?, row.get(4)?);
    let receipt: Option<String> = row.get(6)?;
    Ok(QueuedStatement {
        sequence: u64::try_from(row.get::<_, i64>(0)?).map_err(unreadable)?,
        run: run.parse().map_err(unreadable)?,
        envelope: Envelope::from_json(envelope.as_bytes()).map_err(unreadable)?,
        recorded_at: Timestamp::from_unix_us(row.get(3)?),
        state: StatementState::named(&state).ok_or_else(|| unreadable("an unknown state"))?,
        code: row.get(5)?,
        receipt: receipt
            .map(|text| Envelope::from_json(text.as_bytes()).map_err(unreadable))
            .transpose()?,
    })
}

fn number(sequence: u64) -> i64 {
    i64::try_from(sequence).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use protocol::{dsse::PayloadType, key::Ed25519Key};

    use super::*;
    use crate::vault::tests::vault;

    fn signed(text: &str) -> Envelope {
        let key = Ed25519Key::from_seed(&[1; 32]);
        Envelope::sign(PayloadType::Statement, text.into(), &[&key]).unwrap()
    }

    fn append(vault: &Vault, run: u128, text: &str) -> (u64, Digest) {
        let mut seen = Digest::ZERO;
        let sequence = vault.append_statement(
            RunnerId::from_u128(1),
            RunId::from_u128(run),
            Timestamp::default(),
            StatementState::Queued,
            |_, prev| {
                seen = prev;
                Ok::<_, VaultError>(signed(text))
            },
        );
        (sequence.unwrap(), seen)
    }

    #[test]
    fn statements_are_numbered_from_one_and_name_the_one_before() {
        let dir = tempfile::tempdir().unwrap();
        let vault = vault(dir.path());
        assert_eq!(append(&vault, 1, "first"), (1, Digest::ZERO));
        assert_eq!(append(&vault, 2, "second"), (2, Digest::of("first")));
        assert_eq!(vault.last_sequence(RunnerId::from_u128(1)).unwrap(), 2);
        assert_eq!(vault.last_sequence(RunnerId::from_u128(2)).unwrap(), 0);
    }

    #[test]
    fn a_statement_that_could_not_be_signed_leaves_no_gap() {
        let dir = tempfile::tempdir().unwrap();
        let vault = vault(dir.path());
        let failed = vault.append_statement(
            RunnerId::from_u128(1),
            RunId::from_u128(1),
            Timestamp::default(),
            StatementState::Queued,
            |_, _| Err(VaultError::Missing("key")),
        );
        assert!(failed.is_err());
        assert_eq!(append(&vault, 1, "first"), (1, Digest::ZERO));
    }

    #[test]
    fn what_was_appended_is_there_after_the_process_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        append(&vault(dir.path()), 1, "first");
        let reopened = vault(dir.path());
        let waiting =
            reopened.statements(RunnerId::from_u128(1), &[StatementState::Queued], 10).unwrap();
        assert_eq!(waiting.len(), 1);
        assert_eq!(append(&reopened, 2, "second"), (2, Digest::of("first")));
    }

    #[test]
    fn a_receipt_is_kept_for_ever_and_a_receipted_statement_is_not_rejected_later() {
        let dir = tempfile::tempdir().unwrap();
        let vault = vault(dir.path());
        let runner = RunnerId::from_u128(1);
        append(&vault, 1, "first");
        vault.mark_sent(runner, 1).unwrap();
        vault.keep_receipt(runner, 1, &signed("receipt"), None).unwrap();
        vault.keep_receipt(runner, 1, &signed("another"), None).unwrap();
        vault.mark_rejected(runner, 1, "late").unwrap();
        let kept = vault.statement_of(RunId::from_u128(1)).unwrap();
        assert_eq!(kept.state, StatementState::Receipted);
        assert_eq!(kept.receipt.unwrap(), signed("receipt"));
    }
}
