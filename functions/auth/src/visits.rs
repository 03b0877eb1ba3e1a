//! Visits: an operator in the place of a tenant's user, for an hour at most, and only if the tenant wants it.
//!
//! The event that begins a visit is committed to the visited tenant's log, and sealed there, before a token exists; without it there is no token.

pub(crate) mod allow;
pub(crate) mod begin;
pub(crate) mod deny;
pub(crate) mod dismiss;
pub(crate) mod end;
pub(crate) mod list;
pub(crate) mod request;

use axum::Json;
use domain::{
    AuditEvent, EventKind, Permission, Timestamp, UserId, Visit, VisitError, VisitId, VisitState,
};
use schemars::JsonSchema;
use serde::Serialize;
use store::{Change, Found, VisitRecord};
use web::{Access, Caller, Endpoint, Problem};

use crate::platform_tenants::Elsewhere;

/// What one of the tenant does with a visit.
const fn answering(path: &'static str, audits: &'static [EventKind]) -> Endpoint {
    Endpoint::post(path, Access::Requires(Permission::SettingsWrite), audits)
        .success(200)
        .while_closing()
        .response::<VisitView>()
        .problems(&["state-transition", "conflict"])
}

#[derive(JsonSchema, Serialize)]
pub(crate) struct VisitView {
    #[schemars(with = "String")]
    visit: VisitId,
    #[schemars(with = "String")]
    operator: UserId,
    #[schemars(with = "String")]
    user: UserId,
    ticket: String,
    reason: String,
    minutes: u16,
    /// `requested`, `granted`, `active`, `ended` or `denied`.
    #[schemars(with = "String")]
    state: VisitState,
    #[schemars(with = "String")]
    requested_at: Timestamp,
    #[schemars(with = "Option<String>")]
    ends_at: Option<Timestamp>,
}

impl From<Visit> for VisitView {
    fn from(visit: Visit) -> Self {
        let Visit { visit: id, operator, user, ticket, reason, minutes, state, .. } = visit.clone();
        let Visit { requested_at, ends_at, .. } = visit;
        Self { visit: id, operator, user, ticket, reason, minutes, state, requested_at, ends_at }
    }
}

/// The visit, if it is the caller's.
async fn own(
    elsewhere: &Elsewhere,
    caller: &Caller,
    id: VisitId,
) -> Result<Found<VisitRecord>, Problem> {
    let found = elsewhere.data.get::<VisitRecord>(&id.to_string()).await?;
    if found.document.0.operator == caller.user { Ok(found) } else { Err(Problem::not_found()) }
}

/// Decides on a visit in the tenant's own name.
async fn decide(
    caller: &Caller,
    id: VisitId,
    how: impl Fn(Visit) -> Result<(Visit, AuditEvent), VisitError>,
) -> Result<Json<VisitView>, Problem> {
    let Found { document: VisitRecord(visit), etag } =
        caller.data.get::<VisitRecord>(&id.to_string()).await?;
    let (visit, event) = how(visit)?;
    let stored = VisitRecord(visit.clone());
    caller.commit(Change::new(event).replace(&stored, etag)).await?;
    Ok(Json(visit.into()))
}
