//! The walk along the rows of a piece, commit by commit.

use chain::{
    Hash,
    commit::Commit,
    epoch::Borders,
    instances::{INCOMPLETE_ACTION, Instances},
    purge::Ledger,
    report::{Finding, Kind},
    tree::{CompactRange, leaf_hash},
    walk::Walk,
};
use store::{Partition, StoreError, kept::Stands};

use super::{
    super::{ROWS_MAX, VerificationError, signed::Signed},
    Piece,
    proving::prove,
    purged_rows::{account, pass_purged},
    reading::{next, start},
};
use crate::State;

/// Where a walk stands.
pub(super) struct Way<'t> {
    pub(super) walk: Walk<'t>,
    pub(super) tree: CompactRange,
    /// The first row that was passed, and the hashes of all that were.
    pub(super) first: u64,
    pub(super) leaves: Vec<Hash>,
    /// Rows that were purged, and what accounts for them.
    pub(super) ledger: Ledger,
    /// What purges and holds left in the log, in its order, wherever it stands; looked up once it matters.
    pub(super) said: Option<Vec<Stands>>,
    /// How the epoch begins and ends.
    borders: Borders,
    /// What was sealed of which instance before the next commit; `None` where rows passed whose commits are gone.
    pub(super) instances: Option<Instances>,
    /// Whether something broke a rule, so that nothing follows.
    pub(super) is_over: bool,
    /// The signed head: after so many rows, this must be the root.
    signed: Option<(u64, Hash)>,
}

impl Way<'_> {
    /// Appends a row to the tree.
    pub(super) fn push(&mut self, hash: Hash, piece: &mut Piece) {
        self.tree.push(hash);
        self.leaves.push(hash);
        let Some((size, expected)) = self.signed else { return };
        if self.tree.size() == size && self.tree.root() != expected {
            let got = self.tree.root().to_string();
            piece.blame(Finding::of(Kind::Root, expected.to_string(), got));
        }
    }

    /// Stops at what breaks a rule.
    pub(super) fn stop(&mut self, piece: &mut Piece, finding: Finding) {
        self.is_over = true;
        piece.blame(finding);
    }
}

pub(super) async fn walk(
    state: &State,
    log: &Partition,
    signed: Option<&Signed<'_>>,
    piece: &mut Piece,
    wanted: u64,
) -> Result<(), VerificationError> {
    if piece.from == wanted {
        return Ok(());
    }
    let (before, is_known) = match start(log, signed, piece.from).await {
        Ok(start) => start,
        Err(VerificationError::Store(StoreError::Unreadable(why))) => {
            piece.blame(Finding::at(piece.from, Kind::MissingBody, "the row".to_owned(), why));
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let (tenant, first) = (log.tenant().to_string(), before.tree.size());
    let walk = Walk::after(&tenant, first, before.last, &before.rx);
    let mut way = Way {
        walk,
        tree: before.tree,
        first,
        leaves: Vec::new(),
        ledger: Ledger::default().in_epoch(log.epoch()),
        said: None,
        borders: Borders::default(),
        instances: is_known.then_some(before.instances),
        is_over: false,
        signed: None,
    };
    way.signed = signed.map(|signed| (signed.head.size, signed.head.root));
    prove(signed, &way, piece).await?;
    let stop = wanted.min(piece.from.saturating_add(ROWS_MAX));
    while way.tree.size() < stop && !way.is_over {
        let commits = next(log, &mut way, piece).await?;
        if commits.is_empty() && !way.is_over {
            pass_purged(state, log, &mut way, piece, wanted).await?;
        }
        let left = commits.iter().take_while(|commit| commit.first < stop);
        // A commit that is missing lets the next one begin later than the walk stands.
        left.for_each(|commit| pass(commit, &mut way, piece));
    }
    account(log, &mut way, piece);
    let reached = way.tree.size();
    piece.to = reached.max(piece.from);
    piece.next = (reached < wanted && !way.is_over).then_some(reached);
    prove(signed, &way, piece).await
}

/// Passes the rows of a commit, and checks what it says of them.
fn pass(commit: &Commit, way: &mut Way<'_>, piece: &mut Piece) {
    if way.is_over {
        return;
    }
    // Rows that an entry bundle held as well have passed already.
    let passed = usize::try_from(way.tree.size().saturating_sub(commit.first)).unwrap_or(0);
    let passed = if commit.size > way.tree.size() { passed } else { 0 };
    let before = way.instances.replace(commit.instances.clone());
    for row in commit.rows.iter().skip(passed) {
        pass_row(row, way, piece);
        if way.is_over {
            return;
        }
    }
    if (way.tree.edge(), way.tree.size()) != (commit.edge.as_slice(), commit.size) {
        let expected = format!("the tree over {} rows", way.tree.size());
        let finding = Finding::of(Kind::Tile, expected, format!("another in {}", commit.id()));
        way.stop(piece, finding);
    }
    let is_hidden = |before: &Instances| commit.recount(before).is_err();
    if passed == 0 && before.as_ref().is_some_and(is_hidden) {
        let expected = "what the rows say was sealed, and what is missing".to_owned();
        piece.blame(Finding::of(
            Kind::Tile,
            expected,
            format!("another account in {}", commit.id()),
        ));
    }
}

pub(super) fn pass_row(text: &str, way: &mut Way<'_>, piece: &mut Piece) {
    let place = way.tree.size();
    match way.walk.step(text.as_bytes()) {
        Ok((row, hash)) => {
            if row.action == INCOMPLETE_ACTION {
                let note = format!("Row {place} says that the log is incomplete: {}", row.data);
                piece.notes.push(note);
                piece.incomplete = true;
            }
            way.ledger.pass(&row);
            if let Err(finding) = way.borders.pass(&row) {
                piece.blame(finding);
            }
            way.push(hash, piece);
            piece.rows_checked += u64::from(place >= piece.from);
        }
        Err(finding) => {
            way.leaves.push(leaf_hash(text.as_bytes()));
            way.stop(piece, finding);
        }
    }
}
