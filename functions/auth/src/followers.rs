//! Writes that follow, in another partition, from a change that was committed with its event: each can be repeated without harm.

use domain::EventId;
use store::{Document, Found, Housekeeping, HousekeepingKind, Partition, StoreError};

/// How often a write is tried against others who write the same document, and against answers that are lost.
pub(crate) const ATTEMPTS_MAX: u32 = 8;

/// Creates `document`; that it exists already is success, since only this change makes it.
pub(crate) async fn create<T: Document>(data: &Partition, document: &T) -> Result<(), StoreError> {
    create_for(data, document, None).await
}

/// The same, for a record that names the event from which it follows.
pub(crate) async fn create_because<T: Document>(
    data: &Partition,
    document: &T,
    event: EventId,
) -> Result<(), StoreError> {
    create_for(data, document, Some(event)).await
}

async fn create_for<T: Document>(
    data: &Partition,
    document: &T,
    event: Option<EventId>,
) -> Result<(), StoreError> {
    let mut last = StoreError::Conflict;
    for _ in 0..ATTEMPTS_MAX {
        let follower = Housekeeping::new(HousekeepingKind::Follower).create(document);
        let follower = match event {
            Some(event) => follower.because(event),
            None => follower,
        };
        match data.keep(follower).await {
            Ok(()) | Err(StoreError::Exists) => return Ok(()),
            Err(error @ StoreError::Unavailable(_)) => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

/// Applies `change` to the document named `id` until it gives `None`, which is when nothing is left to be done.
pub(crate) async fn update<T: Document>(
    data: &Partition,
    id: &str,
    change: impl Fn(&T) -> Option<T>,
) -> Result<T, StoreError> {
    update_for(data, id, None, change).await
}

/// The same, for a record that names the event from which the change follows.
pub(crate) async fn update_because<T: Document>(
    data: &Partition,
    id: &str,
    event: EventId,
    change: impl Fn(&T) -> Option<T>,
) -> Result<T, StoreError> {
    update_for(data, id, Some(event), change).await
}

async fn update_for<T: Document>(
    data: &Partition,
    id: &str,
    event: Option<EventId>,
    change: impl Fn(&T) -> Option<T>,
) -> Result<T, StoreError> {
    let mut last = StoreError::Conflict;
    for _ in 0..ATTEMPTS_MAX {
        let Found { document, etag } = data.get::<T>(id).await?;
        let Some(next) = change(&document) else { return Ok(document) };
        let follower = Housekeeping::new(HousekeepingKind::Follower).replace(&next, etag);
        let follower = match event {
            Some(event) => follower.because(event),
            None => follower,
        };
        match data.keep(follower).await {
            Ok(()) => return Ok(next),
            Err(error @ (StoreError::Conflict | StoreError::Unavailable(_))) => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

/// Whether a decision is to be taken again on what is stored now: someone else wrote it, or the answer was lost.
pub(crate) const fn decide_again(error: &StoreError) -> bool {
    match error {
        StoreError::Conflict | StoreError::Unavailable(_) => true,
        StoreError::NotFound | StoreError::Exists | StoreError::Throttled => false,
        StoreError::TooLarge(_) | StoreError::Unreadable(_) | StoreError::Forged(_) => false,
    }
}
