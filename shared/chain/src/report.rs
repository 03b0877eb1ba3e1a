//! What a verification found: never a bare yes or no.

use serde::Serialize;

use crate::{Hash, anchor::Anchor, policy::Tier};

/// The answer, and what it rests on.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Report {
    /// The answer.
    pub verdict: Verdict,
    /// Against whom the log is proved; each tier includes the ones before.
    pub tier: Tier,
    /// The least tier that is `ok`, as the policy or whoever verifies asks; `None` without a policy.
    pub asked: Option<Tier>,
    /// How many rows were hashed and found to follow from the ones before.
    pub rows_checked: u64,
    /// The first thing that is wrong; `None` unless the verdict is `broken`.
    pub first_bad: Option<Finding>,
    /// How many rows there are.
    pub size: u64,
    /// The root of the tree over them, computed from their bytes.
    pub root: Hash,
    /// The head that the log's signer claims; `None` when it cannot be read.
    pub checkpoint: Option<Head>,
    /// How many rows no checkpoint covers.
    pub unsigned_tail: u64,
    /// Rows whose bodies were removed, as rows of the log account for: only their hashes were checked.
    pub purged: Purged,
    /// Personal details that are shown and fit the rows.
    pub disclosed: u64,
    /// Personal details that are gone, as rows of the log say.
    pub erased: u64,
    /// What was not checked and why, and what else a reader must know: whole sentences.
    pub notes: Vec<String>,
}

/// The head of a log as its checkpoint has it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Head {
    /// Which log.
    pub origin: String,
    /// How many rows.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
    /// The pinned keys whose signatures hold: verifier keys (C2SP signed-note).
    pub signed_by: Vec<String>,
    /// Where it stands in the directory of logs; `None` when the file does not say.
    pub anchor: Option<Anchor>,
    /// The pinned witnesses whose cosignatures hold, whether or not they are enough.
    pub witnessed_by: Vec<Witnessed>,
}

/// A witness that cosigned a head.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Witnessed {
    /// Its name in the policy.
    pub name: String,
    /// Its verifier key (C2SP tlog-cosignature).
    pub key: String,
    /// When, by its own clock: `2026-11-21T00:00:00Z`.
    pub time: String,
    /// Its first look at the log, as a row of the log proves it; `None` when no row does.
    pub since: Option<Since>,
}

/// The first look of a witness at a log.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Since {
    /// How many rows there were: they came about unwatched.
    pub rows: u64,
    /// When, by its own clock.
    pub time: String,
}

/// Rows whose bodies were removed.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Purged {
    /// How many.
    pub rows: u64,
    /// The first and the last of each run of them; the first thousand runs.
    pub ranges: Vec<(u64, u64)>,
}

/// The answer of a verification.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Everything that the policy asks for was checked and holds.
    Ok,
    /// Something is wrong: the log was changed, or it is not the log that the policy names.
    Broken,
    /// Nothing is wrong, and not everything could be checked or is there.
    Incomplete,
    /// The log is empty. Never a success.
    NothingToCheck,
}

/// Something that is wrong.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Finding {
    /// The row; `None` when it is not about a row.
    pub seq: Option<u64>,
    /// The rule that is broken.
    pub kind: Kind,
    /// What should be there.
    pub expected: String,
    /// What is there.
    pub got: String,
}

/// The rule that a [`Finding`] is about. Ordered: of several findings, the first kind says most about the cause.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The bytes of a row are not those that were sealed.
    RowHash,
    /// A row does not contain the hash of the one before it.
    Link,
    /// A row is missing.
    SeqGap,
    /// A row is there twice.
    SeqDup,
    /// A row was sealed earlier than the one before it.
    TimeRegress,
    /// A row's body is missing, and not even its hash is there.
    MissingBody,
    /// A row's body was removed, and no row of the log accounts for it.
    UnexplainedPurge,
    /// A personal detail is not what the row commits to.
    Disclosure,
    /// A row is not one: not canonical JSON, or without a member that every row has.
    Profile,
    /// A row, or the whole log, is another's.
    Tenant,
    /// The checkpoint is not signed by a pinned key, or is about another log.
    Signature,
    /// A file of tree hashes does not fit the rows.
    Tile,
    /// The rows lead to another root than the checkpoint's.
    Root,
    /// There are fewer rows than were seen before.
    Rollback,
    /// The log begins otherwise than it was seen before: it was forked.
    Consistency,
    /// The checkpoint does not stand in the directory of logs that it claims, or that is not signed or stamped by a pinned key.
    Anchor,
    /// The manifest does not fit the files, or its signature does not fit it.
    Manifest,
    /// The file is cut short, or has other bytes than the one canonical encoding of its content.
    Container,
}

impl Report {
    /// The answer in one sentence.
    pub fn answer(&self) -> String {
        let log = self.checkpoint.as_ref().map_or("this log", |head| &head.origin);
        match self.verdict {
            Verdict::Ok if self.is_partial() => format!("OK: the row stands in {log}, unchanged."),
            Verdict::Ok if self.purged.rows > 0 => {
                format!(
                    "OK: {log} is unchanged; {} of its rows were removed when their time was over, as it says itself.",
                    self.purged.rows
                )
            }
            Verdict::Ok => format!("OK: {log} is whole and unchanged."),
            Verdict::Broken => format!("BROKEN: {log} is not as it was sealed and signed."),
            Verdict::Incomplete => {
                format!(
                    "INCOMPLETE: nothing is wrong with {log}, but it is not proved; see the notes."
                )
            }
            Verdict::NothingToCheck => "NOTHING TO CHECK: the log has no rows.".to_owned(),
        }
    }
    /// What the answer means for whoever relies on the log.
    pub fn meaning(&self) -> &'static str {
        match self.verdict {
            Verdict::Ok if self.is_partial() => {
                "This one row is in the log, at its place and byte for byte as it was sealed, and your policy's keys signed that. It says nothing about the other rows."
            }
            Verdict::Ok if self.purged.rows > 0 => {
                "Every row that is there is byte for byte as it was sealed, every row that is not is accounted for by a later one and stands under the same root with its hash, and your policy's keys signed it at the tier that you ask for."
            }
            Verdict::Ok => {
                "Every row is there, in order and byte for byte as it was sealed, and your policy's keys signed it at the tier that you ask for."
            }
            Verdict::Broken => {
                "Do not rely on this file. It was damaged, altered, or made by somebody else than the log that your policy names. Get another copy; if that one is broken as well, ask the operator."
            }
            Verdict::Incomplete => {
                "This is neither a yes nor a no. What could be checked holds, and what could not be checked is named in the notes."
            }
            Verdict::NothingToCheck => {
                "This is neither a yes nor a no. There is no row whose integrity could be shown."
            }
        }
    }

    /// Whether the log has rows that the file does not hold, as with the proof of one row.
    const fn is_partial(&self) -> bool {
        self.rows_checked + self.purged.rows < self.size
    }
}

impl Finding {
    /// About row `seq`.
    pub fn at(seq: u64, kind: Kind, expected: String, got: String) -> Self {
        Self { seq: Some(seq), kind, expected, got }
    }

    /// About something that is not a row.
    pub fn of(kind: Kind, expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self { seq: None, kind, expected: expected.into(), got: got.into() }
    }
}

impl Kind {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RowHash => "row_hash",
            Self::Link => "link",
            Self::SeqGap => "seq_gap",
            Self::SeqDup => "seq_dup",
            Self::TimeRegress => "time_regress",
            Self::MissingBody => "missing_body",
            Self::UnexplainedPurge => "unexplained_purge",
            Self::Disclosure => "disclosure",
            Self::Profile => "profile",
            Self::Tenant => "tenant",
            Self::Rollback => "rollback",
            Self::Consistency => "consistency",
            Self::Signature => "signature",
            Self::Tile => "tile",
            Self::Root => "root",
            Self::Manifest => "manifest",
            Self::Anchor => "anchor",
            Self::Container => "container",
        }
    }
    /// What is wrong, in words.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::RowHash => "the bytes of the row were changed",
            Self::Link => "the row does not contain the hash of the row before it",
            Self::SeqGap => "a row is missing",
            Self::SeqDup => "a row is there twice",
            Self::TimeRegress => "the row was sealed earlier than the row before it",
            Self::MissingBody => "the row is not there, and nothing says that it was removed",
            Self::UnexplainedPurge => {
                "the row was removed, and no row of the log accounts for that"
            }
            Self::Disclosure => "a personal detail is not the one that the row commits to",
            Self::Profile => "this is not a row of a log",
            Self::Tenant => "the row belongs to another log",
            Self::Rollback => "rows that were seen before are not there",
            Self::Consistency => "the log begins otherwise than it was seen before",
            Self::Signature => "the log is not signed as your policy demands",
            Self::Tile => "the tree of hashes does not fit the rows",
            Self::Root => "the rows are not those of the checkpoint",
            Self::Manifest => "a file is not as the signed manifest lists it",
            Self::Anchor => "the log is not held fast in the directory that it names",
            Self::Container => "the file was damaged or repacked",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_has_one_name() {
        for kind in [Kind::RowHash, Kind::SeqGap, Kind::TimeRegress, Kind::Container] {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
    }
}
