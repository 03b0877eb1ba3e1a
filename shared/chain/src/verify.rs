//! Verification of an export, offline, from its bytes and what the auditor pinned.
//!
//! Total: any bytes give a [`Report`], in time linear in their length. It reads on behind damage, so that the report names
//! the row that was changed and not only the file.

mod files;
mod head;
mod row_proof;
mod rows;
mod stream;

use crate::{
    Hash,
    container::{self, Archive},
    manifest::FORMAT,
    policy::{Policy, Tier},
    report::{Finding, Head, Kind, Report, Verdict},
    row_proof::FIRST_LINE,
    verify::rows::{Rows, Walked},
};

pub use row_proof::row_proof;
pub use stream::Stream;

/// Verifies a file of either kind: an export ([`bundle`]), or the proof of one row ([`row_proof()`]), which its first line tells.
pub fn file(bytes: &[u8], policy: Option<&Policy>) -> Report {
    if bytes.starts_with(FIRST_LINE.as_bytes()) {
        row_proof(bytes, None, policy)
    } else {
        bundle(bytes, policy)
    }
}

/// Verifies the export `bytes` against `policy`.
///
/// Without a policy the best verdict is [`Verdict::Incomplete`]: keys that come with a log prove nothing about it.
pub fn bundle(bytes: &[u8], policy: Option<&Policy>) -> Report {
    let mut stream = Stream::new(policy.cloned());
    let report = stream.feed(bytes).and_then(|()| stream.finish());
    report.unwrap_or_else(|_| diagnose(bytes, policy))
}

/// The longest export in which the cause is searched for when something does not hold; in memory, so that there must be a limit.
pub const DIAGNOSE_BYTES_MAX: u64 = 1 << 30;

/// The report on an export of more than [`DIAGNOSE_BYTES_MAX`] of which [`Stream`] says that something does not hold.
pub fn undiagnosed(finding: Finding) -> Report {
    let note = "The file is too large to be searched for the cause. What is named is the first thing that does not fit what stands before it.";
    Report {
        verdict: Verdict::Broken,
        tier: Tier::Chained,
        rows_checked: 0,
        first_bad: Some(finding),
        size: 0,
        root: Hash::ZERO,
        checkpoint: None,
        unsigned_tail: 0,
        notes: vec![note.to_owned()],
    }
}

/// As [`bundle`], looking at everything at once: for an export of which [`Stream`] says that something does not hold, to name what.
///
/// Takes memory in proportion to the export: its bytes, and 32 more for each row.
pub fn diagnose(bytes: &[u8], policy: Option<&Policy>) -> Report {
    let archive = container::read(bytes);
    let mut findings: Vec<_> = damage(&archive).into_iter().collect();
    let head = head::read(&archive.files, policy, &mut findings);
    let manifest = files::manifest(&archive.files, policy, &mut findings);
    // What an unknown key signed is no measure for the rows.
    let measure = head.as_ref().filter(|head| policy.is_none() || !head.signed_by.is_empty());
    let rows = Rows::read(&archive.files);
    let walked = rows.walk(manifest.as_ref().map(|manifest| manifest.tenant.as_str()));
    findings.extend(rows.diagnose(&walked, measure, &archive.files));
    findings.extend(measure.and_then(|head| rows.begins(&head.origin)));
    findings.extend(
        manifest.zip(head.as_ref()).and_then(|(manifest, head)| files::same_log(&manifest, head)),
    );
    files::tiles(&archive.files, &rows, &mut findings);
    conclude(findings, head, (rows.size(), rows.root()), walked, policy)
}

fn damage(archive: &Archive<'_>) -> Option<Finding> {
    let expected = "one canonical ZIP archive, whole and nothing after it";
    archive.damage.map(|damage| Finding::of(Kind::Container, expected, damage.to_string()))
}

fn conclude(
    findings: Vec<Finding>,
    checkpoint: Option<Head>,
    (size, root): (u64, Hash),
    walked: Walked,
    policy: Option<&Policy>,
) -> Report {
    let covered = checkpoint.as_ref().map_or(0, |head| head.size);
    let is_signed =
        checkpoint.as_ref().is_some_and(|head| !head.signed_by.is_empty() && head.root == root);
    let tier = if is_signed { Tier::Signed } else { Tier::Chained };
    let first_bad =
        findings.into_iter().min_by_key(|finding| (finding.seq.is_none(), finding.kind));
    let lacking = lacking(tier, policy, FORMAT);
    let verdict = match (&first_bad, size) {
        (Some(_), _) => Verdict::Broken,
        (None, 0) => Verdict::NothingToCheck,
        (None, _) if lacking.is_some() || walked.incomplete > 0 => Verdict::Incomplete,
        (None, _) => Verdict::Ok,
    };
    let newer = "Rows that were added after this checkpoint are not in this export; a newer one shows them.";
    let notes = walked.notes.into_iter().chain(lacking).chain(is_signed.then(|| newer.to_owned()));
    Report {
        verdict,
        tier,
        rows_checked: walked.checked,
        first_bad,
        size,
        root,
        checkpoint,
        unsigned_tail: size.saturating_sub(covered),
        notes: notes.collect(),
    }
}

/// What the policy asks for and a file of this format does not prove.
fn lacking(tier: Tier, policy: Option<&Policy>, format: &str) -> Option<String> {
    let Some(policy) = policy else {
        return Some("No signature was checked, because no policy pins a key: keys that come with a log prove nothing about it. Name yours (audit-verify: --policy).".to_owned());
    };
    let asked = policy.tier;
    (tier < asked).then(|| {
        format!("The policy asks for the tier {asked}, and this file proves {tier}: {format} carries no time stamps and no witnesses.")
    })
}

#[cfg(test)]
mod tests;
