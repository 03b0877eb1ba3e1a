//! Password hashing with bounds: as many at a time as there are cores, and only so many waiting.
//!
//! A hash is a quarter of a second of CPU. Without bounds, a few hundred attempts starve every other request of the process.

use std::sync::Arc;

use domain::{
    Class, Fault,
    auth::{NewPassword, Password, PasswordRecord, RecordError},
};
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
    /// The thread that hashed is gone.
    #[error("hashing did not finish")]
    Stopped,
}

impl Fault for HashError {
    fn class(&self) -> Class {
        match self {
            Self::Busy => Class::Unavailable,
            Self::Record(_) | Self::Stopped => Class::Internal,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Record(_) | Self::Stopped => "internal",
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
        self.run(move |keys| PasswordRecord::make(&keys.pepper, &password, salt)).await
    }

    /// Whether `password` is the one of `record`; without a record, false after the same work.
    pub(crate) async fn verify(
        &self,
        password: Password,
        record: Option<PasswordRecord>,
    ) -> Result<bool, HashError> {
        let verify =
            move |keys: &Keys| PasswordRecord::verify(&keys.pepper, &password, record.as_ref());
        self.run(verify).await?.map_err(HashError::Record)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Keys) -> T + Send + 'static,
    ) -> Result<T, HashError> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| HashError::Busy)?;
        let core = Arc::clone(&self.cores).acquire_owned().await.map_err(|_| HashError::Stopped)?;
        let keys = Arc::clone(&self.keys);
        // The permits go along: a request that is gone still uses its core until the hash is done.
        let blocking = spawn_blocking(move || {
            let result = work(&keys);
            drop((core, place));
            result
        });
        blocking.await.map_err(|_| HashError::Stopped)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use domain::auth::{Pepper, RefreshKey};
    use protocol::key::Es256Key;
    use seal::FieldKey;
    use secrecy::SecretBox;
    use tokio::task::JoinSet;

    use super::*;

    fn keys() -> Keys {
        let key = || SecretBox::new(Box::new([7; 32]));
        Keys {
            pepper: Pepper { id: "pp-1".into(), key: key() },
            refresh: [RefreshKey { kid: 1, key: key() }],
            index: key(),
            fields: FieldKey::new(1, [7; 32]),
            access: Es256Key::from_seed(&[7; 32]).unwrap(),
        }
    }

    /// Threat T08. One core: one hash runs, four wait, the sixth is told to come back.
    #[tokio::test(flavor = "multi_thread")]
    async fn beyond_its_bounds_it_says_busy_at_once_and_recovers() {
        let hasher = Hasher::new(Arc::new(keys()), 1);
        let (release, released) = mpsc::channel::<()>();
        let released = Arc::new(std::sync::Mutex::new(released));
        let mut running = JoinSet::new();
        for _ in 0..5 {
            let (hasher, released) = (hasher.clone(), Arc::clone(&released));
            running.spawn(async move {
                hasher.run(move |_| released.lock().unwrap().recv().unwrap()).await.is_ok()
            });
        }
        while hasher.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(hasher.run(|_| ()).await, Err(HashError::Busy)));
        assert_eq!(HashError::Busy.class(), Class::Unavailable, "503, which carries Retry-After");
        (0..5).for_each(|_| release.send(()).unwrap());
        assert!(running.join_all().await.into_iter().all(|done| done));
        assert!(hasher.run(|_| ()).await.is_ok());
    }

    /// One core never hashes two at a time, however many wait.
    #[tokio::test(flavor = "multi_thread")]
    async fn as_many_hash_at_a_time_as_there_are_cores() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        let hasher = Hasher::new(Arc::new(keys()), 1);
        let (at_once, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut running = JoinSet::new();
        for _ in 0..5 {
            let (hasher, at_once, most) = (hasher.clone(), Arc::clone(&at_once), Arc::clone(&most));
            running.spawn(async move {
                let work = move |_: &Keys| {
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
