//! What is recorded: who did what to what, and how it ended.

mod filter;
mod ocsf;

pub use filter::{AuditFilter, FilterError, RowView};
pub use ocsf::{OCSF_VERSION, Ocsf, OcsfClass};

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Who acted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Actor {
    /// What kind of actor.
    pub kind: ActorKind,
    /// Its identifier; for `Anonymous` the empty string, for `System` the job's name.
    pub id: String,
}

/// What kinds of actors there are.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// A person of the tenant.
    User,
    /// A Runner of the tenant.
    Runner,
    /// A job of ours.
    System,
    /// Someone who is not signed in.
    Anonymous,
}

impl ActorKind {
    /// Its name in the log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Runner => "runner",
            Self::System => "system",
            Self::Anonymous => "anonymous",
        }
    }
}

impl Actor {
    /// A person.
    pub fn user(id: impl fmt::Display) -> Self {
        Self { kind: ActorKind::User, id: id.to_string() }
    }

    /// A Runner.
    pub fn runner(id: impl fmt::Display) -> Self {
        Self { kind: ActorKind::Runner, id: id.to_string() }
    }

    /// A job of ours, by its name.
    pub fn system(job: &str) -> Self {
        Self { kind: ActorKind::System, id: job.to_owned() }
    }

    /// Nobody who is known.
    pub fn anonymous() -> Self {
        Self { kind: ActorKind::Anonymous, id: String::new() }
    }
}

/// How it ended.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Outcome {
    /// It was done.
    #[serde(rename = "ok")]
    Ok,
    /// It was refused.
    #[serde(rename = "denied")]
    Denied,
    /// It was tried and failed.
    #[serde(rename = "failed")]
    Failed,
}

impl Outcome {
    /// Its name in the log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Denied => "denied",
            Self::Failed => "failed",
        }
    }
}

/// What it was done to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Target {
    /// The noun of the glossary: `runner`, `procedure_version`, `run`.
    pub kind: &'static str,
    /// Its identifier.
    pub id: String,
}

impl Target {
    /// The `kind` that `id` names.
    pub fn new(kind: &'static str, id: impl fmt::Display) -> Self {
        Self { kind, id: id.to_string() }
    }
}

/// An event of the audit log, before it is sealed.
///
/// `data` takes identifiers, digests, states, counts and closed words only: never a raw value, a name or an address.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "an event that is not committed was never recorded"]
pub struct AuditEvent {
    /// What happened.
    pub kind: EventKind,
    /// To what.
    pub target: Target,
    /// How it ended.
    pub outcome: Outcome,
    /// Why, in the actor's words or as a stable code.
    pub reason: Option<String>,
    /// Details; keys `[a-z0-9_]{1,32}`, no floats (profile `audit-row/1`).
    pub data: BTreeMap<&'static str, Value>,
}

impl AuditEvent {
    /// `kind` was done to `target`.
    pub fn new(kind: EventKind, target: Target) -> Self {
        Self { kind, target, outcome: Outcome::Ok, reason: None, data: BTreeMap::new() }
    }

    /// `kind` was refused, for the reason that `code` names.
    pub fn denied(kind: EventKind, target: Target, code: &str) -> Self {
        Self { outcome: Outcome::Denied, reason: Some(code.to_owned()), ..Self::new(kind, target) }
    }

    /// Also records a detail.
    pub fn with(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        self.data.insert(key, value.into());
        self
    }
}

macro_rules! event_kinds {
    ($($variant:ident = $name:literal: $doc:literal;)*) => {
        /// What can be recorded: `<area>.<object>.<past tense>` (add, never rename).
        #[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        pub enum EventKind {
            $(#[doc = $doc] #[serde(rename = $name)] $variant,)*
        }

        impl EventKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its name in the log.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

event_kinds! {
    LoginSucceeded = "auth.login.succeeded": "Password and second factor were right.";
    LoginFailed = "auth.login.failed": "A login attempt was refused.";
    AccountLocked = "auth.account.locked": "Too many failures in a row.";
    MfaEnrolled = "auth.mfa.enrolled": "A second factor was confirmed.";
    MfaChallengeFailed = "auth.mfa.challenge_failed": "A wrong or used code.";
    SessionCreated = "auth.session.created": "A device was signed in.";
    SessionRevoked = "auth.session.revoked": "A device was signed out.";
    RefreshReused = "auth.session.refreshed_reuse_detected": "An old refresh token came back; the session was revoked.";
    StepUpSucceeded = "auth.stepup.succeeded": "A signed-in user showed a second factor again.";
    StepUpFailed = "auth.stepup.failed": "A signed-in user failed to.";
    UserInvited = "iam.user.invited": "An invitation was issued.";
    UserCreated = "iam.user.created": "An invitation was redeemed.";
    AccessDenied = "iam.access.denied": "A caller asked for what it may not have.";
    TenantCreated = "tenant.created": "A tenant came to be.";
    CustomerKeysChanged = "tenant.customer_keys.changed": "The customer's public keys were registered.";
    EnrolmentIssued = "runner.enrolment.issued": "A Runner may enrol once.";
    EnrolmentRedeemed = "runner.enrolment.redeemed": "A Runner enrolled and waits for approval.";
    EnrolmentDenied = "runner.enrolment.denied": "An enrolment was refused.";
    RunnerActivated = "runner.activated": "A Runner was approved.";
    RunnerRevoked = "runner.revoked": "A Runner's key no longer counts.";
    RunnerQuarantined = "runner.quarantined": "A Runner contradicted itself.";
    ForkDetected = "runner.fork.detected": "Two statements of one Runner claim the same place: it was cloned.";
    GapDetected = "runner.gap.detected": "Statements of a Runner are missing.";
    CommandIssued = "runner.command.issued": "A command was signed for a Runner.";
    CommandRefused = "runner.command.refused": "A Runner refused a command.";
    ProcedureLinted = "procedure.version.linted": "A procedure was checked without being kept.";
    VersionPublished = "procedure.version.published": "A signed version became available to Runners.";
    VersionWithdrawn = "procedure.version.withdrawn": "A version may no longer be executed.";
    VersionRejected = "procedure.version.rejected": "A version was refused.";
    RunCompleted = "run.completed": "A run's signed statement was accepted.";
    RunRejected = "run.result.rejected": "A statement was refused and quarantined.";
    IngestDuplicate = "ingest.event.duplicate": "A statement came again, and got the receipt it had.";
    IngestConflict = "ingest.event.conflict": "A statement contradicts one that was accepted.";
    DrilldownRequested = "evidence.drilldown.requested": "A person asked for a raw value.";
    DrilldownDispatched = "evidence.drilldown.dispatched": "The request went to the Runner.";
    DrilldownDelivered = "evidence.drilldown.delivered": "The Runner's sealed answer came back.";
    DrilldownDenied = "evidence.drilldown.denied_locally": "The Runner refused.";
    AuditViewed = "audit.viewed": "The log was read.";
    AuditExported = "audit.exported": "The log was exported.";
    AuditVerified = "audit.verified": "The log was verified.";
    LogGenesis = "log.genesis": "The first row of a log.";
    LogIncomplete = "log.incomplete": "An intent is missing, came twice or was changed.";
}

impl EventKind {
    /// The kind with this name in the log.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
