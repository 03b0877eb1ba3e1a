//! Refuses what an identity may not do, before anything is touched: the tables of this crate as checks.
//!
//! Both backends ask here first. `local` has no other guard; in Azure the same tables are role assignments, which refuse whoever gets around us.

use crate::{
    Action, BLOB_REMOVAL_RIGHTS, BLOB_RIGHTS, BlobError, Bucket, Container, DOCUMENT_RIGHTS,
    Identity, KEYS, KeyError, KeyPurpose, PUBLISHERS, PublishError, QUEUE_RIGHTS, QueueError,
    QueueName, REMOVAL_RIGHTS, StorageError,
};

/// Whether `identity` may do `action` to documents of `container`.
///
/// # Errors
/// * [`StorageError::Denied`].
pub fn documents(
    identity: Identity,
    container: Container,
    action: Action,
) -> Result<(), StorageError> {
    let granted = DOCUMENT_RIGHTS.iter().any(|(who, what, actions)| {
        *who == identity && *what == container && actions.contains(&action)
    });
    if granted { Ok(()) } else { Err(StorageError::Denied(phrase(action, container))) }
}

fn phrase(action: Action, container: Container) -> String {
    let verb = match action {
        Action::Create => "create in",
        Action::Read => "read from",
        Action::Replace => "replace in",
        Action::Query => "query",
        Action::ChangeFeed => "read the change feed of",
    };
    format!("{verb} {}", container.name())
}

/// Whether `identity` may remove these documents of `container`.
///
/// # Errors
/// * [`StorageError::Denied`].
pub fn remove_documents(
    identity: Identity,
    container: Container,
    ids: &[String],
) -> Result<(), StorageError> {
    let prefixes = REMOVAL_RIGHTS
        .iter()
        .filter(|(who, what, _)| *who == identity && *what == container)
        .map(|(_, _, prefix)| *prefix);
    let prefixes: Vec<_> = prefixes.collect();
    let may = |id: &String| prefixes.iter().any(|prefix| id.starts_with(prefix));
    if !prefixes.is_empty() && ids.iter().all(may) {
        Ok(())
    } else {
        Err(StorageError::Denied(format!("remove this from {}", container.name())))
    }
}

/// Whether `identity` may remove blobs of `bucket`.
///
/// # Errors
/// * [`BlobError::Denied`].
pub fn remove_blobs(identity: Identity, bucket: Bucket) -> Result<(), BlobError> {
    if BLOB_REMOVAL_RIGHTS.contains(&(identity, bucket)) {
        Ok(())
    } else {
        Err(BlobError::Denied(format!("remove from {}", bucket.name())))
    }
}

/// Whether `identity` may read blobs of `bucket`.
///
/// # Errors
/// * [`BlobError::Denied`].
pub fn read_blobs(identity: Identity, bucket: Bucket) -> Result<(), BlobError> {
    let granted =
        BLOB_RIGHTS.iter().any(|(who, what, read, _)| *who == identity && *what == bucket && *read);
    if granted { Ok(()) } else { Err(BlobError::Denied(format!("read from {}", bucket.name()))) }
}

/// Whether `identity` may write blobs of `bucket`.
///
/// # Errors
/// * [`BlobError::Denied`].
pub fn write_blobs(identity: Identity, bucket: Bucket) -> Result<(), BlobError> {
    let granted = BLOB_RIGHTS
        .iter()
        .any(|(who, what, _, write)| *who == identity && *what == bucket && *write);
    if granted { Ok(()) } else { Err(BlobError::Denied(format!("write to {}", bucket.name()))) }
}

/// Whether a blob of `bucket` may be replaced by another version, by whomever.
///
/// # Errors
/// * [`BlobError::Denied`].
pub fn replace_blobs(bucket: Bucket) -> Result<(), BlobError> {
    if bucket.is_immutable() {
        Err(BlobError::Denied(format!("replace what is in {}", bucket.name())))
    } else {
        Ok(())
    }
}

/// Whether `identity` may wrap and unwrap for `purpose`.
///
/// # Errors
/// * [`KeyError::Denied`]: it does not hold the key.
/// * [`KeyError::Unfit`]: the key is a kept one.
pub fn wrapping_key(identity: Identity, purpose: KeyPurpose) -> Result<(), KeyError> {
    key(identity, purpose)?;
    if purpose.is_kept() { Err(KeyError::Unfit(purpose.name())) } else { Ok(()) }
}

/// Whether `identity` may sign with the kept key of `purpose`, and read its public half.
///
/// # Errors
/// * [`KeyError::Denied`]: it does not hold the key.
/// * [`KeyError::Unfit`]: the key is not a kept one.
pub fn kept_key(identity: Identity, purpose: KeyPurpose) -> Result<(), KeyError> {
    key(identity, purpose)?;
    if purpose.is_kept() { Ok(()) } else { Err(KeyError::Unfit(purpose.name())) }
}

fn key(identity: Identity, purpose: KeyPurpose) -> Result<(), KeyError> {
    if KEYS.contains(&(purpose, identity)) {
        Ok(())
    } else {
        Err(KeyError::Denied(identity.name().to_owned()))
    }
}

/// Whether `identity` may send to `queue`.
///
/// # Errors
/// * [`QueueError::Denied`].
pub fn send(identity: Identity, queue: QueueName) -> Result<(), QueueError> {
    if QUEUE_RIGHTS.contains(&(identity, queue)) {
        Ok(())
    } else {
        Err(QueueError::Denied(format!("send to {}", queue.name())))
    }
}

/// Whether `identity` may publish state changes: whoever changes state.
///
/// # Errors
/// * [`PublishError::Denied`].
pub fn publish(identity: Identity) -> Result<(), PublishError> {
    if PUBLISHERS.contains(&identity) { Ok(()) } else { Err(PublishError::Denied) }
}
