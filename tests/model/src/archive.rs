//! The real intents and commits behind the numbers of a state, made by `chain` and kept.
//!
//! A state is compared and hashed millions of times, so it holds numbers; what `chain` decides is asked for once and remembered.

mod said;
mod shelves;
mod words;

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use chain::instances::Gap;

pub(crate) use said::{CommitId, Draft, GapKey, IntentId, Noted, Said};
use shelves::Shelves;

/// Every intent and commit that any state knows.
#[derive(Default)]
pub(crate) struct Archive(Mutex<Shelves>);

impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Archive")
    }
}

impl Archive {
    /// The intent that says this, signed.
    pub(crate) fn intent(&self, said: Said) -> IntentId {
        self.lock().intent(said)
    }

    /// What an intent says.
    pub(crate) fn said(&self, intent: IntentId) -> Said {
        self.lock().intents[usize::from(intent)].0.clone()
    }

    /// A change's number, and which numbers it declares void.
    pub(crate) fn number(&self, intent: IntentId) -> (u64, Vec<u64>) {
        let shelves = self.lock();
        let src = &shelves.intents[usize::from(intent)].1.intent().src;
        (src.number, src.void.clone())
    }

    /// A change's instance, as the sealer names it.
    pub(crate) fn instance(&self, intent: IntentId) -> String {
        let shelves = self.lock();
        let src = &shelves.intents[usize::from(intent)].1.intent().src;
        format!("{}/{}", src.app, src.instance)
    }

    /// The commit that `chain` packs; nothing when every intent was sealed before.
    pub(crate) fn next(&self, draft: Draft) -> Option<CommitId> {
        let mut shelves = self.lock();
        if let Some(known) = shelves.nexts.get(&draft) {
            return *known;
        }
        let commit = shelves.pack(&draft).map(|commit| shelves.keep(draft.head, commit));
        shelves.nexts.insert(draft, commit);
        commit
    }

    /// The first row of a commit, and the size of the log after it.
    pub(crate) fn span(&self, commit: Option<CommitId>) -> (u64, u64) {
        let shelves = self.lock();
        commit.map_or((0, 0), |id| {
            let commit = &shelves.commits[usize::from(id)].commit;
            (commit.first, commit.size)
        })
    }

    /// Where the sources stand after a commit.
    pub(crate) fn cursors(&self, commit: Option<CommitId>, sources: usize) -> Vec<usize> {
        let shelves = self.lock();
        let read = |source: usize| {
            let commit = &shelves.commits[usize::from(commit?)].commit;
            commit.cursors.get(&source.to_string())?.parse().ok()
        };
        (0..sources).map(|source| read(source).unwrap_or_default()).collect()
    }

    /// The numbers that are missing after a commit.
    pub(crate) fn gaps(&self, commit: Option<CommitId>) -> Vec<GapKey> {
        let gaps = self.lock().head(commit).instances.gaps().into_iter();
        gaps.map(|Gap { instance, from, to, .. }| (instance, from, to)).collect()
    }

    /// Every row up to a commit.
    pub(crate) fn rows(&self, commit: Option<CommitId>) -> Vec<IntentId> {
        self.lock().rows(commit)
    }

    /// Whether the log that ends with `later` begins with the log that ends with `earlier`.
    pub(crate) fn continues(&self, earlier: CommitId, later: CommitId) -> bool {
        let shelves = self.lock();
        let bytes = |end| -> Vec<String> {
            let lineage = shelves.lineage(Some(end)).into_iter();
            lineage.flat_map(|id| shelves.commits[usize::from(id)].commit.rows.clone()).collect()
        };
        bytes(later).starts_with(&bytes(earlier))
    }

    /// Whether `chain` finds that a commit follows, and that it says what its rows say.
    pub(crate) fn follows(&self, head: Option<CommitId>, next: CommitId) -> bool {
        let mut shelves = self.lock();
        if let Some(known) = shelves.follows.get(&(head, next)) {
            return *known;
        }
        let commit = &shelves.commits[usize::from(next)].commit;
        let is_next = commit.follow(&shelves.head(head), words::TENANT).is_ok();
        shelves.follows.insert((head, next), is_next);
        is_next
    }

    /// Whether a row up to `head` says that this intent is missing.
    pub(crate) fn is_late(&self, head: Option<CommitId>, intent: IntentId) -> bool {
        let (instance, number) = (self.instance(intent), self.number(intent).0);
        self.rows(head).into_iter().any(|row| match self.said(row) {
            Said::Remark { remark: Noted::Missing((of, from, to)), .. } => {
                of == instance && (from..=to).contains(&number)
            }
            Said::Remark { .. } | Said::Change { .. } | Said::Genesis { .. } => false,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Shelves> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
