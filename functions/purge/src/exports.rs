//! Removing the files of old exports: what was taken out of the log must not outlive it here.

use std::time::Duration;

use domain::{ExportId, Timestamp};
use ports::{Bucket, Container};
use serde::{Deserialize, Serialize};
use store::{Document, ListOf, StoreError, retention::LastErasure};

use crate::{
    progress::{self, Progress},
    tick::Work,
};

/// A file can be downloaded for so long.
const KEPT_FOR: Duration = Duration::from_hours(90 * 24);
/// Exports looked at in one invocation.
const PAGE: usize = 100;
/// How the names of files end.
const EXTENSIONS: [&str; 4] = ["audit.zip", "csv", "jsonl", "ocsf.jsonl"];

/// A file that was over its time when a round began is removed once more for so long: the clocks of whoever erased somebody and of this process differ.
const CLOCKS_DIFFER: Duration = Duration::from_hours(1);

/// What of an export is needed here.
#[derive(Debug, Deserialize, Serialize)]
struct Exported {
    export: ExportId,
    attempts: Vec<String>,
    #[serde(default)]
    details: bool,
    created_at: Timestamp,
}

impl Document for Exported {
    const CONTAINER: Container = Container::Audit;
    const KIND: &'static str = "export";

    fn id(&self) -> String {
        self.export.to_string()
    }
}

impl Exported {
    /// When its file goes: one that shows details, as soon as anybody is erased after it was made.
    fn ends_at(&self, erased_at: Option<Timestamp>) -> Timestamp {
        let kept_until = self.created_at.plus(KEPT_FOR);
        let withdrawn = erased_at.filter(|at| self.details && self.created_at <= *at);
        withdrawn.map_or(kept_until, |at| at.min(kept_until))
    }
}

/// Looks at the next exports, after the last of them at the first ones again, and removes the files of those that are over their time. How many exports.
pub(crate) async fn remove(work: &Work<'_>) -> Result<u64, StoreError> {
    let (before, etag) = progress::read(&work.partition).await?;
    let erased_at = LastErasure::of(&work.partition).await?;
    let of = ListOf { after: before.exports.clone(), limit: PAGE, ..ListOf::default() };
    let page = work.partition.list::<Exported>(of).await?;
    let mut rounds = before.rounds;
    if before.exports.is_none() {
        rounds.this = work.now;
    }
    let exports = page.documents.into_iter().map(|found| found.document);
    let is_due = |exported: &Exported| {
        let ends_at = exported.ends_at(erased_at);
        ends_at <= work.now && rounds.done < ends_at.plus(CLOCKS_DIFFER)
    };
    let mut removed = 0;
    for exported in exports.filter(is_due) {
        remove_files(work, &exported).await?;
        removed += 1;
    }
    if page.next.is_none() {
        rounds.done = rounds.this;
    }
    if removed > 0 || page.next != before.exports {
        let after = Progress { exports: page.next, rounds, ..before };
        progress::keep(&work.partition, &after, etag).await?;
    }
    Ok(removed)
}

/// Whoever laid the file out tried it as often as there are attempts.
async fn remove_files(work: &Work<'_>, exported: &Exported) -> Result<(), StoreError> {
    let (tenant, export) = (work.partition.tenant(), exported.export);
    let attempts = exported.attempts.iter();
    for (attempt, extension) in
        attempts.flat_map(|attempt| EXTENSIONS.map(|extension| (attempt, extension)))
    {
        let name = format!("{tenant}/{attempt}-{export}.{extension}");
        work.state.ports.removal.remove_blob(Bucket::Exports, &name).await?;
    }
    Ok(())
}
