//! Removing intents whose personal details were erased: their parcels open with a key that no erasure destroys.

use store::{DetailsRecord, StoreError, retention::LastErasure};

use crate::{
    intents::{self, Origin, Time},
    progress::{self, Forgotten, Progress},
    tick::Work,
};

/// Removes the intents of rows whose details are erased, without their waiting for their week. How many there were.
///
/// It follows the log for a week after an erasure, since an intent from before it may be sealed and signed late; what was sealed earlier than a week
/// ago is gone, or goes with the others.
pub(crate) async fn remove(work: &Work<'_>) -> Result<u64, StoreError> {
    let last = LastErasure::of(&work.partition).await?;
    let last = last.filter(|at| work.now < at.plus(intents::KEPT_FOR));
    let Some(erased_at) = last else { return Ok(0) };
    let (before, etag) = progress::read(&work.partition).await?;
    let begin = Forgotten { erased_at, epoch: before.epoch, rows: before.intents };
    let known = before.forgotten.filter(|known| known.erased_at == erased_at);
    let (after, removed) = go_on(work, known.unwrap_or(begin)).await?;
    if before.forgotten != Some(after) {
        let after = Progress { forgotten: Some(after), ..before };
        progress::keep(&work.partition, &after, etag).await?;
    }
    Ok(removed)
}

/// Up to the end of what is signed, as far as the time suffices.
async fn go_on(work: &Work<'_>, mut at: Forgotten) -> Result<(Forgotten, u64), StoreError> {
    let (time, mut removed) = (Time::begin(work), 0);
    while time.is_left() {
        let commits = intents::signed(work, at.epoch, at.rows).await?;
        let Some(last) = commits.last() else {
            if at.epoch >= work.signed.epoch {
                break;
            }
            at = Forgotten { epoch: at.epoch + 1, rows: 0, ..at };
            continue;
        };
        at.rows = last.size;
        let erased = erased(work, intents::origins(&commits)).await?;
        removed += intents::remove_of(work, erased).await?;
    }
    Ok((at, removed))
}

/// Those of rows with details of which none is kept. They are kept before their row is sealed, unless they were erased by then.
async fn erased(work: &Work<'_>, origins: Vec<Origin>) -> Result<Vec<Origin>, StoreError> {
    let mut erased = Vec::new();
    for origin in origins.into_iter().filter(|origin| !origin.pd.is_empty()) {
        let kept = work.partition.find::<DetailsRecord>(&DetailsRecord::id_of(&origin.id)).await?;
        if kept.is_none_or(|kept| kept.document.details.is_empty()) {
            erased.push(origin);
        }
    }
    Ok(erased)
}
