//! What changed, from a place on.
//!
//! A cursor is the SDK's continuation token. One that it cannot read, such as that of a container which was made anew, starts again from the
//! beginning, which every follower must bear.

use std::collections::BTreeSet;

use azure_data_cosmos::{
    ContainerClient, FeedScope,
    feed::{ChangeFeedPageIterator, ContinuationToken},
    models::ChangeFeedItem,
    options::{ChangeFeedOptions, ChangeFeedStartFrom},
};
use futures::{FutureExt as _, StreamExt as _};
use ports::{Changes, Container, Cursor, Dirty, PartitionKey, StorageError};
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    answer::{Failure, within},
    limits::{self, bounded, page_of},
    place::Place,
    wire::Wire,
};

/// How every continuation token of the SDK begins. Anything else would be sent to the service as it is.
const TOKEN_PREFIX: &str = "c1.";
/// Pages of a container's feed that one call reads at the most.
const PAGES_MAX: usize = 20;

/// What changed in one partition. A page is longer than `limit` only when the service does not split a batch.
pub(super) async fn changes(
    place: &Place<'_>,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Changes, StorageError> {
    let (token, limit) = (token(after), bounded(limit));
    let is_resumed = token.is_some();
    let mut read = within(read_changes(place, token, limit).boxed()).await;
    if is_unreadable(&read, is_resumed, place.container) {
        read = within(read_changes(place, None, limit).boxed()).await;
    }
    let (found, end) = read.map_err(|failure| failure.on_access(place.container))?;
    let documents = found.into_iter().filter_map(|wire| place.seen(wire)).collect();
    Ok(Changes { documents, cursor: end.cursor, more: end.more })
}

/// Which partitions of a container changed.
pub(super) async fn dirty(
    client: &ContainerClient,
    container: Container,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Dirty, StorageError> {
    let (token, limit) = (token(after), bounded(limit));
    let is_resumed = token.is_some();
    let mut read = within(read_owners(client, token, limit).boxed()).await;
    if is_unreadable(&read, is_resumed, container) {
        read = within(read_owners(client, None, limit).boxed()).await;
    }
    let (found, end) = read.map_err(|failure| failure.on_access(container))?;
    let partitions = found.into_iter().collect();
    Ok(Dirty { partitions, cursor: end.cursor, more: end.more })
}

/// Where a read of a feed ended.
struct End {
    cursor: Cursor,
    more: bool,
}

impl End {
    fn of<T: Send + DeserializeOwned + 'static>(
        feed: &Feed<T>,
        more: bool,
    ) -> azure_data_cosmos::Result<Self> {
        Ok(Self { cursor: Cursor(feed.to_continuation_token()?.as_str().to_owned()), more })
    }
}

async fn read_changes(
    place: &Place<'_>,
    after: Option<ContinuationToken>,
    limit: usize,
) -> azure_data_cosmos::Result<(Vec<Wire>, End)> {
    let scope = FeedScope::partition(place.key());
    let mut feed = open::<Wire>(place.client, scope, after, limit).await?;
    let (mut found, mut more) = (Vec::new(), true);
    while more && found.len() < limit {
        let page = next_page(&mut feed).await?;
        more = !page.is_empty();
        found.extend(page);
    }
    Ok((found, End::of(&feed, more)?))
}

/// The feed visits the ranges of the container in turn; it is at its end when a whole round gave nothing.
async fn read_owners(
    client: &ContainerClient,
    after: Option<ContinuationToken>,
    limit: usize,
) -> azure_data_cosmos::Result<(BTreeSet<PartitionKey>, End)> {
    let ranges = client.read_feed_ranges(None).await?.len();
    let mut feed = open::<Owner>(client, FeedScope::full_container(), after, limit).await?;
    let (mut found, mut quiet) = (BTreeSet::new(), 0);
    for _ in 0..PAGES_MAX.max(2 * ranges) {
        let page = next_page(&mut feed).await?;
        quiet = if page.is_empty() { quiet + 1 } else { 0 };
        found.extend(page.into_iter().filter_map(Owner::partition));
        if quiet >= ranges || found.len() >= limit {
            break;
        }
    }
    Ok((found, End::of(&feed, quiet < ranges)?))
}

/// The continuation token that a cursor is, if the SDK made it.
fn token(after: Option<&Cursor>) -> Option<ContinuationToken> {
    after
        .filter(|cursor| cursor.0.starts_with(TOKEN_PREFIX))
        .map(|cursor| ContinuationToken::from_string(cursor.0.clone()))
}

/// Whether a feed must start from the beginning because nobody can read the cursor that it was resumed from.
fn is_unreadable<T>(read: &Result<T, Failure>, is_resumed: bool, container: Container) -> bool {
    match read {
        Err(failure) if is_resumed && failure.is_unreadable_cursor() => {
            tracing::warn!(
                container = container.name(),
                ?failure,
                "a cursor cannot be read; the feed starts again from the beginning"
            );
            true
        }
        _ => false,
    }
}

/// Whose a document is; the rest of it is not looked at.
#[derive(Clone, Deserialize)]
struct Owner {
    tenant: String,
    shard: String,
}

impl Owner {
    fn partition(self) -> Option<PartitionKey> {
        let tenant = self.tenant.parse().ok()?;
        Some(PartitionKey::new(tenant, self.shard))
    }
}

type Feed<T> = ChangeFeedPageIterator<ChangeFeedItem<T>>;

async fn open<T: DeserializeOwned + Send + 'static>(
    client: &ContainerClient,
    scope: FeedScope,
    after: Option<ContinuationToken>,
    limit: usize,
) -> azure_data_cosmos::Result<Feed<T>> {
    let mut options = ChangeFeedOptions::default()
        .with_operation_options(limits::of_every_operation())
        .with_max_item_count(page_of(limit));
    if let Some(token) = after {
        options = options.with_continuation_token(token);
    }
    client.query_change_feed(scope, ChangeFeedStartFrom::Beginning, Some(options)).await
}

/// The next page; an empty one is the end for now.
async fn next_page<T: Clone + DeserializeOwned + Send + 'static>(
    feed: &mut Feed<T>,
) -> azure_data_cosmos::Result<Vec<T>> {
    let Some(page) = feed.next().await else { return Ok(Vec::new()) };
    Ok(page?.items().iter().filter_map(|item| item.current().cloned()).collect())
}
