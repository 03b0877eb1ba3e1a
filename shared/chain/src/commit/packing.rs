//! What becomes of a page of intents: rows, remarks beside them, or nothing, because the log holds them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{COMMIT_BYTES_MAX, Commit, CommitError, Cursors, Head, ROWS_MAX, account, segment};
use crate::{
    Hash,
    instances::{Gap, hours, key},
    intent::{IntentError, VerifiedIntent},
    remark::Remark,
    row::{self, Row, RowError},
    tree::leaf_hash,
};

/// Kept free for what 64 rows can add to the edge and the instances: 64 × (hash 67 + name and number 600) < 48 KiB.
const RESERVE_BYTES: usize = 48 << 10;

/// What [`next`] made of a page of intents.
#[derive(Clone, Debug, PartialEq)]
pub struct Next {
    /// The document to create; `None` when every intent had been sealed before.
    pub commit: Option<Commit>,
    /// How many intents of the page were dealt with; the others go into the commit after this one.
    pub taken: usize,
    /// Which of them were passed over, because the log holds them already: places in the page.
    pub repeated: Vec<usize>,
}

/// What the log holds under the number of an intent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Before {
    /// An intent with this digest.
    Sealed(Hash),
    /// None: the number was declared void or was never seen.
    Nothing,
}

/// Intents to be sealed, and what the log says of those for which it must be asked.
#[derive(Clone, Debug)]
pub struct Page<'a> {
    /// In the order in which they were read.
    pub intents: &'a [VerifiedIntent],
    /// For each place that [`to_ask`] names: what the log holds under that number.
    pub before: &'a BTreeMap<usize, Before>,
    /// Gaps that have been there for so long that they are recorded, unless the page fills them.
    pub late: &'a [Gap],
    /// Where the sources stand after the whole page.
    pub cursors: &'a Cursors,
}

/// Makes the sealer's own intent that notes a remark.
pub type Note<'a> = dyn FnMut(&Remark) -> Result<VerifiedIntent, IntentError> + 'a;

/// The places of a page for which the log must be asked what it holds: those seen before, and those too old to know.
pub fn to_ask(head: &Head, intents: &[VerifiedIntent], rx: &str) -> Vec<usize> {
    let rx = rx.max(&head.rx);
    let asks = |(place, intent): (usize, &VerifiedIntent)| {
        head.instances.must_ask(intent.intent(), rx).then_some(place)
    };
    intents.iter().enumerate().filter_map(asks).collect()
}

/// Packs as many intents as fit after `head` into the next commit.
///
/// Cursors are taken over only with the last intent of the page; so a cursor is never ahead of the rows, and a page that is
/// read again is passed over by source and number. Whatever is odd about an intent is noted in the row after it, in the same
/// commit: what is sealed without its remark would never be remarked on.
///
/// # Errors
/// * [`CommitError::Row`]: an intent that can never become a row, such as one whose row would be too long.
/// * [`CommitError::Unasked`], [`CommitError::Note`], [`CommitError::Time`], [`CommitError::Full`].
pub fn next(
    head: &Head,
    page: &Page<'_>,
    rx: &str,
    note: &mut Note<'_>,
) -> Result<Next, CommitError> {
    let mut draft = Draft::after(head, page.cursors, rx)?;
    let mut taken = 0;
    let mut repeated = Vec::new();
    for (place, intent) in page.intents.iter().enumerate() {
        let plan = draft.plan(head, place, intent, page.before)?;
        if plan == Plan::PassOver {
            repeated.push(place);
        } else {
            let refused = |source| CommitError::Note { place, source };
            let notes: Vec<_> =
                plan.remarks().iter().map(&mut *note).collect::<Result<_, _>>().map_err(refused)?;
            let own = plan.is_sealed().then_some(intent);
            let rows: Vec<_> = own.into_iter().chain(&notes).collect();
            let row = |source| CommitError::Row { place, source };
            if !draft.push(&rows).map_err(row)? {
                draft.fill_segment(&rows).map_err(row)?;
                break;
            }
        }
        taken += 1;
    }
    if draft.rows.is_empty() && taken < page.intents.len() {
        return Err(CommitError::Full);
    }
    if taken == page.intents.len() {
        draft.head.cursors.extend(page.cursors.clone());
        draft.record(page.late, note)?;
    }
    Ok(Next { commit: draft.finish(), taken, repeated })
}

/// What becomes of an intent.
#[derive(Debug, Eq, PartialEq)]
enum Plan {
    /// The log holds it.
    PassOver,
    /// It becomes a row, followed by remarks.
    Seal(Vec<Remark>),
    /// The log holds other words under its number: only that is noted.
    Refuse(Remark),
}

impl Plan {
    fn is_sealed(&self) -> bool {
        matches!(self, Self::Seal(_))
    }

    fn remarks(&self) -> &[Remark] {
        match self {
            Self::PassOver => &[],
            Self::Seal(remarks) => remarks,
            Self::Refuse(remark) => std::slice::from_ref(remark),
        }
    }
}

/// A commit that is being packed.
struct Draft {
    head: Head,
    first: u64,
    rows: Vec<String>,
    room: usize,
    /// What this commit seals.
    sealed: BTreeMap<(String, u64), Hash>,
}

impl Draft {
    fn after(head: &Head, cursors: &Cursors, rx: &str) -> Result<Self, CommitError> {
        if !row::is_timestamp(rx) {
            return Err(CommitError::Time);
        }
        let mut head = head.clone();
        // The clocks of two sealers differ; the log's time never goes back.
        head.rx = head.rx.max(rx.to_owned());
        head.instances.forget(hours(&head.rx));
        let carried =
            stored_bytes(&head.instances) + stored_bytes(&head.cursors) + stored_bytes(cursors);
        let room = COMMIT_BYTES_MAX.saturating_sub(carried + RESERVE_BYTES);
        let (first, rows, sealed) = (head.tree.size(), Vec::new(), BTreeMap::new());
        Ok(Self { head, first, rows, room, sealed })
    }

    /// What becomes of an intent: what the log or this commit holds under its number decides.
    fn plan(
        &self,
        head: &Head,
        place: usize,
        intent: &VerifiedIntent,
        before: &BTreeMap<usize, Before>,
    ) -> Result<Plan, CommitError> {
        let source = &intent.intent().src;
        let digest = intent.digest();
        let here = self.sealed.get(&(key(source), source.number)).copied();
        let before = match (here.map(Before::Sealed), before.get(&place)) {
            (Some(here), _) => here,
            (None, Some(before)) => *before,
            (None, None) if head.instances.must_ask(intent.intent(), &self.head.rx) => {
                return Err(CommitError::Unasked(place));
            }
            (None, None) => Before::Nothing,
        };
        Ok(match before {
            Before::Sealed(sealed) if sealed == digest => Plan::PassOver,
            Before::Sealed(sealed) => {
                Plan::Refuse(Remark::conflict(intent.intent(), sealed, digest))
            }
            Before::Nothing => Plan::Seal(self.head.instances.remarks(source, digest)),
        })
    }

    /// Appends the intents as rows, all or none; `false` when they do not fit any more.
    fn push(&mut self, intents: &[&VerifiedIntent]) -> Result<bool, RowError> {
        let (mut seq, mut last) = (self.head.tree.size(), self.head.last);
        let (mut rows, mut bytes) = (Vec::new(), 0);
        for intent in intents {
            let row = Row::seal(intent.text(), seq, &last, &self.head.rx)?;
            bytes += stored_row_bytes(&row) + 1;
            last = leaf_hash(row.as_bytes());
            rows.push((row, last));
            seq += 1;
        }
        let is_last = seq.checked_sub(1).is_none_or(|last| segment(last) == segment(self.first));
        if self.rows.len() + rows.len() > ROWS_MAX || !is_last || bytes > self.room {
            return Ok(false);
        }
        self.room -= bytes;
        for ((row, hash), intent) in rows.into_iter().zip(intents) {
            self.head.tree.push(hash);
            self.head.last = hash;
            self.rows.push(row);
            self.follow(intent);
        }
        Ok(true)
    }

    /// The last row of a segment has no room for an intent and its remark. The remark is noted there, and once more with its intent.
    fn fill_segment(&mut self, rows: &[&VerifiedIntent]) -> Result<(), RowError> {
        let is_last = segment(self.first) != segment(self.first + 1);
        match rows.get(1) {
            Some(remark) if is_last && self.rows.is_empty() => self.push(&[remark]).map(drop),
            Some(_) | None => Ok(()),
        }
    }

    /// Notes the gaps that are still there, as far as there is room.
    fn record(&mut self, late: &[Gap], note: &mut Note<'_>) -> Result<(), CommitError> {
        let gaps = self.head.instances.gaps();
        for (place, gap) in late.iter().enumerate().filter(|(_, gap)| gaps.contains(gap)) {
            let noted = note(&Remark::Missing(gap.clone()))
                .map_err(|source| CommitError::Note { place, source })?;
            if !self.push(&[&noted]).map_err(|source| CommitError::Row { place, source })? {
                break;
            }
        }
        Ok(())
    }

    fn follow(&mut self, intent: &VerifiedIntent) {
        let (source, digest) = (&intent.intent().src, intent.digest());
        account(&mut self.head.instances, intent.intent(), digest, &self.head.rx);
        self.sealed.insert((key(source), source.number), digest);
    }

    fn finish(self) -> Option<Commit> {
        let Head { last, rx, tree, cursors, instances } = self.head;
        let (edge, size) = (tree.edge().to_vec(), tree.size());
        let commit =
            Commit { cursors, edge, first: self.first, instances, last, rows: self.rows, rx, size };
        (!commit.rows.is_empty()).then_some(commit)
    }
}

/// The same for a row, counted without writing it: quotes and backslashes, which it has no others than, become four bytes, and so do the two around it.
pub(super) fn stored_row_bytes(row: &str) -> usize {
    let escaped = row.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count();
    row.len() + 3 * escaped + 6
}

/// Bytes of `value` as JSON inside a JSON string: its quotes are escaped once more by the document that holds it.
pub(super) fn stored_bytes(value: &impl Serialize) -> usize {
    let stored = serde_json::to_string(value).and_then(|text| serde_json::to_string(&text));
    // A value that JSON cannot hold has no room.
    stored.map_or(COMMIT_BYTES_MAX, |text| text.len())
}
