//! What a Runner says about a run: an in-toto Statement v1 (<https://in-toto.io/Statement/v1>) with our own predicate.
//!
//! It names its tenant, deployment and Runner, its place in the Runner's own chain, and digests of everything else:
//! no raw value, and no free text ([`Name`](crate::Name)). The Runner's signature over it is the only thing that
//! binds an event to a tenant.

mod event;
mod predicate;
mod rules;
mod score;
mod step;

pub use event::{Event, EventNumber, EventType, source_of};
pub use predicate::{
    Clock, Confidence, Custody, EvidenceReference, KeyStorage, Predicate, PredicateType,
    ProcedureReference, RunReference, RunnerReference, Sha256Digest, Statement, StatementType,
    Subject, Trigger,
};
pub use rules::{CHECKS_MAX, EVIDENCE_MAX, STEPS_MAX, StatementError};
pub use score::{ScoreAlgorithm, StatedScore};
pub use step::{Check, Step, Tool};

#[cfg(test)]
mod tests;
