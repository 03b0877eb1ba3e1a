//! The vault: raw evidence, sealed; statements until they are receipted, and receipts for ever; what must be remembered.
//!
//! One SQLite file (WAL, `synchronous=FULL`): what a method returned is on the disk. Each evidence item is sealed under a key of its
//! own, bound to its place, and that key is wrapped by the vault's key; without it the file says nothing of the raw values.

mod chain;
mod evidence;
mod ledger;
mod memory;
mod procedures;
mod promising;
mod witness;

pub(crate) use chain::{QueuedStatement, StatementState};
pub(crate) use evidence::EvidenceRecord;
pub(crate) use ledger::Disclosed;
pub(crate) use memory::NonceUse;
pub(crate) use witness::End;

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::{Class, Fault};
use ports::Randomness;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use seal::WrappingKey;

const SCHEMA: &str = include_str!("vault/schema.sql");
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// The vault. Several processes may open one file.
pub(crate) struct Vault {
    connection: Mutex<Connection>,
    key: WrappingKey,
    randomness: Arc<dyn Randomness>,
}

/// Why the vault did not do it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VaultError {
    /// The database refused: the disk is full, the file is damaged or locked.
    #[error(
        "the vault's database refused: check the disk, and that no other program holds the file"
    )]
    Database(#[from] rusqlite::Error),
    /// An evidence item's key does not unwrap.
    #[error("the vault's key is not the one that this evidence was kept under")]
    Key(#[from] seal::UnwrapError),
    /// An evidence item does not open.
    #[error("the evidence was changed in the vault, or belongs elsewhere")]
    Opened(#[from] seal::OpenError),
    /// Too long to be sealed.
    #[error("the evidence cannot be sealed")]
    Sealed(#[from] seal::SealError),
    /// A row does not hold what it should.
    #[error("the vault holds something that this version cannot read: {0}")]
    Content(String),
    /// Nothing under this name.
    #[error("the vault holds no {0} of that name")]
    Missing(&'static str),
}

impl Fault for VaultError {
    fn class(&self) -> Class {
        match self {
            Self::Missing(_) => Class::NotFound,
            Self::Key(_) | Self::Opened(_) => Class::Conflict,
            Self::Database(_) | Self::Sealed(_) | Self::Content(_) => Class::Internal,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "not-found",
            Self::Key(_) => "vault-key-wrong",
            Self::Opened(_) => "evidence-changed",
            Self::Database(_) | Self::Sealed(_) | Self::Content(_) => "vault-unavailable",
        }
    }
}

impl Vault {
    /// The vault in the file at `path`, made if there is none.
    ///
    /// # Errors
    /// [`VaultError::Database`].
    pub(crate) fn open(
        path: &Path,
        key: WrappingKey,
        randomness: Arc<dyn Randomness>,
    ) -> Result<Self, VaultError> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self { connection: Mutex::new(connection), key, randomness })
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A panic leaves no half transaction: it is rolled back when dropped.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does `work` all or not at all, one process at a time.
    fn write<T, E: From<VaultError>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = self.lock();
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(VaultError::from)?;
        let result = work(&transaction)?;
        transaction.commit().map_err(VaultError::from)?;
        Ok(result)
    }
}

fn unreadable(error: impl ToString) -> VaultError {
    VaultError::Content(error.to_string())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Counts up: each byte differs from the last, so that values can be told apart.
    pub(crate) struct Counting(Mutex<u8>);

    impl Counting {
        pub(crate) fn new() -> Arc<Self> {
            Arc::new(Self(Mutex::new(0)))
        }
    }

    impl Randomness for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            let mut last = self.0.lock().unwrap();
            for byte in bytes {
                *last = last.wrapping_mul(5).wrapping_add(7);
                *byte = *last;
            }
        }
    }

    pub(crate) fn vault(dir: &Path) -> Vault {
        Vault::open(&dir.join("vault.sqlite"), WrappingKey::new([9; 32]), Counting::new()).unwrap()
    }
}
