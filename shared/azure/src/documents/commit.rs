//! One batch: whole or not at all, exactly once although answers get lost.
//!
//! The SDK tries again when an answer is lost, and is then refused by what it wrote itself. So every document says which commit wrote it, and a
//! refusal is believed only when nothing of ours is there.

use azure_data_cosmos::{
    TransactionalBatch,
    models::TransactionalBatchOperationResult,
    options::{BatchOptions, BatchReplaceOptions, Precondition},
};
use futures::{FutureExt as _, future::try_join_all};
use ports::{CommitError, Etag, Refusal, StorageError, Write};

use super::{
    answer::{Failure, was_retried, within},
    limits,
    place::Place,
    query::raw,
    wire::{Wire, parse_version, version_gone, version_of},
};

/// Documents that are read at the same time when an answer was lost.
const READS_AT_ONCE: usize = 8;
/// How often a batch is sent again beside once for each document that turns out to have expired.
const SPARE_ROUNDS: usize = 3;

/// Applies `writes` as the commit `write_id`.
pub(super) async fn apply(
    place: &Place<'_>,
    writes: &[Write],
    write_id: &str,
) -> Result<Vec<Etag>, CommitError> {
    if let Some(late) = writes.iter().position(|write| is_late(place, write)) {
        return refuse(place, writes, late).await;
    }
    let mut batch = Batch::new(place, writes, write_id);
    for _ in 0..writes.len() + SPARE_ROUNDS {
        let (index, retried) = match batch.send().await? {
            Outcome::Applied(etags) => return Ok(etags),
            Outcome::Refused { index, retried } => (index, retried),
        };
        let Some(found) = batch.find(index).await? else { continue };
        if batch.is_ours(&found, retried).await? {
            return Ok(batch.etags().await?);
        }
        match batch.judge(index, &found) {
            Some(refusal) => return Err(CommitError::Refused { index, refusal }),
            // It has expired: the next round replaces what is left of it.
            None => batch.replace(index, &found),
        }
    }
    Err(StorageError::Unavailable("others write the same documents all the time".to_owned()).into())
}

/// Whether the version to be replaced has expired. Cosmos DB, which may not have reclaimed it yet, would replace it.
fn is_late(place: &Place<'_>, write: &Write) -> bool {
    match write {
        Write::Create(_) => false,
        Write::Replace(_, etag) => parse_version(etag).1.is_some_and(|at| at <= place.now),
    }
}

/// Says which write is refused first when the one at `late` cannot succeed. Nothing is written.
async fn refuse(
    place: &Place<'_>,
    writes: &[Write],
    late: usize,
) -> Result<Vec<Etag>, CommitError> {
    for (index, write) in writes.iter().enumerate().take(late + 1) {
        let found = raw(place, &write.document().id).await?;
        let found = found.filter(|wire| !wire.is_expired(place.now));
        if let Some(refusal) = refusal_of(write, found.as_ref()) {
            return Err(CommitError::Refused { index, refusal });
        }
    }
    Err(CommitError::Refused { index: late, refusal: Refusal::Missing })
}

/// Why `write` cannot succeed over what is there and has not expired.
fn refusal_of(write: &Write, found: Option<&Wire>) -> Option<Refusal> {
    match (write, found) {
        (Write::Create(_), None) => None,
        (Write::Create(_), Some(_)) => Some(Refusal::Exists),
        (Write::Replace(..), None) => Some(Refusal::Missing),
        (Write::Replace(_, etag), Some(found)) => {
            (found.service_etag() != parse_version(etag).0).then_some(Refusal::Stale)
        }
    }
}

/// What became of a batch, as far as its answer says.
enum Outcome {
    Applied(Vec<Etag>),
    Refused {
        /// Of the write that was not accepted.
        index: usize,
        /// Whether an earlier try may have been applied.
        retried: bool,
    },
}

/// Writes, and what each must find.
struct Batch<'a> {
    place: &'a Place<'a>,
    writes: &'a [Write],
    write_id: &'a str,
    /// The service's version that is replaced; `None` where nothing may be.
    expected: Vec<Option<String>>,
}

impl<'a> Batch<'a> {
    fn new(place: &'a Place<'a>, writes: &'a [Write], write_id: &'a str) -> Self {
        let expected = |write: &Write| match write {
            Write::Create(_) => None,
            Write::Replace(_, etag) => Some(parse_version(etag).0.to_owned()),
        };
        Self { place, writes, write_id, expected: writes.iter().map(expected).collect() }
    }

    async fn send(&self) -> Result<Outcome, StorageError> {
        let failed = |failure: Failure| failure.on_commit(self.place.container);
        let operations = self.operations().map_err(|error| failed(error.into()))?;
        let options = BatchOptions::default().with_operation_options(limits::of_every_operation());
        let call = self.place.client.execute_transactional_batch(operations, Some(options));
        let response = within(call.boxed()).await.map_err(failed)?;
        let retried = was_retried(&response.diagnostics());
        let answer = response.into_model().map_err(|error| failed(error.into()))?;
        self.outcome(answer.results(), retried)
    }

    fn operations(&self) -> azure_data_cosmos::Result<TransactionalBatch> {
        let Place { partition, now, .. } = self.place;
        let mut batch = TransactionalBatch::new(self.place.key());
        for (write, expected) in self.writes.iter().zip(&self.expected) {
            let wire = Wire::new(write.document(), partition, self.write_id, *now);
            batch = match expected {
                None => batch.create_item(wire)?,
                Some(etag) => {
                    let unchanged = Precondition::if_match(etag.clone());
                    let options = BatchReplaceOptions::default().with_precondition(unchanged);
                    batch.replace_item(wire.id.clone(), wire, Some(options))?
                }
            };
        }
        Ok(batch)
    }

    /// A failed batch is answered as a success (207), in which one operation has its own status and all others 424.
    fn outcome(
        &self,
        results: &[TransactionalBatchOperationResult],
        retried: bool,
    ) -> Result<Outcome, StorageError> {
        let culprit = results
            .iter()
            .enumerate()
            .find(|(_, result)| !result.is_success() && result.status_code() != 424);
        match culprit.map(|(index, result)| (index, result.status_code())) {
            None if results.len() == self.writes.len()
                && results.iter().all(TransactionalBatchOperationResult::is_success) =>
            {
                Ok(Outcome::Applied(self.versions(results)))
            }
            Some((index, 404 | 409 | 412)) => Ok(Outcome::Refused { index, retried }),
            Some((_, 429)) if !retried => Err(StorageError::Throttled),
            Some((_, 403)) => {
                Err(StorageError::Denied(format!("write to {}", self.place.container.name())))
            }
            Some((index, status)) => {
                Err(StorageError::Unavailable(format!("write {index} was answered with {status}")))
            }
            None => Err(StorageError::Unavailable("an incomplete answer to a batch".to_owned())),
        }
    }

    fn versions(&self, results: &[TransactionalBatchOperationResult]) -> Vec<Etag> {
        let version = |(write, result): (&Write, &TransactionalBatchOperationResult)| {
            result.etag().map_or_else(version_gone, |etag| version_of(etag, write.document()))
        };
        self.writes.iter().zip(results).map(version).collect()
    }

    /// The document that stands in the way of the write at `index`; `None` when it was reclaimed meanwhile and the write can be tried again.
    async fn find(&mut self, index: usize) -> Result<Option<Wire>, CommitError> {
        let Some(write) = self.writes.get(index) else { return Ok(None) };
        let found = raw(self.place, &write.document().id).await?;
        if found.is_none() {
            if matches!(write, Write::Replace(..)) {
                return Err(CommitError::Refused { index, refusal: Refusal::Missing });
            }
            self.expect(index, None);
        }
        Ok(found)
    }

    /// Whether an earlier try of this very commit was applied: what stands in the way is ours, or another document that it created.
    async fn is_ours(&self, found: &Wire, retried: bool) -> Result<bool, StorageError> {
        if found.w == self.write_id {
            return Ok(true);
        }
        if !retried {
            return Ok(false);
        }
        let created: Vec<_> =
            self.writes.iter().filter(|write| matches!(write, Write::Create(_))).collect();
        for some in created.chunks(READS_AT_ONCE) {
            let written = try_join_all(some.iter().map(|write| self.written(write))).await?;
            if written.iter().any(Option::is_some) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What this commit wrote, unless somebody replaced it since.
    async fn written(&self, write: &Write) -> Result<Option<Wire>, StorageError> {
        let found = raw(self.place, &write.document().id).await?;
        Ok(found.filter(|wire| wire.w == self.write_id))
    }

    /// The versions that this commit wrote.
    async fn etags(&self) -> Result<Vec<Etag>, StorageError> {
        let mut etags = Vec::with_capacity(self.writes.len());
        for some in self.writes.chunks(READS_AT_ONCE) {
            let written = try_join_all(some.iter().map(|write| self.written(write))).await?;
            let version =
                |wire: Option<Wire>| wire.map_or_else(version_gone, |wire| wire.version());
            etags.extend(written.into_iter().map(version));
        }
        Ok(etags)
    }

    /// Why the write at `index` is refused; `None` when what was found has expired, and an identifier that expired is free.
    fn judge(&self, index: usize, found: &Wire) -> Option<Refusal> {
        let present = (!found.is_expired(self.place.now)).then_some(found);
        let write = self.writes.get(index)?;
        match write {
            Write::Create(_) => refusal_of(write, present),
            // It was refused, so it is stale whatever is there now.
            Write::Replace(..) => refusal_of(write, present).or(Some(Refusal::Stale)),
        }
    }

    /// Makes the write at `index` replace what was found there.
    fn replace(&mut self, index: usize, found: &Wire) {
        self.expect(index, Some(found.service_etag().to_owned()));
    }

    fn expect(&mut self, index: usize, version: Option<String>) {
        if let Some(expected) = self.expected.get_mut(index) {
            *expected = version;
        }
    }
}
