//! What is recorded: who did what to what, and how it ended.

mod filter;
mod kind;
mod ocsf;

pub use filter::{AuditFilter, FilterError, RowView};
pub use kind::EventKind;
pub use ocsf::{OCSF_VERSION, Ocsf, OcsfClass};

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{InvitationId, UserId};

/// Who acted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Actor {
    /// What kind of actor.
    pub kind: ActorKind,
    /// Its identifier; for `Anonymous` the empty string, for `System` the job's name.
    pub id: String,
    /// The platform's operator who acts in that user's place, on a visit that the tenant allowed.
    pub obo: Option<UserId>,
}

/// What kinds of actors there are.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// A person of the tenant.
    User,
    /// A person who runs the deployment.
    Operator,
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
            Self::Operator => "operator",
            Self::Runner => "runner",
            Self::System => "system",
            Self::Anonymous => "anonymous",
        }
    }
}

impl Actor {
    /// A person.
    pub fn user(id: impl fmt::Display) -> Self {
        Self { kind: ActorKind::User, id: id.to_string(), obo: None }
    }

    /// A person who runs the deployment.
    pub fn operator(id: impl fmt::Display) -> Self {
        Self { kind: ActorKind::Operator, id: id.to_string(), obo: None }
    }

    /// The same, while `operator` acts in their place.
    #[must_use]
    pub fn visited_by(self, operator: UserId) -> Self {
        Self { obo: Some(operator), ..self }
    }

    /// A Runner.
    pub fn runner(id: impl fmt::Display) -> Self {
        Self { kind: ActorKind::Runner, id: id.to_string(), obo: None }
    }

    /// A job of ours, by its name.
    pub fn system(job: &str) -> Self {
        Self { kind: ActorKind::System, id: job.to_owned(), obo: None }
    }

    /// Nobody who is known.
    pub fn anonymous() -> Self {
        Self { kind: ActorKind::Anonymous, id: String::new(), obo: None }
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
    /// What says something about a person: the log only commits to it, so that it can be erased.
    pub personal: Option<Personal>,
}

/// Personal details of one event: of one person, whose key seals them.
#[derive(Clone, Eq, PartialEq)]
pub struct Personal {
    /// The person: a user's identifier, or another stable name of whom they are about.
    pub subject: String,
    /// Each detail by its name; names are `[a-z0-9_]{1,32}`.
    pub details: BTreeMap<&'static str, String>,
}

/// The invitation by which a person came, if this is a user's identifier: the user has its number. Details from before there was a user, such as the
/// address that was invited, are about the invitation.
pub fn invitation_of(person: &str) -> Option<InvitationId> {
    let user = person.parse::<UserId>().ok()?;
    Some(InvitationId::from_u128(u128::from_be_bytes(user.to_bytes())))
}

/// The names of the details, and never what they are.
impl fmt::Debug for Personal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.details.keys()).finish()
    }
}

impl AuditEvent {
    /// `kind` was done to `target`.
    pub fn new(kind: EventKind, target: Target) -> Self {
        let (reason, data, personal) = (None, BTreeMap::new(), None);
        Self { kind, target, outcome: Outcome::Ok, reason, data, personal }
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

    /// Also records a detail about the person `subject`: as a commitment, which says nothing, and sealed to a key of that person, which can
    /// be destroyed. One event is about one person: the one who is named first.
    pub fn personal(
        mut self,
        field: &'static str,
        subject: impl fmt::Display,
        value: impl Into<String>,
    ) -> Self {
        let about = || Personal { subject: subject.to_string(), details: BTreeMap::new() };
        self.personal.get_or_insert_with(about).details.insert(field, value.into());
        self
    }
}
