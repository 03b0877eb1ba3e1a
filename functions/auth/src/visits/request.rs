//! `POST /v1/platform/tenants/{tenant}/visits`: an operator asks to visit a tenant.

use axum::{Json, extract::State, http::StatusCode};
use domain::{EventKind, Permission, UserId, Visit, VisitRequest, kind};
use schemars::JsonSchema;
use serde::Deserialize;
use store::{Change, Guard, GuardState, VisitRecord};
use web::{Access, Caller, Endpoint, Input, PathId, Problem};

use super::VisitView;
use crate::{AuthState, platform_tenants::Elsewhere};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/platform/tenants/{tenant}/visits",
    Access::Requires(Permission::PlatformImpersonate),
    &[EventKind::ImpersonationRequested],
)
.summary("Ask to visit a tenant in the place of one of its users; 15 minutes unless others are asked for, 60 at most")
.request::<Request>()
.response::<VisitView>()
.problems(&["support-access-off", "validation"]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// In whose place.
    #[schemars(with = "String")]
    user: UserId,
    /// The ticket of the operator's own system: 1 to 100 characters.
    ticket: String,
    /// Why: 10 to 500 characters, read by the tenant.
    reason: String,
    /// 1 to 60; 15 unless another is asked for.
    minutes: Option<u16>,
}

pub(crate) async fn handle(
    State(state): State<AuthState>,
    caller: Caller,
    PathId(tenant): PathId<kind::Tenant>,
    Input(Request { user, ticket, reason, minutes }): Input<Request>,
) -> Result<(StatusCode, Json<VisitView>), Problem> {
    let (elsewhere, record) = Elsewhere::reach(&state, &caller, tenant).await?;
    let guard = elsewhere.data.get::<Guard>(&user.to_string()).await?.document;
    if guard.state != GuardState::Active {
        return Err(Problem::not_found());
    }
    let minutes = minutes.unwrap_or(Visit::MINUTES);
    let (visit, event) = Visit::request(
        state.id(caller.now),
        (caller.user, caller.data.tenant()),
        VisitRequest { user, ticket, reason, minutes },
        record.settings.support_access,
        caller.now,
    )?;
    let record = VisitRecord(visit.clone());
    elsewhere.commit(&caller, Change::new(event).create(&record)).await?;
    Ok((StatusCode::CREATED, Json(visit.into())))
}
