//! Removing intents that the log holds: what an app wrote for the sealer to read.

use std::{collections::BTreeMap, time::Duration};

use chain::commit::Commit;
use domain::Timestamp;
use ports::{Clock, Container, PartitionKey, REMOVALS_MAX};
use serde::Deserialize;
use store::{RUN_SHARDS, StoreError, kept, log, run_shard};

use crate::{
    progress::{self, Progress},
    tick::Work,
};

/// An intent stays for so long after it was sealed: a change that is tried again after a lost answer is known by its intent.
pub(crate) const KEPT_FOR: Duration = Duration::from_hours(7 * 24);
/// Commits read at a time.
const COMMITS: usize = 8;
/// One invocation goes on for so long with one tenant: an invocation has four minutes, and what is left the next one does.
const GOES_ON_FOR: Duration = Duration::from_mins(1);

/// What of a row says where its intent was.
#[derive(Deserialize)]
pub(crate) struct Origin {
    action: String,
    /// The event.
    pub(crate) id: String,
    /// Which personal details it has.
    #[serde(default)]
    pub(crate) pd: BTreeMap<String, String>,
    src: Source,
}

#[derive(Deserialize)]
struct Source {
    app: String,
}

/// Removes intents whose rows were sealed a week ago, epoch after epoch. How many there were.
pub(crate) async fn remove(work: &Work<'_>) -> Result<u64, StoreError> {
    let (before, etag) = progress::read(&work.partition).await?;
    let (mut epoch, mut at, mut removed) = (before.epoch, before.intents, 0);
    let limit = work.now.minus(KEPT_FOR).to_string();
    let time = Time::begin(work);
    while time.is_left() {
        let commits = signed(work, epoch, at).await?;
        if commits.is_empty() && epoch < work.signed.epoch {
            (epoch, at) = (epoch + 1, 0);
            continue;
        }
        let due: Vec<_> = commits.into_iter().take_while(|commit| commit.rx < limit).collect();
        let Some(last) = due.last() else { break };
        at = last.size;
        removed += remove_of(work, origins(&due)).await?;
    }
    let after = Progress { epoch, intents: at, ..before.clone() };
    if after != before {
        progress::keep(&work.partition, &after, etag).await?;
    }
    Ok(removed)
}

/// The time that one invocation has for the intents of one tenant.
pub(crate) struct Time<'a> {
    clock: &'a dyn Clock,
    ends_at: Timestamp,
}

impl<'a> Time<'a> {
    /// It begins now.
    pub(crate) fn begin(work: &'a Work<'_>) -> Self {
        let clock = &*work.state.ports.clock;
        Self { clock, ends_at: clock.now().plus(GOES_ON_FOR) }
    }

    /// Whether there is any left.
    pub(crate) fn is_left(&self) -> bool {
        self.clock.now() < self.ends_at
    }
}

/// The next signed commits of an epoch.
pub(crate) async fn signed(
    work: &Work<'_>,
    epoch: u64,
    at: u64,
) -> Result<Vec<Commit>, StoreError> {
    let blobs = &*work.state.ports.blobs;
    let head = kept::head_of(blobs, &work.partition, &work.signed, epoch).await?;
    let Some(head) = head else { return Ok(Vec::new()) };
    let log = work.partition.in_epoch(epoch);
    let commits = log::commits_since(&log, at, head.size, COMMITS).await?;
    Ok(commits.into_iter().take_while(|commit| commit.size <= head.size).collect())
}

/// Which container and shard.
type Place = (Container, PartitionKey);

/// Where the intents of the rows of commits were.
pub(crate) fn origins(commits: &[Commit]) -> Vec<Origin> {
    let rows = commits.iter().flat_map(|commit| &commit.rows);
    rows.filter_map(|row| serde_json::from_str(row).ok()).collect()
}

/// Removes the intents of these rows, which are sealed and signed. How many there were.
pub(crate) async fn remove_of(work: &Work<'_>, origins: Vec<Origin>) -> Result<u64, StoreError> {
    let mut removed = 0;
    for (place, ids) in by_place(work, &origins) {
        removed += remove_from(work, &place, &ids).await?;
    }
    Ok(removed)
}

fn by_place(work: &Work<'_>, origins: &[Origin]) -> BTreeMap<Place, Vec<String>> {
    let mut ids: BTreeMap<Place, Vec<String>> = BTreeMap::new();
    for origin in origins {
        for (container, shard) in places(origin) {
            let key = PartitionKey::new(work.partition.tenant(), shard);
            ids.entry((container, key)).or_default().push(origin.id.clone());
        }
    }
    ids
}

/// Where the intent of a row can have been. Statements of runs carry their own, and stay.
fn places(origin: &Origin) -> Vec<(Container, String)> {
    let fixed: &[(Container, &str)] = match origin.src.app.as_str() {
        "auth" => &[(Container::Auth, "0"), (Container::Access, "0"), (Container::Access, "h")],
        "runs" => &[(Container::Runs, "0")],
        "audit" => &[(Container::Audit, "0"), (Container::Disclosures, "0")],
        "purge" => &[(Container::Purges, "0")],
        _ => &[],
    };
    let fixed = fixed.iter().map(|(container, shard)| (*container, (*shard).to_owned()));
    let about_runs = ["run.", "ingest.", "runner."];
    let sharded = origin.src.app == "runs"
        && origin.action != "run.completed"
        && about_runs.iter().any(|area| origin.action.starts_with(area));
    let shards = if sharded { 0..RUN_SHARDS } else { 0..0 };
    fixed.chain(shards.map(|number| (Container::Runs, run_shard(number)))).collect()
}

async fn remove_from(
    work: &Work<'_>,
    (container, key): &Place,
    ids: &[String],
) -> Result<u64, StoreError> {
    let mut removed = 0;
    for some in ids.chunks(REMOVALS_MAX) {
        removed += work.state.ports.removal.remove_documents(*container, key, some).await?;
    }
    Ok(removed)
}
