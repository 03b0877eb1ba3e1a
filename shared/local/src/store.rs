//! One folder, opened.

use std::{
    convert::Infallible,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use ports::{Clock, Identity, Ports, Randomness};
use rusqlite::Connection;
use secrecy::SecretString;
use tokio::sync::watch;

use crate::{
    LocalError, OpenError, Queues, Topics,
    blobs::LocalBlobs,
    database,
    documents::LocalDocuments,
    events::LocalEvents,
    files,
    keys::LocalKeys,
    mail::LocalMail,
    queue::LocalQueue,
    readers::Readers,
    removal::LocalRemoval,
    root_key::{self, RootKey},
    writer::Writer,
};

/// Everything that is stored on this machine. Cheap to clone; closed when the last clone and the last handle are dropped.
#[derive(Clone)]
pub struct Store {
    parts: Arc<Parts>,
}

/// What the handles share.
pub(crate) struct Parts {
    pub(crate) writer: Writer,
    pub(crate) readers: Readers,
    pub(crate) root_key: RootKey,
    /// Customers' own keys, a folder for each tenant.
    pub(crate) own_keys: PathBuf,
    /// The database.
    pub(crate) file: PathBuf,
    pub(crate) blobs: PathBuf,
    pub(crate) outbox: PathBuf,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) randomness: Arc<dyn Randomness>,
    pub(crate) arrivals: watch::Sender<u64>,
}

impl Parts {
    /// A random name of 32 hexadecimal digits.
    pub(crate) fn name(&self) -> String {
        hex::encode(self.randomness.bytes::<16>())
    }

    /// Runs `work`, which refuses nothing, in a write transaction, and answers when it is durable.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, LocalError> {
        let done = self.writer.run(0, |connection, _| work(connection).map(Ok)).await?;
        let Ok::<T, Infallible>(done) = done;
        Ok(done)
    }

    /// Tells this process that a message or an event arrived.
    pub(crate) fn arrived(&self) {
        self.arrivals.send_modify(|count| *count = count.wrapping_add(1));
    }
}

impl Store {
    /// Opens the store in `dir`, and makes it if there is none. Blocks for some milliseconds.
    ///
    /// # Errors
    /// * [`OpenError::Exposed`]: others may write to the folder, or read the root key.
    /// * [`OpenError`]'s other variants: the disk, the root key or the database cannot be used.
    pub fn open(
        dir: &Path,
        clock: Arc<dyn Clock>,
        randomness: Arc<dyn Randomness>,
    ) -> Result<Self, OpenError> {
        Self::open_under(dir, None, clock, randomness)
    }

    /// The same, with the root key under `passphrase`, if there is one.
    ///
    /// # Errors
    /// As [`open`](Self::open); [`OpenError::Passphrase`] when it is another one.
    pub fn open_under(
        dir: &Path,
        passphrase: Option<&SecretString>,
        clock: Arc<dyn Clock>,
        randomness: Arc<dyn Randomness>,
    ) -> Result<Self, OpenError> {
        open_folder(dir)?;
        let root_key = root_key::open(&root_key::path(dir), passphrase, &*randomness)?;
        let file = dir.join("store.sqlite");
        database::create(&file)?;
        let (blobs, outbox) = (dir.join("blobs"), dir.join("outbox"));
        for path in [&blobs, &outbox] {
            files::make_folder(path)
                .map_err(|source| OpenError::Folder { path: path.clone(), source })?;
        }
        let readers = Readers::open(&file)?;
        let writer = Writer::open(&file, Arc::clone(&clock))?;
        let arrivals = watch::Sender::new(0);
        let own_keys = dir.join("customer-keys");
        let parts = Parts {
            writer,
            readers,
            root_key,
            own_keys,
            file,
            blobs,
            outbox,
            clock,
            randomness,
            arrivals,
        };
        Ok(Self { parts: Arc::new(parts) })
    }

    /// Handles that carry the rights of `identity`.
    pub fn ports(&self, identity: Identity) -> Ports {
        let parts = || Arc::clone(&self.parts);
        Ports {
            identity,
            documents: Arc::new(LocalDocuments { parts: parts(), identity }),
            blobs: Arc::new(LocalBlobs { parts: parts(), identity }),
            removal: Arc::new(LocalRemoval { parts: parts(), identity }),
            keys: Arc::new(LocalKeys { parts: parts(), identity }),
            queue: Arc::new(LocalQueue { parts: parts(), identity }),
            events: Arc::new(LocalEvents { parts: parts(), identity }),
            mail: Arc::new(LocalMail { parts: parts() }),
            clock: Arc::clone(&self.parts.clock),
            randomness: Arc::clone(&self.parts.randomness),
        }
    }

    /// The receiving side of every queue: for whoever stands in for the Functions host, never for an app.
    pub fn queues(&self) -> Queues {
        Queues { parts: Arc::clone(&self.parts) }
    }

    /// The topics: for whoever stands in for Event Grid, never for an app.
    pub fn topics(&self) -> Topics {
        Topics { parts: Arc::clone(&self.parts) }
    }

    /// Moves whenever this process sent a message or published an event. Other processes do not move it: look every second too.
    pub fn arrivals(&self) -> watch::Receiver<u64> {
        self.parts.arrivals.subscribe()
    }

    /// The folder with the letters, `<microseconds since 1970>-<random>.eml`.
    pub fn outbox(&self) -> &Path {
        &self.parts.outbox
    }
}

/// Makes the folder for this user alone, or refuses one that others may write to: they could put another root key in the place of
/// ours. Whoever may only look sees names; what we put there is closed by itself.
fn open_folder(dir: &Path) -> Result<(), OpenError> {
    let folder = |source| OpenError::Folder { path: dir.to_owned(), source };
    files::make_folder(dir).map_err(folder)?;
    let mode = fs::metadata(dir).map_err(folder)?.permissions().mode() & 0o777;
    if mode & 0o022 == 0 {
        return Ok(());
    }
    Err(OpenError::Exposed { path: dir.to_owned(), mode, wanted: 0o700 })
}
