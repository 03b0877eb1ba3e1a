//! Packing rows into documents that are created once: the log as it is stored.
//!
//! There is no head document: the last commit *is* the head. Two sealers that build on the same head make the same identifier,
//! and storage lets one of them create it; the other reads again and goes on. So the log has no fork, no gap and no row twice.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    Hash,
    instances::{Gap, Instances},
    intent::VerifiedIntent,
    report::Finding,
    row::{self, Row, RowError},
    tree::{CompactRange, EdgeError, leaf_hash},
    walk::Walk,
};

/// The most rows in a commit.
pub const ROWS_MAX: usize = 64;
/// The most bytes of a commit as it is stored, as a JSON string in a document: half of what a Cosmos DB item may have.
pub const COMMIT_BYTES_MAX: usize = 1 << 20;
/// Rows in a segment, as a power of two: 2¹⁸ rows of ≤ 65,535 bytes stay below the 20 GB of a logical partition.
const SEGMENT_BITS: u32 = 18;
/// Kept free for what 64 rows can add to the edge and the instances: 64 × (hash 67 + name and number 600) < 48 KiB.
const RESERVE_BYTES: usize = 48 << 10;

/// Where each source was read up to; opaque.
pub type Cursors = BTreeMap<String, String>;

/// One document of the log: some rows, and everything that is needed to append to them.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Commit {
    /// Where each source was read up to.
    pub cursors: Cursors,
    /// The right edge of the tree after the last row ([`CompactRange::edge`]).
    pub edge: Vec<Hash>,
    /// The number of its first row.
    pub first: u64,
    /// Which intents of which instance were sealed.
    pub instances: Instances,
    /// The hash of its last row.
    pub last: Hash,
    /// The exact bytes of its 1..=64 rows.
    pub rows: Vec<String>,
    /// When they were sealed.
    pub rx: String,
    /// How many rows the log has after it.
    pub size: u64,
}

/// The end of a log: what the next commit builds on.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Head {
    /// The hash of the last row; zero for the empty log.
    pub last: Hash,
    /// When it was sealed; empty for the empty log.
    pub rx: String,
    /// The tree, whose size is the number of the next row.
    pub tree: CompactRange,
    /// Where each source was read up to.
    pub cursors: Cursors,
    /// Which intents of which instance were sealed.
    pub instances: Instances,
}

/// What [`next`] made of a page of intents.
#[derive(Clone, Debug, PartialEq)]
pub struct Next {
    /// The document to create; `None` when every intent had been sealed before.
    pub commit: Option<Commit>,
    /// How many intents of the page were dealt with; the others go into the commit after this one.
    pub taken: usize,
    /// Which of them were passed over, because their source and number had been sealed before: places in the page.
    /// A reader of the same place again, or one that says something else under an old number: compare the digests.
    pub repeated: Vec<usize>,
}

/// Why rows cannot be packed, or a document is not a commit.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// An intent cannot become a row.
    #[error("intent {place} of the page cannot become a row")]
    Row {
        /// Its place in the page, from 0.
        place: usize,
        /// Why.
        source: RowError,
    },
    /// The sealing time is not a time of the log.
    #[error("the sealing time is not of the form 2026-11-21T00:00:00.001234Z")]
    Time,
    /// Even one row would be too much, because of what is carried on.
    #[error("cursors and instances leave no room for a row in a commit of 1 MiB")]
    Full,
    /// The document contradicts itself.
    #[error("the commit's size, rows and edge do not belong together")]
    Shape,
    /// The right edge is not one of a tree of that size.
    #[error("the commit's right edge is malformed")]
    Edge(#[from] EdgeError),
    /// A row does not follow from the ones before it.
    #[error("row {:?} does not follow: expected {}, got {}", .0.seq, .0.expected, .0.got)]
    Follow(Finding),
    /// The rows follow, and the document says otherwise.
    #[error("the commit's head is not that of its rows")]
    Head,
}

/// The identifier of the commit whose first row is `first`: `c-000000000042`, so that identifiers sort like rows.
pub fn document_id(first: u64) -> String {
    format!("c-{first:012}")
}

/// The partition of the log that holds row `seq`.
pub const fn segment(seq: u64) -> u64 {
    seq >> SEGMENT_BITS
}

/// Packs as many intents as fit after `head` into the next commit.
///
/// `cursors` is where the sources stand after the whole page. They are taken over only with its last intent; so a cursor is
/// never ahead of the rows, and a page that is read again is passed over by source and number.
///
/// # Errors
/// * [`CommitError::Row`]: an intent that can never become a row, such as one whose row would be too long.
/// * [`CommitError::Time`], [`CommitError::Full`].
pub fn next(
    head: &Head,
    page: &[VerifiedIntent],
    cursors: &Cursors,
    rx: &str,
) -> Result<Next, CommitError> {
    let mut draft = Draft::after(head, cursors, rx)?;
    let mut taken = 0;
    let mut repeated = Vec::new();
    for (place, intent) in page.iter().enumerate() {
        if draft.head.instances.contains(&intent.intent().src) {
            repeated.push(place);
        } else if !draft.push(intent).map_err(|source| CommitError::Row { place, source })? {
            break;
        }
        taken += 1;
    }
    if draft.rows.is_empty() && taken < page.len() {
        return Err(CommitError::Full);
    }
    if taken == page.len() {
        draft.head.cursors.extend(cursors.clone());
    }
    Ok(Next { commit: draft.finish(), taken, repeated })
}

/// A commit that is being packed.
struct Draft {
    head: Head,
    first: u64,
    rows: Vec<String>,
    room: usize,
}

impl Draft {
    fn after(head: &Head, cursors: &Cursors, rx: &str) -> Result<Self, CommitError> {
        if !row::is_timestamp(rx) {
            return Err(CommitError::Time);
        }
        let carried =
            stored_bytes(&head.instances) + stored_bytes(&head.cursors) + stored_bytes(cursors);
        let room = COMMIT_BYTES_MAX.saturating_sub(carried + RESERVE_BYTES);
        let mut head = head.clone();
        // The clocks of two sealers differ; the log's time never goes back.
        head.rx = head.rx.max(rx.to_owned());
        Ok(Self { first: head.tree.size(), head, rows: Vec::new(), room })
    }

    /// Appends the intent as a row; `false` when it does not fit any more.
    fn push(&mut self, intent: &VerifiedIntent) -> Result<bool, RowError> {
        let seq = self.head.tree.size();
        let row = Row::seal(intent.text(), seq, &self.head.last, &self.head.rx)?;
        let bytes = stored_bytes(&row) + 1;
        if self.rows.len() == ROWS_MAX || segment(seq) != segment(self.first) || bytes > self.room {
            return Ok(false);
        }
        self.room -= bytes;
        self.head.last = leaf_hash(row.as_bytes());
        self.head.tree.push(self.head.last);
        self.head.instances.insert(&intent.intent().src);
        if let Some(gap) = Gap::of(intent.intent()) {
            self.head.instances.close(&gap);
        }
        self.rows.push(row);
        Ok(true)
    }

    fn finish(self) -> Option<Commit> {
        let Head { last, rx, tree, cursors, instances } = self.head;
        let (edge, size) = (tree.edge().to_vec(), tree.size());
        let commit =
            Commit { cursors, edge, first: self.first, instances, last, rows: self.rows, rx, size };
        (!commit.rows.is_empty()).then_some(commit)
    }
}

/// Bytes of `value` as JSON inside a JSON string: its quotes are escaped once more by the document that holds it.
fn stored_bytes(value: &impl Serialize) -> usize {
    let stored = serde_json::to_string(value).and_then(|text| serde_json::to_string(&text));
    // A value that JSON cannot hold has no room.
    stored.map_or(COMMIT_BYTES_MAX, |text| text.len())
}

impl Commit {
    /// Its identifier in its partition.
    pub fn id(&self) -> String {
        document_id(self.first)
    }

    /// The end of the log after this commit, taken at its word; [`follow`](Self::follow) checks it.
    ///
    /// # Errors
    /// * [`CommitError::Shape`], [`CommitError::Edge`]: the document contradicts itself.
    pub fn head(&self) -> Result<Head, CommitError> {
        let rows = u64::try_from(self.rows.len()).ok();
        let fits =
            self.size.checked_sub(self.first) == rows && (1..=ROWS_MAX).contains(&self.rows.len());
        if !fits || segment(self.first) != segment(self.size - 1) {
            return Err(CommitError::Shape);
        }
        Ok(Head {
            last: self.last,
            rx: self.rx.clone(),
            tree: CompactRange::new(self.size, self.edge.clone())?,
            cursors: self.cursors.clone(),
            instances: self.instances.clone(),
        })
    }

    /// Hashes the rows again from `head` on, and returns the end of the log if all of it is as this commit says.
    ///
    /// # Errors
    /// * [`CommitError::Follow`]: a row breaks a rule of the log.
    /// * [`CommitError::Head`]: the rows are well, and `size`, `last` or `edge` are not theirs.
    /// * As [`head`](Self::head).
    pub fn follow(&self, head: &Head, tenant: &str) -> Result<Head, CommitError> {
        let claimed = self.head()?;
        let mut walk = Walk::after(tenant, head.tree.size(), head.last, &head.rx);
        let (mut tree, mut last) = (head.tree.clone(), head.last);
        for row in &self.rows {
            last = walk.step(row.as_bytes()).map_err(CommitError::Follow)?.1;
            tree.push(last);
        }
        if tree != claimed.tree || last != claimed.last {
            Err(CommitError::Head)
        } else {
            Ok(claimed)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        report::Kind,
        sample::{self, RX, TENANT},
    };

    fn cursors(place: &str) -> Cursors {
        Cursors::from([("access".to_owned(), place.to_owned())])
    }

    fn seal(head: &Head, page: &[VerifiedIntent]) -> Next {
        next(head, page, &cursors("p1"), RX).unwrap()
    }

    /// A head of `size` rows whose tree is made up, to stand anywhere in a log.
    fn head_at(size: u64) -> Head {
        let edge = vec![Hash::of(b"subtree"); size.count_ones() as usize];
        Head { tree: CompactRange::new(size, edge).unwrap(), rx: RX.to_owned(), ..Head::default() }
    }

    #[test]
    fn commits_follow_from_each_other_and_hold_every_intent_once() {
        let page: Vec<_> = (0..150).map(sample::verified).collect();
        let (mut head, mut rest, mut rows) = (Head::default(), page.as_slice(), Vec::new());
        while !rest.is_empty() {
            let next = seal(&head, rest);
            let commit = next.commit.unwrap();
            let stored: Commit =
                serde_json::from_str(&serde_json::to_string(&commit).unwrap()).unwrap();
            head = stored.follow(&head, TENANT).unwrap();
            rows.extend(commit.rows);
            rest = &rest[next.taken..];
        }
        assert_eq!(rows, sample::rows(150));
        assert_eq!((head.tree.size(), head.cursors), (150, cursors("p1")));
    }

    #[test]
    fn a_commit_has_at_most_64_rows_and_its_cursors_wait_for_the_whole_page() {
        let page: Vec<_> = (0..65).map(sample::verified).collect();
        let next = seal(&Head::default(), &page);
        let commit = next.commit.unwrap();
        assert_eq!((commit.rows.len(), next.taken, commit.cursors), (64, 64, Cursors::new()));
        assert_eq!((commit.first, commit.size), (0, 64));
        let whole = seal(&Head::default(), &page[..64]).commit.unwrap();
        assert_eq!((whole.rows.len(), whole.cursors.clone()), (64, cursors("p1")));
        assert_eq!(whole.id(), "c-000000000000");
    }

    #[test]
    fn a_page_that_is_read_again_seals_nothing_twice() {
        let page: Vec<_> = (0..4).map(sample::verified).collect();
        let head = seal(&Head::default(), &page[..3]).commit.unwrap().head().unwrap();
        let next = seal(&head, &page);
        assert_eq!((next.taken, next.repeated), (4, vec![0, 1, 2]));
        assert_eq!(next.commit.unwrap().rows, sample::rows(4)[3..]);
        let nothing = seal(&head, &page[..3]);
        assert_eq!((nothing.commit, nothing.taken), (None, 3));
    }

    #[test]
    fn a_commit_never_crosses_a_segment() {
        let page: Vec<_> = (1..5).map(sample::verified).collect();
        let end = 1 << 18;
        let next = seal(&head_at(end - 2), &page);
        let commit = next.commit.unwrap();
        assert_eq!(
            (commit.rows.len(), commit.size, commit.id()),
            (2, end, "c-000000262142".to_owned())
        );
        let head = commit.head().unwrap();
        let after = seal(&head, &page[next.taken..]).commit.unwrap();
        assert_eq!((segment(commit.first), segment(after.first)), (0, 1));
        assert_eq!((after.id(), after.rows.len()), (document_id(end), 2));
    }

    #[test]
    fn a_commit_has_at_most_1_mib_as_it_is_stored() {
        let page: Vec<_> = (1..40).map(|number| sample::verified_of(number, 60_000)).collect();
        let next = seal(&head_at(1), &page);
        let commit = next.commit.unwrap();
        let bytes = stored_bytes(&commit);
        assert!(next.taken < page.len());
        assert!((COMMIT_BYTES_MAX - 120_000..=COMMIT_BYTES_MAX).contains(&bytes), "{bytes}");
        let crowded = Head { cursors: cursors(&"x".repeat(COMMIT_BYTES_MAX)), ..head_at(1) };
        let refused = super::next(&crowded, &page, &Cursors::new(), RX);
        assert!(matches!(refused, Err(CommitError::Full)));
    }

    #[test]
    fn the_logs_time_never_goes_back() {
        let head = Head { rx: "2027-01-01T00:00:00.000000Z".to_owned(), ..head_at(1) };
        let commit = seal(&head, &[sample::verified(1)]).commit.unwrap();
        assert_eq!(
            (commit.rx.as_str(), Row::parse(&commit.rows[0]).unwrap().rx),
            (head.rx.as_str(), head.rx.as_str())
        );
        let untimed = next(&head, &[sample::verified(1)], &Cursors::new(), "now");
        assert!(matches!(untimed, Err(CommitError::Time)));
    }

    #[test]
    fn a_missing_intent_is_a_gap_until_a_row_records_it() {
        let page: Vec<_> = [0, 1, 4].map(sample::verified).to_vec();
        let head = seal(&Head::default(), &page).commit.unwrap().head().unwrap();
        let [gap] = head.instances.gaps().try_into().unwrap();
        assert_eq!((gap.instance.as_str(), gap.from, gap.to), ("auth/7f9c", 2, 3));
        let head = seal(&head, &[sample::incomplete(&gap)]).commit.unwrap().head().unwrap();
        assert_eq!(head.instances.gaps(), []);
        // Should the late intents come after all, they are not sealed behind the row that says they are missing.
        assert_eq!(seal(&head, &[sample::verified(2)]).repeated, [0]);
    }

    #[test]
    fn a_document_that_was_changed_is_refused() {
        let page: Vec<_> = (0..4).map(sample::verified).collect();
        let first = seal(&Head::default(), &page[..2]).commit.unwrap();
        let head = first.head().unwrap();
        let commit = seal(&head, &page).commit.unwrap();
        assert!(commit.follow(&head, TENANT).is_ok());
        let refuse = |edit: fn(&mut Commit)| {
            let mut edited = commit.clone();
            edit(&mut edited);
            edited.follow(&head, TENANT).unwrap_err()
        };
        let edited = refuse(|commit| commit.rows[0] = commit.rows[0].replace("ADMIN", "OWNER"));
        assert!(matches!(edited, CommitError::Follow(finding) if finding.kind == Kind::Link));
        assert!(matches!(refuse(|commit| commit.last = Hash::ZERO), CommitError::Head));
        assert!(matches!(refuse(|commit| commit.edge[0] = Hash::ZERO), CommitError::Head));
        assert!(matches!(refuse(|commit| commit.edge.push(Hash::ZERO)), CommitError::Edge(_)));
        assert!(matches!(refuse(|commit| commit.size += 1), CommitError::Shape));
        assert!(matches!(refuse(|commit| commit.rows.clear()), CommitError::Shape));
        assert!(matches!(commit.follow(&Head::default(), TENANT), Err(CommitError::Follow(_))));
        assert!(matches!(commit.follow(&head, "ten_b"), Err(CommitError::Follow(_))));
    }
}
