//! Verification of an export, offline, from its bytes and what the auditor pinned.
//!
//! Total: any bytes give a [`Report`], in time linear in their length. It reads on behind damage, so that the report names
//! the row that was changed and not only the file.

mod files;
mod head;
mod row_proof;
mod rows;
mod sights;
mod stream;

use std::collections::BTreeMap;

use crate::{
    Hash,
    bundle::CHECKPOINT,
    container::{self, Archive},
    epoch::Beginning,
    genesis, later,
    policy::{Policy, Tier},
    report::{Finding, Head, Kind, Purged, Report, Verdict},
    row_proof::FIRST_LINE,
    seen,
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
pub fn undiagnosed(finding: Finding, policy: Option<&Policy>) -> Report {
    let asked = policy.map(|policy| policy.tier);
    let note = "The file is too large to be searched for the cause. What is named is the first thing that does not fit what stands before it.";
    Report {
        verdict: Verdict::Broken,
        tier: Tier::Chained,
        asked,
        rows_checked: 0,
        first_bad: Some(finding),
        size: 0,
        root: Hash::ZERO,
        checkpoint: None,
        unsigned_tail: 0,
        purged: Purged::default(),
        disclosed: 0,
        erased: 0,
        notes: vec![note.to_owned()],
    }
}

/// As [`bundle`], looking at everything at once: for an export of which [`Stream`] says that something does not hold, to name what.
///
/// Takes memory in proportion to the export: its bytes, and 32 more for each row.
pub fn diagnose(bytes: &[u8], policy: Option<&Policy>) -> Report {
    let archive = container::read(bytes);
    let mut findings: Vec<_> = damage(&archive).into_iter().collect();
    findings.extend(files::too_long(&archive.files));
    let mut head = head::read(&archive.files, policy, &mut findings);
    let manifest = files::manifest(&archive.files, policy, &mut findings);
    let rows = Rows::read(&archive.files);
    let log_keys = policy.map(|policy| policy.log_keys.as_slice()).unwrap_or_default();
    let begins = head.as_ref().map(|head| rows.begins(&head.origin, log_keys));
    if let (Some(head), Some(policy)) = (&mut head, policy) {
        findings.extend(follow(head, begins.as_ref(), policy, &archive.files));
    }
    // What an unknown key signed is no measure for the rows.
    let measure = head.as_ref().filter(|head| policy.is_none() || !head.signed_by.is_empty());
    let claims = files::claims(&archive.files, &mut findings);
    let tenant = manifest.as_ref().map(|manifest| manifest.tenant.as_str());
    let months = policy.map_or(0, |policy| policy.retention);
    let later = files::later(&archive.files, policy, &mut findings);
    let mut walked = rows.walk(tenant, claims, &later, months);
    if let Some(time) = head.as_ref().and_then(head::seen_at) {
        walked.ledger.seen_at(time);
    }
    findings.extend(walked.unproved.clone());
    findings.extend(walked.unaccounted());
    findings.extend(rows.diagnose(&walked, measure, &archive.files));
    let seen = policy.map_or(&[][..], |policy| &policy.seen);
    findings.extend(seen::differs(seen, rows.levels().leaves(), rows.size()));
    findings.extend(begins.filter(|_| measure.is_some()).and_then(Result::err));
    findings.extend(
        manifest.zip(head.as_ref()).and_then(|(manifest, head)| files::same_log(&manifest, head)),
    );
    files::tiles(&archive.files, &rows, &mut findings);
    conclude(findings, head, (rows.size(), rows.root()), walked, policy)
}

/// Believes a head that no pinned key signed, if row 0 shows that one of them named its key; what is wrong otherwise.
fn follow(
    head: &mut Head,
    begins: Option<&Result<Beginning, Finding>>,
    policy: &Policy,
    files: &BTreeMap<&str, &[u8]>,
) -> Vec<Finding> {
    let is_open = head.signed_by.is_empty() && head.origin == policy.origin;
    if !is_open || !genesis::is_later(&head.origin) {
        return Vec::new();
    }
    let named = begins.and_then(|begins| begins.as_ref().ok());
    let named = named.map(|beginning| beginning.named.as_slice()).unwrap_or_default();
    let note = files.get(CHECKPOINT).copied().unwrap_or_default();
    match head::followed(note, named, policy) {
        Ok(signed_by) => {
            head.signed_by = signed_by;
            Vec::new()
        }
        Err(finding) => {
            let row = begins.and_then(|begins| begins.as_ref().err().cloned());
            row.into_iter().chain([finding]).collect()
        }
    }
}

fn damage(archive: &Archive<'_>) -> Option<Finding> {
    let expected = "one canonical ZIP archive, whole and nothing after it";
    archive.damage.map(|damage| Finding::of(Kind::Container, expected, damage.to_string()))
}

fn conclude(
    findings: Vec<Finding>,
    mut checkpoint: Option<Head>,
    (size, root): (u64, Hash),
    walked: Walked,
    policy: Option<&Policy>,
) -> Report {
    let covered = checkpoint.as_ref().map_or(0, |head| head.size);
    let signed = checkpoint.as_ref().filter(|head| head.root == root);
    let tier = tier(signed, policy, walked.is_unseen);
    let is_signed = tier > Tier::Chained;
    let first_bad =
        findings.into_iter().min_by_key(|finding| (finding.seq.is_none(), finding.kind));
    let lacking = lacking(tier, policy, checkpoint.as_ref());
    let verdict = match (&first_bad, size) {
        (Some(_), _) => Verdict::Broken,
        (None, 0) => Verdict::NothingToCheck,
        (None, _) if lacking.is_some() || walked.incomplete > 0 => Verdict::Incomplete,
        (None, _) => Verdict::Ok,
    };
    let (disclosed, erased) = walked.claims.counts();
    let since = checkpoint.as_mut().and_then(|head| walked.sights.tell(head));
    let newer = "Rows that were added after this checkpoint are not in this export; a newer one shows them.";
    let notes = walked
        .notes
        .into_iter()
        .chain(walked.borders.told())
        .chain(lacking)
        .chain(is_signed.then(|| newer.to_owned()))
        .chain(since);
    Report {
        verdict,
        tier,
        asked: policy.map(|policy| policy.tier),
        rows_checked: walked.checked.saturating_sub(walked.ledger.rows()),
        first_bad,
        size,
        root,
        checkpoint,
        unsigned_tail: size.saturating_sub(covered),
        purged: walked.ledger.purged(),
        disclosed,
        erased,
        notes: notes.collect(),
    }
}

/// Against whom the log is proved, whose rows lead to `head`; `is_unseen` as in [`head::tier`].
fn tier(head: Option<&Head>, policy: Option<&Policy>, is_unseen: bool) -> Tier {
    match (head, policy) {
        (Some(head), Some(policy)) => head::tier(head, policy, is_unseen),
        (None, _) | (_, None) => Tier::Chained,
    }
}

/// What the policy asks for and the file does not prove.
fn lacking(tier: Tier, policy: Option<&Policy>, head: Option<&Head>) -> Option<String> {
    let Some(policy) = policy else {
        return Some("No signature was checked, because no policy pins a key: keys that come with a log prove nothing about it. Name yours (audit-verify: --policy).".to_owned());
    };
    let asked = policy.tier;
    (tier < asked).then(|| {
        let lacking = match asked {
            Tier::Witnessed => unwitnessed(policy, head, tier),
            Tier::Timestamped => "it carries no time stamp that the policy pins".to_owned(),
            Tier::Signed | Tier::Chained => "no pinned key signed it".to_owned(),
        };
        format!("The tier {asked} is asked for, and this file proves {tier}: {lacking}.")
    })
}

fn unwitnessed(policy: &Policy, head: Option<&Head>, tier: Tier) -> String {
    if policy.quorum.asks_nobody() {
        return "the policy names no quorum of witnesses".to_owned();
    }
    if tier > Tier::Chained && head.is_some_and(|head| head::is_met(head, policy)) {
        return format!(
            "its head is cosigned, and not every head in {} is by {}: whoever signs the log can make such heads for one reader alone",
            later::FILE,
            policy.quorum.describe()
        );
    }
    let witnessed = head.map(|head| head.witnessed_by.as_slice()).unwrap_or_default();
    let names: Vec<_> = witnessed.iter().map(|witnessed| witnessed.name.as_str()).collect();
    let by = if names.is_empty() { "nobody".to_owned() } else { names.join(", ") };
    format!(
        "it must be cosigned by {}, and is by {by}. Ask for an export of the witnessed head",
        policy.quorum.describe()
    )
}

#[cfg(test)]
mod tests;
