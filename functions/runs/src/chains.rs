//! What this process knows of each Runner's chain, so that a statement in order costs one write and no read.
//!
//! What is known never becomes wrong: statements are only added. What another process added meanwhile is found when it matters, because a
//! statement's document can be created once.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use domain::{
    RunnerId, TenantId, Timestamp,
    ingest::{Chain, Contradiction, Link, Place},
};
use protocol::Digest;
use store::{Document as _, Found, Housekeeping, HousekeepingKind, ListOf, Partition, StoreError};

use crate::statements::{ChainRecord, StatementRecord};

/// More Runners than one process serves at a time.
const KEPT_MAX: usize = 10_000;
/// A gap makes us look what other processes added, at most this often.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The hint is written after so many statements: far less than one write in ten.
const HINT_EVERY: u64 = 64;
/// A hint with more gaps than this is not worth writing.
const HINT_SEGMENTS_MAX: usize = 64;
const PAGE: usize = 100;

/// The chains that were needed lately.
#[derive(Default)]
pub(crate) struct Chains {
    kept: Mutex<HashMap<(TenantId, RunnerId), Known>>,
}

#[derive(Clone, Default)]
struct Known {
    chain: Chain<Digest>,
    looked_at: Timestamp,
    since_hint: u64,
}

/// One Runner's chain: `data` is its tenant's, in the shard of its runs.
#[derive(Clone, Copy)]
pub(crate) struct ChainOf<'a> {
    pub(crate) chains: &'a Chains,
    pub(crate) data: &'a Partition,
    pub(crate) runner: RunnerId,
    pub(crate) now: Timestamp,
}

impl ChainOf<'_> {
    /// Makes sure that `first` can be placed: reads what is held when nothing is known, or when there seems to be a gap before it.
    pub(crate) async fn prepare(&self, first: &Link<Digest>) -> Result<(), StoreError> {
        match self.with(|known| (known.chain.next_expected(), known.looked_at)) {
            None => self.load().await,
            Some((next, looked_at))
                if first.sequence > next && self.now.since(looked_at) >= LOOK_EVERY =>
            {
                self.look().await
            }
            Some(_) => Ok(()),
        }
    }

    /// What is known now.
    pub(crate) fn snapshot(&self) -> Chain<Digest> {
        self.with(|known| known.chain.clone()).unwrap_or_default()
    }

    /// Notes what is held by now, and writes the hint now and then.
    pub(crate) async fn note(&self, links: &[Link<Digest>]) -> Vec<Contradiction> {
        let noted = self.with(|known| {
            let contradictions = links.iter().filter_map(|link| known.chain.note(link)).collect();
            known.since_hint += u64::try_from(links.len()).unwrap_or(0);
            let is_due =
                known.since_hint >= HINT_EVERY && known.chain.has_at_most(HINT_SEGMENTS_MAX);
            if is_due {
                known.since_hint = 0;
            }
            (contradictions, is_due.then(|| known.chain.clone()))
        });
        let (contradictions, hint) = noted.unwrap_or_default();
        if let Some(chain) = hint {
            self.write_hint(chain).await;
        }
        contradictions
    }

    async fn load(&self) -> Result<(), StoreError> {
        let hint = self.hints().find::<ChainRecord>(&ChainRecord::id_of(self.runner)).await?;
        let chain = match hint {
            Some(Found { document: ChainRecord { chain, .. }, .. }) => chain,
            None => Chain::default(),
        };
        self.keep(Known { chain, ..Known::default() });
        self.look().await
    }

    fn keep(&self, known: Known) {
        let mut kept = self.chains.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.entry(self.key()).or_insert(known);
    }

    /// Reads everything after the part that has no gap.
    async fn look(&self) -> Result<(), StoreError> {
        let upto = self.snapshot().contiguous();
        let mut after = Some(StatementRecord::id_of(self.runner, upto));
        while after.is_some() {
            let k1 = Some(self.runner.to_string());
            let of = ListOf { k1, after, limit: PAGE, ..ListOf::default() };
            let page = self.data.list::<StatementRecord>(of).await?;
            let links: Vec<Link<Digest>> =
                page.documents.iter().map(|found| found.document.link()).collect();
            // Whoever wrote them recorded what contradicts.
            self.with(|known| {
                for link in &links {
                    known.chain.note(link);
                }
            });
            after = page.next;
        }
        self.with(|known| known.looked_at = self.now);
        Ok(())
    }

    /// A hint that is not written costs the next process some reads.
    async fn write_hint(&self, chain: Chain<Digest>) {
        let record = ChainRecord { runner: self.runner, chain };
        let kept = match self.hints().find::<ChainRecord>(&ChainRecord::id_of(self.runner)).await {
            Ok(found) => {
                let hint = Housekeeping::new(HousekeepingKind::Cursor);
                let hint = match found {
                    Some(Found { etag, .. }) => hint.replace(&record, etag),
                    None => hint.create(&record),
                };
                self.hints().keep(hint).await
            }
            Err(error) => Err(error),
        };
        if let Err(error) = kept {
            tracing::debug!(error = %error, "the hint on a Runner's chain was not written");
        }
    }

    fn hints(&self) -> Partition {
        self.data.in_shard(ChainRecord::SHARD)
    }

    fn with<T>(&self, work: impl FnOnce(&mut Known) -> T) -> Option<T> {
        let mut kept = self.chains.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get_mut(&self.key()).map(work)
    }

    fn key(&self) -> (TenantId, RunnerId) {
        (self.data.tenant(), self.runner)
    }
}

/// The place of `link` among what is known and what this batch puts before it.
pub(crate) fn place(chain: &mut Chain<Digest>, link: &Link<Digest>) -> Place {
    let place = chain.place(link);
    if place == Place::Free {
        // A free place contradicts nothing.
        chain.note(link);
    }
    place
}
