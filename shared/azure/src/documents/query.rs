//! Point reads and pages.

use azure_data_cosmos::{
    FeedScope, Query as Sql,
    options::{ItemReadOptions, QueryOptions},
};
use futures::{FutureExt as _, StreamExt as _};
use ports::{Page, Query, StorageError, Stored};

use super::{
    answer::within,
    limits::{self, bounded, page_of},
    place::Place,
    wire::Wire,
};

/// One document, unless it has expired.
pub(super) async fn read(place: &Place<'_>, id: &str) -> Result<Option<Stored>, StorageError> {
    Ok(raw(place, id).await?.and_then(|wire| place.seen(wire)))
}

/// One document as it is kept, also when it has expired.
pub(super) async fn raw(place: &Place<'_>, id: &str) -> Result<Option<Wire>, StorageError> {
    if ports::check_id(id).is_err() {
        return Ok(None);
    }
    let options = ItemReadOptions::default().with_operation_options(limits::of_every_operation());
    let read = async {
        place.client.read_item(place.key(), id, Some(options)).await?.into_model::<Wire>()
    };
    match within(read.boxed()).await {
        Ok(wire) => Ok(place.ours(wire).filter(|wire| wire.id == id)),
        Err(failure) if failure.is_missing_document() => Ok(None),
        Err(failure) => Err(failure.on_access(place.container)),
    }
}

/// One page, in the order of the ids.
pub(super) async fn page(place: &Place<'_>, query: &Query) -> Result<Page, StorageError> {
    let limit = bounded(query.limit);
    let found = within(fetch(place, query, limit + 1).boxed())
        .await
        .map_err(|failure| failure.on_access(place.container))?;
    let more = found.len() > limit;
    let mut documents: Vec<_> = found.into_iter().filter_map(|wire| place.seen(wire)).collect();
    documents.truncate(limit);
    let next = documents.last().filter(|_| more).map(|last| last.document.id.clone());
    Ok(Page { documents, next })
}

async fn fetch(
    place: &Place<'_>,
    query: &Query,
    count: usize,
) -> azure_data_cosmos::Result<Vec<Wire>> {
    let options = QueryOptions::default()
        .with_operation_options(limits::of_every_operation())
        .with_max_item_count(page_of(count));
    let scope = FeedScope::partition(place.key());
    let items = place.client.query_items(statement(place, query, count)?, scope, Some(options));
    let mut items = Box::pin(items.await?.take(count));
    let mut found = Vec::new();
    while let Some(item) = items.next().await {
        found.push(item?);
    }
    Ok(found)
}

/// The declared fields only, and every value as a parameter.
fn statement(place: &Place<'_>, query: &Query, count: usize) -> azure_data_cosmos::Result<Sql> {
    let k1 = if query.k1.is_some() { " AND c.k1 = @k1" } else { "" };
    let k2 = if query.k2.is_some() { " AND c.k2 = @k2" } else { "" };
    let (order, beyond) = if query.descending {
        ("DESC", " AND c.id < @after")
    } else {
        ("ASC", " AND c.id > @after")
    };
    let after = if query.after.is_some() { beyond } else { "" };
    let text = format!(
        "SELECT TOP @count * FROM c WHERE c.kind = @kind \
         AND (NOT IS_DEFINED(c.expires_at) OR c.expires_at > @now){k1}{k2}{after} ORDER BY c.id {order}"
    );
    let mut sql = Sql::from(text)
        .with_parameter("@count", count)?
        .with_parameter("@kind", &query.kind)?
        .with_parameter("@now", place.now.unix_us())?;
    for (name, value) in [("@k1", &query.k1), ("@k2", &query.k2), ("@after", &query.after)] {
        if let Some(value) = value {
            sql = sql.with_parameter(name, value)?;
        }
    }
    Ok(sql)
}
