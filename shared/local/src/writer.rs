//! Group commit: one thread owns the connection that writes, and commits together what waits together.
//!
//! An fsync costs as much for one batch as for a hundred, so 64 callers at once share a few instead of queueing for 64. Each batch
//! has its own savepoint: one that is refused rolls back alone. Nobody is answered before the commit of the group is durable.

use std::{path::Path, sync::Arc, thread};

use ports::Clock;
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use crate::{LocalError, OpenError, checkpoint::Checkpoints, database, sequence::Sequence};

/// Batches in one transaction.
const GROUP_JOBS_MAX: usize = 256;
/// Bytes of bodies in one transaction: what a slow disk still writes in well under a second.
const GROUP_BYTES_MAX: usize = 8 << 20;
/// Batches that wait; beyond, callers wait for a place.
const WAITING_MAX: usize = 1024;

/// The only way to write.
pub(crate) struct Writer {
    // Taken by `drop`, which ends the thread.
    jobs: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread.
    pub(crate) fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let connection = database::connect(path)?;
        let checkpoints = Checkpoints::open(path, clock)?;
        let (jobs, waiting) = mpsc::channel(WAITING_MAX);
        let thread = thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || serve(connection, waiting, checkpoints))
            .map_err(|source| OpenError::Folder { path: path.to_owned(), source })?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Runs `work` in a write transaction, and answers when it is durable. `bytes` is about what it writes.
    ///
    /// `Ok(Err(_))` is a refusal: `work` saw that it must not be applied, and nothing of it was. If the caller goes away before the
    /// answer, `work` is applied or not.
    pub(crate) async fn run<T, R, F>(
        &self,
        bytes: usize,
        work: F,
    ) -> Result<Result<T, R>, LocalError>
    where
        T: Send + 'static,
        R: Send + 'static,
        F: FnOnce(&Connection, &mut Sequence) -> rusqlite::Result<Result<T, R>> + Send + 'static,
    {
        let stopped = || LocalError("the writer has stopped".to_owned());
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Work { task: Some(work), outcome: None, reply, bytes });
        let jobs = self.jobs.as_ref().ok_or_else(stopped)?;
        jobs.send(job).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // A panic there has been reported by its own thread.
            thread.join().ok();
        }
    }
}

fn serve(
    mut connection: Connection,
    mut waiting: mpsc::Receiver<Box<dyn Job>>,
    mut checkpoints: Checkpoints,
) {
    let mut group = Vec::new();
    while let Some(first) = waiting.blocking_recv() {
        let mut bytes = first.bytes();
        group.push(first);
        while group.len() < GROUP_JOBS_MAX && bytes < GROUP_BYTES_MAX {
            let Ok(next) = waiting.try_recv() else { break };
            bytes += next.bytes();
            group.push(next);
        }
        let committed = commit(&mut connection, &mut group).map_err(LocalError::from);
        if let Err(error) = &committed {
            tracing::error!(%error, batches = group.len(), "a group of writes was not committed");
        }
        let batches = group.len();
        group.drain(..).for_each(|job| job.answer(&committed));
        checkpoints.wrote(&connection, bytes, batches);
    }
}

/// Commits the jobs that want it, in the order they came.
fn commit(connection: &mut Connection, jobs: &mut [Box<dyn Job>]) -> rusqlite::Result<()> {
    let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut sequence = Sequence::load(&transaction)?;
    for job in jobs {
        let last = sequence.last();
        let savepoint = transaction.savepoint()?;
        if job.apply(&savepoint, &mut sequence) {
            savepoint.commit()?;
        } else {
            // Fails when SQLite rolled back the whole transaction (disk full): then nobody's batch was applied.
            savepoint.finish()?;
            sequence.rewind(last);
        }
    }
    sequence.store(&transaction)?;
    transaction.commit()
}

/// One caller's batch.
trait Job: Send {
    /// About what it writes.
    fn bytes(&self) -> usize;
    /// Whether it may stay.
    fn apply(&mut self, connection: &Connection, sequence: &mut Sequence) -> bool;
    /// Tells the caller, once the group was committed or not.
    fn answer(self: Box<Self>, committed: &Result<(), LocalError>);
}

type Answer<T, R> = Result<Result<T, R>, LocalError>;

struct Work<T, R, F> {
    task: Option<F>,
    outcome: Option<Answer<T, R>>,
    reply: oneshot::Sender<Answer<T, R>>,
    bytes: usize,
}

impl<T, R, F> Job for Work<T, R, F>
where
    T: Send,
    R: Send,
    F: FnOnce(&Connection, &mut Sequence) -> rusqlite::Result<Result<T, R>> + Send,
{
    fn bytes(&self) -> usize {
        self.bytes
    }

    fn apply(&mut self, connection: &Connection, sequence: &mut Sequence) -> bool {
        let Some(work) = self.task.take() else { return false };
        let outcome = work(connection, sequence).map_err(LocalError::from);
        let stays = matches!(outcome, Ok(Ok(_)));
        self.outcome = Some(outcome);
        stays
    }

    fn answer(self: Box<Self>, committed: &Result<(), LocalError>) {
        let nothing = || Err(LocalError("the batch was not reached".to_owned()));
        let outcome = match committed {
            Ok(()) => self.outcome.unwrap_or_else(nothing),
            Err(error) => Err(error.clone()),
        };
        // A caller that went away does not want the answer.
        self.reply.send(outcome).ok();
    }
}
