//! Every rule of the product (pure): no clock, no randomness, no input or output.
//!
//! A rule takes the state, the time and, where needed, the random value, and returns the new state and what to record.
//! In scope: identifiers, access, audit events, sign-in, procedures, runs, scores, Runners, drill-downs.
//! Out of scope: bytes that are signed (`chain`, `protocol`), encryption (`seal`), storage (`ports`, `store`), HTTP (`web`).

mod access;
mod audit;
pub mod auth;
pub mod drilldown;
pub mod enrolment;
mod fault;
mod id;
pub mod ingest;
pub mod procedure;
pub mod run;
pub mod runner;
mod timestamp;

pub use access::{Feature, Permission, Plan, Role};
pub use audit::{
    Actor, ActorKind, AuditEvent, AuditFilter, EventKind, FilterError, OCSF_VERSION, Ocsf,
    OcsfClass, Outcome, RowView, Target,
};
pub use fault::{Class, Fault};
pub use id::{
    CommandId, DrilldownId, EnrolmentId, EventId, EvidenceId, ExportId, Id, IdError, InvitationId,
    Kind, LoginId, ProcedureId, RequestId, RunId, RunnerId, SessionId, TenantId, UserId, VersionId,
    kind,
};
pub use timestamp::{Timestamp, TimestampError};
