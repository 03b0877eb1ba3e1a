//! What a document must say of itself to be kept in a partition.

use domain::Timestamp;
use ports::{Container, Etag, NewDocument, Stored};
use serde::{Serialize, de::DeserializeOwned};

use crate::StoreError;

/// Something kept in a partition.
pub trait Document: DeserializeOwned + Serialize + Send + Sync {
    /// Where.
    const CONTAINER: Container;
    /// Its name on disk: add, never rename.
    const KIND: &'static str;
    /// The shard of the tenant's partition: `"0"`, or `"h"` for housekeeping.
    const SHARD: &'static str = "0";

    /// Its id, unique in its partition.
    fn id(&self) -> String;

    /// The first indexed field.
    fn k1(&self) -> Option<String> {
        None
    }

    /// The second indexed field.
    fn k2(&self) -> Option<String> {
        None
    }

    /// When it stops to exist.
    fn expires_at(&self) -> Option<Timestamp> {
        None
    }
}

/// A document and the version that was read.
#[derive(Clone, Debug)]
pub struct Found<T> {
    /// The document.
    pub document: T,
    /// Its version, to replace it.
    pub etag: Etag,
}

/// Which documents of a kind, in the order of their ids.
#[derive(Clone, Debug)]
pub struct ListOf {
    /// With this first indexed field.
    pub k1: Option<String>,
    /// With this second indexed field.
    pub k2: Option<String>,
    /// Newest first.
    pub descending: bool,
    /// Strictly after this id.
    pub after: Option<String>,
    /// At most this many.
    pub limit: usize,
}

impl Default for ListOf {
    fn default() -> Self {
        Self { k1: None, k2: None, descending: false, after: None, limit: 50 }
    }
}

/// A page of documents.
#[derive(Clone, Debug)]
pub struct Listing<T> {
    /// In order.
    pub documents: Vec<Found<T>>,
    /// Pass as `after` for the next page.
    pub next: Option<String>,
}

pub(crate) fn encode<T: Document>(document: &T) -> Result<NewDocument, StoreError> {
    Ok(NewDocument {
        id: document.id(),
        kind: T::KIND.to_owned(),
        k1: document.k1(),
        k2: document.k2(),
        body: serde_json::to_string(document)
            .map_err(|error| StoreError::Unreadable(error.to_string()))?,
        expires_at: document.expires_at(),
    })
}

pub(crate) fn decode<T: Document>(stored: &Stored) -> Result<Found<T>, StoreError> {
    if stored.document.kind != T::KIND {
        return Err(StoreError::NotFound);
    }
    let document = serde_json::from_str(&stored.document.body).map_err(|error| {
        StoreError::Unreadable(format!("{} {}: {error}", T::KIND, stored.document.id))
    })?;
    Ok(Found { document, etag: stored.etag.clone() })
}
