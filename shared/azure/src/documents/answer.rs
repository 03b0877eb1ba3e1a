//! What Cosmos DB's answers mean.

use std::sync::Arc;

use azure_data_cosmos::{CosmosError, CosmosStatus, diagnostics::DiagnosticsContext};
use futures::future::BoxFuture;
use ports::{Container, StorageError};
use url::Url;

use super::limits::CALL_MAX;
use crate::{OpenError, error::place};

/// Longest account of the service's own words: they go to one line of a log.
const WHY_CHARS_MAX: usize = 300;
/// Sub-status of 403: the logical partition has reached its 20 GB.
const PARTITION_FULL: u16 = 1014;
/// Sub-status of 404: not the document is missing but its container.
const OWNER_MISSING: u16 = 1003;
/// Sub-status of 404: this replica has not caught up.
const SESSION_NOT_AVAILABLE: u16 = 1002;

/// Why an operation has no result.
#[derive(Debug)]
pub(super) enum Failure {
    /// The SDK kept its own limit on time no better than that.
    Late,
    /// What the SDK or the service said.
    Said(Box<CosmosError>),
}

/// The result of a call, in bounded time. The SDK's futures are large: they live on the heap.
pub(super) async fn within<T>(
    call: BoxFuture<'_, azure_data_cosmos::Result<T>>,
) -> Result<T, Failure> {
    match tokio::time::timeout(CALL_MAX, call).await {
        Ok(result) => result.map_err(Failure::from),
        Err(_) => Err(Failure::Late),
    }
}

impl From<CosmosError> for Failure {
    fn from(error: CosmosError) -> Self {
        Self::Said(Box::new(error))
    }
}

impl Failure {
    /// What it means to whoever reads.
    pub(super) fn on_access(&self, container: Container) -> StorageError {
        match self {
            Self::Said(error) if error.status().is_throttled() => StorageError::Throttled,
            Self::Said(error) if is_denied(error.status()) => {
                StorageError::Denied(format!("do this in {}", container.name()))
            }
            Self::Said(_) | Self::Late => StorageError::Unavailable(self.words()),
        }
    }

    /// What it means to whoever writes. Throttled is only what was throttled each time it was tried: of anything else nothing is known.
    pub(super) fn on_commit(&self, container: Container) -> StorageError {
        let meaning = self.on_access(container);
        if meaning == StorageError::Throttled && !self.was_throttled_throughout() {
            return StorageError::Unavailable(format!("tried more than once: {}", self.words()));
        }
        meaning
    }

    /// What it means to whoever opens the store, where `what` should be.
    pub(super) fn on_opening(&self, endpoint: &Url, what: String) -> OpenError {
        let (endpoint, why) = (place(endpoint), self.words());
        let status = match self {
            Self::Late => 0,
            Self::Said(error) => u16::from(error.status().status_code()),
        };
        match status {
            401 => OpenError::Credential { endpoint, why },
            403 => OpenError::Denied { endpoint, what: format!("reach {what}"), why },
            404 => OpenError::Missing { endpoint, what },
            _ => OpenError::Unavailable { endpoint, why },
        }
    }

    /// Whether the document is not there; not its container, nor the replica that should have it.
    pub(super) fn is_missing_document(&self) -> bool {
        let Self::Said(error) = self else { return false };
        let sub_status = error.status().sub_status().map(|sub| sub.value());
        error.status().is_not_found()
            && !matches!(sub_status, Some(OWNER_MISSING | SESSION_NOT_AVAILABLE))
    }

    /// Whether the place to go on from is refused: by the service as a wrong request, by the SDK as a token that it did not make.
    pub(super) fn is_unreadable_cursor(&self) -> bool {
        let Self::Said(error) = self else { return false };
        error.status().is_bad_request() || error.to_string().contains("continuation token")
    }

    fn was_throttled_throughout(&self) -> bool {
        let Self::Said(error) = self else { return false };
        error.diagnostics().is_some_and(|diagnostics| {
            let requests = diagnostics.requests();
            // A list that was shortened does not tell everything.
            requests.len() == diagnostics.request_count()
                && requests.iter().all(|request| request.status().is_throttled())
        })
    }

    /// In one line.
    fn words(&self) -> String {
        let Self::Said(error) = self else {
            return format!("no answer from Cosmos DB in {} seconds", CALL_MAX.as_secs());
        };
        let said = error.to_string();
        let words: Vec<_> = said.split_whitespace().collect();
        words.join(" ").chars().take(WHY_CHARS_MAX).collect()
    }
}

/// Whether the SDK tried more than once, so that what it was answered last may be the trace of its own first try.
pub(super) fn was_retried(diagnostics: &Arc<DiagnosticsContext>) -> bool {
    diagnostics.request_count() != 1
}

/// A 403 that says what we may not; not that a region fails over, nor that a partition is full.
fn is_denied(status: CosmosStatus) -> bool {
    let sub_status = status.sub_status().map(|sub| sub.value());
    status.is_forbidden()
        && !status.is_write_forbidden()
        && !status.is_database_account_not_found()
        && sub_status != Some(PARTITION_FULL)
}
