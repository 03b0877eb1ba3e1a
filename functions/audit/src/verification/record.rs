//! The answer of a verification, as it is kept and shown: the verdict model of the offline verifier.

use chain::{
    policy::Tier,
    report::{Finding, Verdict},
};
use domain::{AuditEvent, EventKind, Target, Timestamp, UserId, VerificationId};
use ports::Container;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Document;

use super::Piece;

/// Notes of several pieces that are kept.
const NOTES_MAX: usize = 16;

/// A verification that was made.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub(crate) struct VerificationRecord {
    /// Its identifier.
    #[schemars(with = "String")]
    pub(crate) verification: VerificationId,
    /// Who asked; nobody, where it was the nightly one.
    #[schemars(with = "Option<String>")]
    pub(crate) by: Option<UserId>,
    /// When.
    #[schemars(with = "String")]
    pub(crate) created_at: Timestamp,
    /// Since when the rows in `next` wait to be verified is not said: pass it as `from` to go on.
    #[serde(flatten)]
    pub(crate) answer: Answer,
}

/// What was found.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Answer {
    /// The answer. Only `ok` is a success.
    pub(crate) verdict: Verdicts,
    /// Against whom it is proved, as far as the control plane itself says so: `chained`, `signed`, `timestamped` or `witnessed`. Who must not have to
    /// believe it verifies an export.
    pub(crate) tier: String,
    /// The least tier that was asked for; below it, the verdict is `incomplete`.
    #[serde(default)]
    pub(crate) asked: Option<String>,
    /// Which epoch of the log.
    #[serde(default)]
    pub(crate) epoch: u64,
    /// The first row that was asked for.
    pub(crate) from: u64,
    /// The row after the last one that was looked at.
    pub(crate) to: u64,
    /// Pass this as `from` to go on; absent when everything that was asked for was looked at.
    pub(crate) next: Option<u64>,
    /// How many rows were hashed and found to follow from the ones before.
    pub(crate) rows_checked: u64,
    /// The first thing that is wrong.
    pub(crate) first_bad: Option<FirstBad>,
    /// How many rows were removed, and only their hashes checked.
    pub(crate) purged: u64,
    /// How many rows no signed head covers yet.
    pub(crate) unsigned_tail: u64,
    /// The signed head that the rows were measured by.
    pub(crate) last_checkpoint: Option<LastCheckpoint>,
    /// How long ago a witness cosigned last, in seconds; absent when none did.
    pub(crate) witness_age_s: Option<u64>,
    /// How long the oldest signed row that no anchor covers has waited for one, in seconds; 0 when all are covered, absent without anchors.
    pub(crate) anchor_age_s: Option<u64>,
    /// What else to know: whole sentences.
    pub(crate) notes: Vec<String>,
}

/// The answer of a verification.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdicts {
    /// Everything that was asked for was checked and holds.
    Ok,
    /// Something is wrong.
    Broken,
    /// Nothing is wrong, and not everything could be checked or is there.
    Incomplete,
    /// There were no rows. Never a success.
    NothingToCheck,
}

/// Something that is wrong.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub(crate) struct FirstBad {
    /// The row; absent when it is not about a row.
    pub(crate) seq: Option<u64>,
    /// The rule that is broken, in the words of the offline verifier.
    pub(crate) kind: String,
    /// What should be there.
    pub(crate) expected: String,
    /// What is there.
    pub(crate) got: String,
}

/// A signed head.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub(crate) struct LastCheckpoint {
    /// Which log.
    pub(crate) origin: String,
    /// How many rows.
    pub(crate) size: u64,
    /// The root of the tree over them, in hexadecimal.
    pub(crate) root: String,
}

impl Document for VerificationRecord {
    const CONTAINER: Container = Container::Audit;
    const KIND: &'static str = "verification";

    fn id(&self) -> String {
        self.verification.to_string()
    }
}

impl Answer {
    /// Whether somebody must look at it.
    pub(crate) fn is_alarming(&self) -> bool {
        match self.verdict {
            Verdicts::Ok | Verdicts::NothingToCheck => false,
            Verdicts::Broken => true,
            // A tail that waits for its signature is no reason to wake anybody.
            Verdicts::Incomplete => !self.notes.is_empty(),
        }
    }

    /// What it says together with the answer about the rows that come next.
    pub(crate) fn and(mut self, next: Self) -> Self {
        self.notes.extend(next.notes);
        // It is kept in a document; whoever wants the others asks for that part of the log.
        self.notes.truncate(NOTES_MAX);
        let verdict = self.verdict.and(next.verdict);
        let is_broken = verdict == Verdicts::Broken;
        Self {
            verdict,
            tier: if is_broken { Tier::Chained.name().to_owned() } else { next.tier },
            from: self.from,
            rows_checked: self.rows_checked + next.rows_checked,
            first_bad: self.first_bad.or(next.first_bad),
            purged: self.purged + next.purged,
            notes: self.notes,
            ..next
        }
    }

    /// The answer that `piece` gives to whoever asks for a tier.
    pub(crate) fn of(piece: &Piece, asked: Option<Tier>) -> Self {
        let tier = piece.tier();
        let is_below = asked.is_some_and(|asked| tier < asked);
        let found = piece.verdict();
        let verdict = if found == Verdict::Ok && is_below { Verdict::Incomplete } else { found };
        Self {
            verdict: verdict.into(),
            tier: tier.name().to_owned(),
            asked: asked.map(|asked| asked.name().to_owned()),
            epoch: piece.epoch,
            from: piece.from,
            to: piece.to,
            next: piece.next,
            rows_checked: piece.rows_checked,
            first_bad: piece.first_bad.as_ref().map(FirstBad::of),
            purged: piece.purged,
            unsigned_tail: piece.unsigned_tail,
            last_checkpoint: piece.signed.as_ref().map(|signed| LastCheckpoint {
                origin: signed.origin.clone(),
                size: signed.size,
                root: signed.root.to_string(),
            }),
            witness_age_s: piece.witness_age_s,
            anchor_age_s: piece.anchor_age_s,
            notes: piece.notes.clone(),
        }
    }
}

impl Verdicts {
    /// The verdict on two parts.
    fn and(self, other: Self) -> Self {
        let gravest_first = [Self::Broken, Self::Incomplete, Self::Ok];
        let found = gravest_first.into_iter().find(|verdict| [self, other].contains(verdict));
        found.unwrap_or(Self::NothingToCheck)
    }
}

impl FirstBad {
    fn of(finding: &Finding) -> Self {
        Self {
            seq: finding.seq,
            kind: finding.kind.name().to_owned(),
            expected: finding.expected.clone(),
            got: finding.got.clone(),
        }
    }
}

impl From<Verdict> for Verdicts {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Ok => Self::Ok,
            Verdict::Broken => Self::Broken,
            Verdict::Incomplete => Self::Incomplete,
            Verdict::NothingToCheck => Self::NothingToCheck,
        }
    }
}

/// That the log was verified, and what came of it.
pub(crate) fn event(id: VerificationId, answer: &Answer) -> AuditEvent {
    let kind = match answer.verdict {
        Verdicts::Broken => EventKind::AuditVerifyFailed,
        Verdicts::Ok | Verdicts::Incomplete | Verdicts::NothingToCheck => EventKind::AuditVerified,
    };
    let verdict = serde_json::to_value(answer.verdict).unwrap_or_default();
    let event = AuditEvent::new(kind, Target::new("verification", id))
        .with("epoch", answer.epoch)
        .with("from", answer.from)
        .with("rows_checked", answer.rows_checked)
        .with("tier", answer.tier.as_str())
        .with("to", answer.to)
        .with("verdict", verdict);
    let Some(bad) = &answer.first_bad else { return event };
    let event = event.with("kind", bad.kind.as_str());
    match bad.seq {
        Some(seq) => event.with("seq", seq),
        None => event,
    }
}

#[cfg(test)]
mod tests {
    use chain::report::Kind;

    use super::*;

    fn part(from: u64, to: u64, bad: Option<u64>) -> Answer {
        let finding = |seq| Finding::at(seq, Kind::RowHash, String::new(), String::new());
        let first_bad = bad.map(|seq| FirstBad::of(&finding(seq)));
        let verdict = if bad.is_some() { Verdicts::Broken } else { Verdicts::Ok };
        let none = Answer::of(&Piece::default(), None);
        Answer { verdict, from, to, rows_checked: to - from, first_bad, ..none }
    }

    #[test]
    fn what_is_wrong_in_a_part_is_wrong_in_the_whole() {
        for bad in [3, 13] {
            let is_in = |part: std::ops::Range<u64>| Some(bad).filter(|bad| part.contains(bad));
            let whole = part(0, 10, is_in(0..10)).and(part(10, 20, is_in(10..20)));
            assert_eq!((whole.from, whole.to, whole.rows_checked), (0, 20, 20));
            assert_eq!((whole.verdict, whole.tier.as_str()), (Verdicts::Broken, "chained"));
            assert_eq!(whole.first_bad.and_then(|bad| bad.seq), Some(bad));
        }
    }

    #[test]
    fn of_two_verdicts_the_graver_one_counts() {
        let order =
            [Verdicts::Broken, Verdicts::Incomplete, Verdicts::Ok, Verdicts::NothingToCheck];
        for (place, graver) in order.into_iter().enumerate() {
            for other in &order[place..] {
                assert_eq!((graver.and(*other), other.and(graver)), (graver, graver));
            }
        }
    }
}
