//! What the log holds under a number that was seen before: found in the log itself, which says with each commit what was seen by then.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use chain::{
    commit::{self, Before, Commit, Head},
    intent::{Intent, Source, VerifiedIntent},
};
use domain::Timestamp;
use store::{Partition, StoreError, log};

/// An instance is in the log's memory for two days after its last row. So what was sealed at all is found there this long after it happened,
/// whether it was sealed late or by a sealer whose clock is behind.
const REMEMBERED_AT: Duration = Duration::from_hours(36);

/// Commits that are looked at before the log is searched: whoever reads a source again meets the intents in their old order.
const RECENT_MAX: usize = 8;

/// What the log holds under the numbers of those intents for which it must be asked.
pub(super) async fn before(
    partition: &Partition,
    head: &Head,
    intents: &[VerifiedIntent],
    rx: &str,
) -> Result<BTreeMap<usize, Before>, StoreError> {
    let mut lookup = Lookup { partition, head, recent: VecDeque::new() };
    let mut answers = BTreeMap::new();
    for place in commit::to_ask(head, intents, rx) {
        if let Some(intent) = intents.get(place) {
            answers.insert(place, lookup.ask(intent).await?);
        }
    }
    Ok(answers)
}

struct Lookup<'a> {
    partition: &'a Partition,
    head: &'a Head,
    recent: VecDeque<Commit>,
}

impl Lookup<'_> {
    async fn ask(&mut self, intent: &VerifiedIntent) -> Result<Before, StoreError> {
        let source = &intent.intent().src;
        if let Some(digest) = self.recent.iter().find_map(|commit| commit.sealed(source)) {
            return Ok(Before::Sealed(digest));
        }
        if let Some(before) = self.ask_epoch(self.partition, self.head, intent).await? {
            return Ok(before);
        }
        // What a later epoch knows from its beginning, an earlier one sealed.
        for epoch in (0..self.partition.epoch()).rev() {
            let earlier = self.partition.in_epoch(epoch);
            let head = log::head(&earlier).await?;
            if let Some(before) = self.ask_epoch(&earlier, &head, intent).await? {
                return Ok(before);
            }
        }
        Ok(Before::Nothing)
    }

    /// What the log `log`, which ends in `head`, holds; `None` when it knows nothing of it, or knows it from an earlier epoch.
    async fn ask_epoch(
        &mut self,
        log: &Partition,
        head: &Head,
        intent: &VerifiedIntent,
    ) -> Result<Option<Before>, StoreError> {
        // What may have been sealed in a row that was purged is passed over: sealed again, it would be in the log twice.
        let purged = Some(Before::Sealed(intent.digest()));
        let source = &intent.intent().src;
        let remembered = remembered(log, head, intent.intent()).await?;
        let Some((until, revived)) = remembered else { return Ok(None) };
        let Some(commit) = first(log, source, until, revived).await? else {
            return Ok(purged.filter(|_| until > 0));
        };
        let (digest, before) = (commit.sealed(source), commit.first.checked_sub(1));
        self.recent.push_front(commit);
        self.recent.truncate(RECENT_MAX);
        match (digest, before) {
            (Some(digest), _) => Ok(Some(Before::Sealed(digest))),
            (None, None) if log.epoch() > 0 => Ok(None),
            (None, Some(row)) if log::holding(log, row).await?.is_none() => Ok(purged),
            (None, _) => Ok(Some(Before::Nothing)),
        }
    }
}

/// A size of the log at which it remembers this number, or did before its rows were purged, and whether as one that was void before; `None` when
/// it never does.
async fn remembered(
    log: &Partition,
    head: &Head,
    intent: &Intent,
) -> Result<Option<(u64, bool)>, StoreError> {
    let (source, size) = (&intent.src, head.tree.size());
    if head.instances.contains(source) {
        return Ok(Some((size, head.instances.revived(source))));
    }
    let Ok(at) = intent.at.parse::<Timestamp>() else { return Ok(None) };
    let until = log::first_since(log, at.plus(REMEMBERED_AT), size).await?;
    let Some(last) = until.checked_sub(1) else { return Ok(None) };
    let Some(commit) = log::holding(log, last).await? else { return Ok(Some((until, false))) };
    let is_known = commit.instances.contains(source);
    Ok(is_known.then(|| (commit.size, commit.instances.revived(source))))
}

/// The commit that made the log remember this number, or the first one that is left and does, among the first `until` rows. Found by halving: what
/// was seen stays seen.
async fn first(
    log: &Partition,
    source: &Source,
    until: u64,
    revived: bool,
) -> Result<Option<Commit>, StoreError> {
    let (mut low, mut high) = (0, until);
    let mut first = None;
    while low < high {
        let middle = low + (high - low) / 2;
        let Some(commit) = log::holding(log, middle).await? else {
            // Purged: what is over its time is older than whatever is left.
            low = middle + 1;
            continue;
        };
        let knows =
            commit.instances.contains(source) && (!revived || commit.instances.revived(source));
        if knows {
            high = commit.first;
            first = Some(commit);
        } else {
            low = commit.size;
        }
    }
    Ok(first)
}
