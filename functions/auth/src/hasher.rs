//! Password hashing with bounds: as many at a time as there are cores, and only so many waiting.
//!
//! A hash is a quarter of a second of CPU. Without bounds, a few hundred attempts starve every other request of the process.

use std::sync::Arc;

use domain::{
    Class, Fault, Timestamp,
    auth::{
        BackupCode, BackupCodes, CodeHash, NewPassword, Password, PasswordRecord, Pepper,
        RecordError,
    },
};
use store::KeyringError;
use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::keys::Keys;

/// Attempts that may wait for each core: about a second.
const WAITING_PER_CORE: usize = 4;

/// Hashes passwords, a bounded number at a time.
#[derive(Clone)]
pub(crate) struct Hasher {
    keys: Arc<Keys>,
    places: Arc<Semaphore>,
    cores: Arc<Semaphore>,
}

/// Why no password was hashed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HashError {
    /// Too many are waiting.
    #[error("too many sign-ins at once; nothing was decided, try again in a moment")]
    Busy,
    /// What is stored cannot be compared.
    #[error("the stored password cannot be compared")]
    Record(#[source] RecordError),
    /// The peppers cannot be read.
    #[error("the keys of passwords cannot be read")]
    Pepper(#[source] KeyringError),
    /// The thread that hashed is gone.
    #[error("hashing did not finish")]
    Stopped,
}

impl Fault for HashError {
    fn class(&self) -> Class {
        match self {
            Self::Busy => Class::Unavailable,
            Self::Record(_) | Self::Pepper(_) | Self::Stopped => Class::Internal,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Record(_) | Self::Pepper(_) | Self::Stopped => "internal",
        }
    }
}

impl Hasher {
    pub(crate) fn new(keys: Arc<Keys>, cores: usize) -> Self {
        let places = Arc::new(Semaphore::new(cores.saturating_mul(1 + WAITING_PER_CORE)));
        Self { keys, places, cores: Arc::new(Semaphore::new(cores)) }
    }

    /// Hashes a new password.
    pub(crate) async fn make(
        &self,
        password: NewPassword,
        salt: [u8; 16],
    ) -> Result<PasswordRecord, HashError> {
        let pepper = self.current().await?;
        self.run(move || PasswordRecord::make(&pepper, &password, salt)).await
    }

    /// The record of a password that was right, made as new ones are; `None` when it is already.
    pub(crate) async fn remake(
        &self,
        password: &Password,
        record: &PasswordRecord,
        salt: [u8; 16],
    ) -> Result<Option<PasswordRecord>, HashError> {
        let pepper = self.current().await?;
        if record.is_current(&pepper) {
            return Ok(None);
        }
        let password = password.clone();
        self.run(move || PasswordRecord::remake(&pepper, &password, salt)).await.map(Some)
    }

    /// Whether `password` is the one of `record`; without a record, false after the same work.
    pub(crate) async fn verify(
        &self,
        password: Password,
        record: Option<PasswordRecord>,
    ) -> Result<bool, HashError> {
        let pepper = self.pepper(record.as_ref().map(PasswordRecord::pepper)).await?;
        let verify = move || PasswordRecord::verify(&pepper, &password, record.as_ref());
        self.run(verify).await?.map_err(HashError::Record)
    }

    /// Hashes new backup codes, each with its salt.
    pub(crate) async fn make_backup(
        &self,
        codes: Vec<(BackupCode, [u8; 16])>,
        now: Timestamp,
    ) -> Result<BackupCodes, HashError> {
        let pepper = self.current().await?;
        self.run(move || BackupCodes::make(&pepper, &codes, now)).await
    }

    /// The hash of `codes` that `code` is the code of; `None` after the same work when there is none.
    pub(crate) async fn verify_backup(
        &self,
        code: BackupCode,
        codes: Option<BackupCodes>,
    ) -> Result<Option<CodeHash>, HashError> {
        let pepper = self.pepper(codes.as_ref().map(BackupCodes::pepper)).await?;
        let verify = move || {
            let hash = codes.as_ref().and_then(|codes| codes.hash_of(&code, &pepper));
            code.is_of(&pepper, hash).then(|| hash.cloned()).flatten()
        };
        self.run(verify).await
    }

    /// The pepper of new hashes.
    async fn current(&self) -> Result<Arc<Pepper>, HashError> {
        self.keys.peppers.current().await.map_err(HashError::Pepper)
    }

    /// The pepper with the name that is stored. One that nobody knows is left to the comparison to refuse.
    async fn pepper(&self, id: Option<&str>) -> Result<Arc<Pepper>, HashError> {
        let named = match id {
            Some(id) => self.keys.peppers.named(id).await.map_err(HashError::Pepper)?,
            None => None,
        };
        match named {
            Some(pepper) => Ok(pepper),
            None => self.current().await,
        }
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashError> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| HashError::Busy)?;
        let core = Arc::clone(&self.cores).acquire_owned().await.map_err(|_| HashError::Stopped)?;
        // The permits go along: a request that is gone still uses its core until the hash is done.
        let blocking = spawn_blocking(move || {
            let result = work();
            drop((core, place));
            result
        });
        blocking.await.map_err(|_| HashError::Stopped)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use ambient::{SystemClock, SystemRandomness};
    use ports::Identity;
    use store::Keyring;
    use tokio::{sync::OwnedSemaphorePermit, task::JoinSet};

    use super::*;

    impl Hasher {
        /// Takes every place, until what it gives is dropped.
        pub(crate) fn fill(&self) -> OwnedSemaphorePermit {
            let free = u32::try_from(self.places.available_permits()).unwrap();
            Arc::clone(&self.places).try_acquire_many_owned(free).unwrap()
        }
    }

    async fn keys() -> Keys {
        let dir = tempfile::tempdir().unwrap();
        let (clock, randomness) = (Arc::new(SystemClock), Arc::new(SystemRandomness));
        let store = local::Store::open(dir.path(), clock, randomness).unwrap();
        let ports = store.ports(Identity::Auth);
        let keyring = Keyring::open(&ports).await.unwrap();
        Keys::open(&ports, &keyring, 0).await.unwrap()
    }

    /// Threat T08. One core: one hash runs, four wait, the sixth is told to come back.
    #[tokio::test(flavor = "multi_thread")]
    async fn beyond_its_bounds_it_says_busy_at_once_and_recovers() {
        let hasher = Hasher::new(Arc::new(keys().await), 1);
        let (release, released) = mpsc::channel::<()>();
        let released = Arc::new(std::sync::Mutex::new(released));
        let mut running = JoinSet::new();
        for _ in 0..5 {
            let (hasher, released) = (hasher.clone(), Arc::clone(&released));
            running.spawn(async move {
                hasher.run(move || released.lock().unwrap().recv().unwrap()).await.is_ok()
            });
        }
        while hasher.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(hasher.run(|| ()).await, Err(HashError::Busy)));
        assert_eq!(HashError::Busy.class(), Class::Unavailable, "503, which carries Retry-After");
        (0..5).for_each(|_| release.send(()).unwrap());
        assert!(running.join_all().await.into_iter().all(|done| done));
        assert!(hasher.run(|| ()).await.is_ok());
    }

    /// One core never hashes two at a time, however many wait.
    #[tokio::test(flavor = "multi_thread")]
    async fn as_many_hash_at_a_time_as_there_are_cores() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        let hasher = Hasher::new(Arc::new(keys().await), 1);
        let (at_once, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut running = JoinSet::new();
        for _ in 0..5 {
            let (hasher, at_once, most) = (hasher.clone(), Arc::clone(&at_once), Arc::clone(&most));
            running.spawn(async move {
                let work = move || {
                    most.fetch_max(at_once.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::yield_now();
                    at_once.fetch_sub(1, Ordering::SeqCst);
                };
                hasher.run(work).await.is_ok()
            });
        }
        assert!(running.join_all().await.into_iter().all(|done| done));
        assert_eq!(most.load(Ordering::SeqCst), 1);
    }
}
