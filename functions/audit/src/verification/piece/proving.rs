//! The rows of a piece against the signed tree.

use chain::{
    report::{Finding, Kind},
    tile::WIDTH,
};

use super::{
    super::{VerificationError, signed::Signed},
    Piece,
    way::Way,
};

const WIDTH_U64: u64 = WIDTH as u64;

/// Whether the rows up to here are the first ones of the signed tree; and if anything is wrong, which of them is not as it was sealed.
pub(super) async fn prove(
    signed: Option<&Signed<'_>>,
    way: &Way<'_>,
    piece: &mut Piece,
) -> Result<(), VerificationError> {
    let Some(signed) = signed else { return Ok(()) };
    let (size, root) = (way.tree.size(), way.tree.root());
    if piece.first_bad.is_none()
        && size <= signed.head.size
        && !signed.begins_with(size, root).await?
    {
        let expected = format!("the first {size} rows as they were signed");
        piece.blame(Finding::of(Kind::Root, expected, format!("rows with the root {root}")));
    }
    if piece.first_bad.is_some() { name_altered(signed, way, piece).await } else { Ok(()) }
}

/// The first row whose hash is not the one in the signed tree's tiles.
async fn name_altered(
    signed: &Signed<'_>,
    way: &Way<'_>,
    piece: &mut Piece,
) -> Result<(), VerificationError> {
    let (mut tile, mut sealed) = (u64::MAX, Vec::new());
    for (row, found) in (way.first..).zip(&way.leaves) {
        if row / WIDTH_U64 != tile {
            tile = row / WIDTH_U64;
            sealed = signed.leaves(tile).await?;
        }
        let place = usize::try_from(row % WIDTH_U64).unwrap_or(usize::MAX);
        let Some(expected) = sealed.get(place) else { return Ok(()) };
        if expected != found {
            let says_more = |known: &Finding| {
                known.seq == Some(row)
                    && matches!(known.kind, Kind::SeqGap | Kind::SeqDup | Kind::Tenant)
            };
            if !piece.first_bad.as_ref().is_some_and(says_more) {
                piece.blame(Finding::at(
                    row,
                    Kind::RowHash,
                    expected.to_string(),
                    found.to_string(),
                ));
            }
            return Ok(());
        }
    }
    Ok(())
}
