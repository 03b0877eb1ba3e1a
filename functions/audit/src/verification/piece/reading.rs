//! Where a walk begins, and the commits that it reads.

use chain::{
    commit::{Commit, Head},
    report::{Finding, Kind},
    tile::WIDTH,
};
use store::{Partition, StoreError, log};

use super::{
    super::{VerificationError, signed::Signed},
    Piece,
    way::Way,
};

/// Commits read at a time.
const COMMITS: usize = 8;
const WIDTH_U64: u64 = WIDTH as u64;

/// The end of the log before the commit that holds row `from`, and whether it says what was sealed until then.
///
/// Where commits were removed, it is that before the entry bundle, by the signed tree's tiles; the rows before it would be gone through for each piece.
pub(super) async fn start(
    log: &Partition,
    signed: Option<&Signed<'_>>,
    from: u64,
) -> Result<(Head, bool), VerificationError> {
    let first = log::holding(log, from).await?.map(|commit| commit.first);
    if let Some(last) = first.and_then(|first| first.checked_sub(1))
        && let Some(before) = log::holding(log, last).await?
    {
        return Ok((log::head_of(&before)?, true));
    }
    let edge = from / WIDTH_U64 * WIDTH_U64;
    match signed.filter(|_| edge > 0) {
        Some(signed) => Ok((signed.head_after(edge).await?, false)),
        // What the first commit of a later epoch builds on is in the epoch before.
        None => Ok((Head::default(), log.epoch() == 0)),
    }
}

/// The next commits; none where they were removed. Before one that cannot be read they come singly, so that its first row is named.
pub(super) async fn next(
    log: &Partition,
    way: &mut Way<'_>,
    piece: &mut Piece,
) -> Result<Vec<Commit>, VerificationError> {
    let at = way.tree.size();
    let read = match log::commits_from(log, at, COMMITS).await {
        Err(StoreError::Unreadable(_)) => log::holding(log, at).await.map(Vec::from_iter),
        read => read,
    };
    match read {
        Err(StoreError::Unreadable(why)) => {
            way.stop(piece, Finding::at(at, Kind::MissingBody, format!("row {at}"), why));
            Ok(Vec::new())
        }
        read => Ok(read?),
    }
}
