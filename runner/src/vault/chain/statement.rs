//! A statement as it is kept, and what became of it.

use domain::{RunId, Timestamp};
use protocol::dsse::Envelope;
use rusqlite::Row;

use super::super::{VaultError, unreadable};

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

pub(super) const SELECT: &str =
    "SELECT sequence, run, envelope, recorded_at, state, code, receipt FROM statement";

pub(super) fn read(row: &Row<'_>) -> Result<QueuedStatement, VaultError> {
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
