//! Continuing from the last checkpoint that was signed here, or refusing.

use chain::{checkpoint::Checkpoint, commit::Head, note::Signer};
use domain::{Class, Fault, TenantId};
use ports::{BlobError, Bucket, Etag};
use store::{Partition, StoreError, log};

use crate::{SignedHead, State};

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SigningError {
    /// The log is shorter than what was signed, or ends in another row: the database was rolled back or rewritten.
    #[error(
        "tenant {tenant}: row {size} is not the one that was signed; the log was rolled back or rewritten, nothing is signed"
    )]
    RolledBack {
        /// Whose log.
        tenant: TenantId,
        /// How many rows were signed.
        size: u64,
    },
    /// A row after the signed ones does not follow.
    #[error("tenant {tenant}: the log does not continue from row {size}; nothing is signed")]
    Broken {
        /// Whose log.
        tenant: TenantId,
        /// How many rows are well.
        size: u64,
        /// The rule that is broken.
        #[source]
        source: chain::commit::CommitError,
    },
    /// The signer's own blob cannot be read.
    #[error("tenant {0}: the last signed checkpoint cannot be read; nothing is signed")]
    Unreadable(TenantId),
    /// Blobs refused or did not answer.
    #[error("blob storage did not do its part")]
    Blob(#[from] BlobError),
    /// Storage refused or did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The name of the log cannot be signed.
    #[error("the log's origin cannot be signed")]
    Note(#[from] chain::note::NoteError),
}

impl Fault for SigningError {
    fn class(&self) -> Class {
        match self {
            Self::Blob(BlobError::Moved | BlobError::Unavailable(_)) => Class::Unavailable,
            Self::Store(error) => error.class(),
            Self::RolledBack { .. }
            | Self::Broken { .. }
            | Self::Unreadable(_)
            | Self::Note(_)
            | Self::Blob(_) => Class::Internal,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Blob(BlobError::Moved | BlobError::Unavailable(_)) => "dependency-unavailable",
            Self::Store(error) => error.code(),
            Self::RolledBack { .. }
            | Self::Broken { .. }
            | Self::Unreadable(_)
            | Self::Note(_)
            | Self::Blob(_) => "internal",
        }
    }
}

/// The name of a tenant's log in checkpoints.
pub(crate) fn origin(deployment: &str, tenant: TenantId) -> String {
    format!("{deployment}/log/{tenant}")
}

/// Signs the end of a tenant's log if it grew. How many rows are signed now.
pub(crate) async fn sign(
    state: &State,
    tenant: TenantId,
    partition: &Partition,
) -> Result<u64, SigningError> {
    let (signed, etag) = last_signed(state, tenant).await?;
    let head = match &signed {
        None => Head::default(),
        Some(signed) => check_unchanged(partition, tenant, signed).await?,
    };
    let before = head.tree.size();
    let (head, commit) = follow(partition, tenant, head).await?;
    if head.tree.size() == before {
        return Ok(before);
    }
    let next = sign_head(state, tenant, head, commit)?;
    let bytes = serde_json::to_vec(&next).map_err(|_| SigningError::Unreadable(tenant))?;
    state
        .ports
        .blobs
        .put(Bucket::Checkpoints, &SignedHead::blob(tenant), &bytes, etag.as_ref())
        .await?;
    Ok(next.size)
}

async fn last_signed(
    state: &State,
    tenant: TenantId,
) -> Result<(Option<SignedHead>, Option<Etag>), SigningError> {
    match state.ports.blobs.get(Bucket::Checkpoints, &SignedHead::blob(tenant)).await? {
        None => Ok((None, None)),
        Some(blob) => {
            let signed = serde_json::from_slice(&blob.bytes)
                .map_err(|_| SigningError::Unreadable(tenant))?;
            Ok((Some(signed), Some(blob.etag)))
        }
    }
}

/// The commit that was signed last must still be there, and end in the same row.
async fn check_unchanged(
    partition: &Partition,
    tenant: TenantId,
    signed: &SignedHead,
) -> Result<Head, SigningError> {
    let commit = log::commit_at(partition, signed.commit).await?;
    let is_there = commit.is_some_and(|commit| {
        commit.size == signed.size && commit.last == signed.last && commit.edge == signed.edge
    });
    if !is_there {
        return Err(SigningError::RolledBack { tenant, size: signed.size });
    }
    signed.head().ok_or(SigningError::Unreadable(tenant))
}

/// Hashes every row after `head`, commit by commit. A stray document beyond the contiguous ones is never reached.
async fn follow(
    partition: &Partition,
    tenant: TenantId,
    mut head: Head,
) -> Result<(Head, u64), SigningError> {
    let mut last = 0;
    while let Some(commit) = log::commit_at(partition, head.tree.size()).await? {
        let size = head.tree.size();
        head = commit
            .follow(&head, &tenant.to_string())
            .map_err(|source| SigningError::Broken { tenant, size, source })?;
        last = commit.first;
    }
    Ok((head, last))
}

fn sign_head(
    state: &State,
    tenant: TenantId,
    head: Head,
    commit: u64,
) -> Result<SignedHead, SigningError> {
    let origin = origin(&state.deployment, tenant);
    let (size, root) = (head.tree.size(), head.tree.root());
    let signer = Signer::new(&origin, state.key.clone())?;
    let note = Checkpoint { origin, size, root }.sign(&signer)?;
    Ok(SignedHead {
        note,
        size,
        commit,
        last: head.last,
        edge: head.tree.edge().to_vec(),
        rx: head.rx,
    })
}
