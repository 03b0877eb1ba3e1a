//! Rows that were purged: what is kept of them, and what accounts for them.

use chain::{
    purge::Ledger,
    report::{Finding, Kind},
    row::Row,
};
use store::{
    Partition, SignedHead, StoreError,
    kept::{self, Stands},
};

use super::{
    super::VerificationError,
    Piece,
    way::{Way, pass_row},
};
use crate::{
    State, later,
    purged::{self, Kept},
};

/// Passes rows whose commits were removed, up to the end of the entry bundle that keeps what is kept of them.
pub(super) async fn pass_purged(
    state: &State,
    log: &Partition,
    way: &mut Way<'_>,
    piece: &mut Piece,
    wanted: u64,
) -> Result<(), VerificationError> {
    let at = way.tree.size();
    way.instances = None;
    if way.said.is_none() {
        hear(state, log, way).await?;
    }
    let kept = match purged::bundle(&*state.ports.blobs, log, at).await {
        Ok(kept) => kept,
        Err(StoreError::Unreadable(why)) => {
            way.stop(piece, Finding::at(at, Kind::MissingBody, format!("row {at}"), why));
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    for (seq, kept) in kept.into_iter().filter(|(seq, _)| (at..wanted).contains(seq)) {
        match kept {
            Kept::Row(row) => pass_row(&row, way, piece),
            Kept::Hash(hash) => match way.walk.skip(hash) {
                Ok(()) => {
                    way.ledger.gone(seq);
                    way.push(hash, piece);
                    piece.purged += u64::from(seq >= piece.from);
                }
                Err(finding) => way.stop(piece, finding),
            },
        }
        if way.is_over {
            break;
        }
    }
    if way.tree.size() == at && !way.is_over {
        way.stop(
            piece,
            Finding::at(at, Kind::SeqGap, format!("row {at}"), "no such row".to_owned()),
        );
    }
    Ok(())
}

/// Looks up what purges and holds left in the log. What stands before the piece counts from its beginning on.
async fn hear(state: &State, log: &Partition, way: &mut Way<'_>) -> Result<(), VerificationError> {
    let said = said(state, log).await?;
    let before = said.iter().filter(|row| row.epoch == log.epoch() && row.seq < way.first);
    before.for_each(|row| pass_said(&mut way.ledger, log, row));
    way.said = Some(said);
    Ok(())
}

/// The rows of the log that say what was purged of this epoch, and what is or was held, in their order.
async fn said(state: &State, log: &Partition) -> Result<Vec<Stands>, VerificationError> {
    let blobs = &*state.ports.blobs;
    let Some((signed, _)) = SignedHead::read(blobs, log.tenant()).await? else {
        return Ok(Vec::new());
    };
    let mut said = Vec::new();
    for sought in later::sought(log).await? {
        match kept::stands(blobs, log, &sought, &signed).await {
            Ok(found) => said.extend(found),
            // What cannot be read accounts for nothing; the piece that holds it names it.
            Err(StoreError::Unreadable(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    said.sort();
    Ok(said)
}

/// Notes what a row says that is in no piece with the rows that it is about.
fn pass_said(ledger: &mut Ledger, log: &Partition, said: &Stands) {
    match Row::parse(&said.row) {
        Ok(row) if said.epoch == log.epoch() => ledger.pass(&row),
        // Who else saw it is for a verifier outside to judge.
        Ok(row) => ledger.pass_later(&row, None),
        Err(_) => {}
    }
}

/// Passes what accounts for purged rows and comes after the piece, in the log's order, so that rows which were held then are not accounted for.
pub(super) fn account(log: &Partition, way: &mut Way<'_>, piece: &mut Piece) {
    let reached = way.tree.size();
    let is_after = |row: &&Stands| row.epoch > log.epoch() || row.seq >= reached;
    let after = way.said.iter().flatten().filter(is_after);
    after.for_each(|row| pass_said(&mut way.ledger, log, row));
    if let Some(finding) = way.ledger.unexplained() {
        piece.blame(finding);
    }
}
