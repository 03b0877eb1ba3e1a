//! Whether an event is this Runner's, and counts at all.

use domain::{Class, Fault, ingest::IngestError, runner::RunnerState};
use protocol::{
    cloudevent::{CloudEvent, Entry, EventError, VerifiedEvent},
    dsse::EnvelopeError,
    strict_json::JsonError,
};

use super::{Arrived, Ingestion, Step};

/// Why an event does not count.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum Refusal {
    /// It is none, or not signed by this Runner's key, or contradicts itself.
    #[error(transparent)]
    Event(#[from] EventError),
    /// It is for someone else, or its Runner does not count.
    #[error(transparent)]
    Standing(#[from] IngestError),
}

impl Refusal {
    /// Whether the Runner's key signed it: then it is the tenant's business, and recorded in the tenant's log.
    pub(crate) fn is_signed(&self) -> bool {
        match self {
            Self::Standing(error) => *error != IngestError::Unknown,
            Self::Event(EventError::Statement(_) | EventError::Attribute(_)) => true,
            // A payload is read only after its signature was verified, but for its length.
            Self::Event(EventError::Envelope(EnvelopeError::Payload(error))) => {
                !matches!(error, JsonError::TooLarge { .. })
            }
            Self::Event(EventError::Json(_) | EventError::Count(_) | EventError::Envelope(_)) => {
                false
            }
        }
    }
}

impl Fault for Refusal {
    fn class(&self) -> Class {
        match self {
            Self::Event(error) => error.class(),
            Self::Standing(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Event(error) => error.code(),
            Self::Standing(error) => error.code(),
        }
    }
}

impl Ingestion<'_> {
    pub(super) fn examined(&self, entry: Entry) -> Step {
        let examined = entry.event.map_err(Refusal::from).and_then(|event| {
            let verified = self.examine(&event)?;
            Ok(Arrived { event: verified, envelope: event.data })
        });
        examined.map_or_else(Step::Refused, Step::Fresh)
    }

    /// In order: signature, shape, consistency and attributes; then the audience; then the Runner. The key counts by when the event arrived, not by
    /// the time that it claims.
    fn examine(&self, event: &CloudEvent) -> Result<VerifiedEvent, Refusal> {
        let verified = event.verify(&self.key)?;
        let predicate = &verified.statement.predicate;
        if predicate.tenant != self.data.tenant() {
            return Err(IngestError::Tenant.into());
        }
        if predicate.deployment != self.state.deployment {
            return Err(IngestError::Deployment.into());
        }
        if predicate.runner.id != self.runner.runner {
            return Err(IngestError::Runner.into());
        }
        match self.runner.state {
            RunnerState::AwaitingApproval => Err(IngestError::Awaiting.into()),
            RunnerState::Revoked => Err(IngestError::Revoked.into()),
            RunnerState::Active | RunnerState::Quarantined if self.now >= self.runner.not_after => {
                Err(IngestError::Revoked.into())
            }
            RunnerState::Active | RunnerState::Quarantined => Ok(verified),
        }
    }
}
