//! Every rule of the product (pure): no clock, no randomness, no input or output.
//!
//! A rule takes the state, the time and, where needed, the random value, and returns the new state and what to record.
//! In scope: identifiers, access, audit events, sign-in, procedures, runs, scores, Runners, drill-downs.
//! Out of scope: bytes that are signed (`chain`, `protocol`), encryption (`seal`), storage (`ports`, `store`), HTTP (`web`).

mod access;
mod audit;
pub mod auth;
mod custom_role;
mod customer_key;
pub mod drilldown;
pub mod enrolment;
mod fault;
pub mod hold;
mod id;
pub mod ingest;
mod line;
mod membership;
mod plan;
pub mod procedure;
pub mod retention;
pub mod run;
pub mod runner;
mod tenant;
mod timestamp;
mod visit;

pub use access::{
    Permission, Role, Separation, SeparationError, SeparationName, refuse_combination, refuse_raise,
};
pub use audit::{
    Actor, ActorKind, AuditEvent, AuditFilter, EventKind, FilterError, OCSF_VERSION, Ocsf,
    OcsfClass, Outcome, Personal, RowView, Target, invitation_of,
};
pub use custom_role::{CUSTOM_ROLES_MAX, CustomRoleError, custom_role, one_more_role};
pub use customer_key::{CustomerKey, CustomerKeyError};
pub use fault::{Class, Fault};
pub use id::{
    CommandId, DrilldownId, EnrolmentId, ErasureId, EventId, EvidenceId, ExportId, HoldId, Id,
    IdError, InvitationId, Kind, LoginId, PersonalTokenId, ProcedureId, PurgeId, RecoveryId,
    RequestId, ResetId, RoleId, RunId, RunnerId, SessionId, TenantId, UserId, VerificationId,
    VersionId, VisitId, kind,
};
pub use line::is_line;
pub use membership::{MembershipError, may_give, not_oneself};
pub use plan::{EntitlementError, Entitlements, Feature, Overrides, Plan, Quota};
pub use tenant::{
    MfaPolicy, NotServed, SettingError, SupportAccess, TenantKind, TenantMove, TenantMoveError,
    TenantNameError, TenantSettings, TenantState, tenant_name,
};
pub use timestamp::{Timestamp, TimestampError};
pub use visit::{Visit, VisitError, VisitRequest, VisitState};
