//! `POST /v1/platform/tenants/{tenant}/visits/{visit}/begin`: an operator begins a visit that the tenant allowed.

use axum::{Json, extract::State};
use domain::{EventKind, Permission, TenantId, VisitError, VisitId};
use schemars::JsonSchema;
use serde::Serialize;
use store::{Change, Found, Guard, GuardState, VisitRecord};
use web::{
    Access, ActingParty, Caller, Endpoint, IdempotencyKey, Once, PathPair, Problem, await_seal,
};

use super::{VisitView, own};
use crate::{AuthState, platform_tenants::Elsewhere, tokens::Bearer};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/platform/tenants/{tenant}/visits/{visit}/begin",
    Access::Requires(Permission::PlatformImpersonate),
    &[EventKind::ImpersonationStarted],
)
.summary("Begin a visit that the tenant allowed; the token only reads")
.success(200)
.response::<Begun>()
.problems(&[
    "support-access-off",
    "visit-not-granted",
    "state-transition",
    "conflict",
    "not-sealed-yet",
]);

#[derive(JsonSchema, Serialize)]
pub(crate) struct Begun {
    visit: VisitView,
    #[serde(flatten)]
    token: Bearer,
}

pub(crate) async fn handle(
    State(state): State<AuthState>,
    caller: Caller,
    PathPair(tenant, id): PathPair<TenantId, VisitId>,
    key: IdempotencyKey,
) -> Result<Json<Begun>, Problem> {
    let (elsewhere, record) = Elsewhere::reach(&state, &caller, tenant).await?;
    let Found { document: VisitRecord(visit), etag } = own(&elsewhere, &caller, id).await?;
    let guard = elsewhere.data.get::<Guard>(&visit.user.to_string()).await?.document;
    if guard.state != GuardState::Active {
        return Err(VisitError::State(visit.state).into());
    }
    let words = [tenant.to_bytes(), id.to_bytes()].concat();
    let once = Once::new(&caller, key, state.random(), &words);
    let visit = if elsewhere.was_committed::<VisitRecord>(once.event()).await? {
        visit
    } else {
        let operator = caller.data.get::<Guard>(&caller.user.to_string()).await?.document;
        let access = record.settings.support_access;
        let (visit, event) = visit.begin(access, operator.epoch, caller.now)?;
        let change = Change::new(event).replace(&VisitRecord(visit.clone()), etag);
        elsewhere.commit_as(once.event(), &caller, change).await?;
        visit
    };
    // Nobody acts in another's place before it is in the log of whoever is visited.
    await_seal(&*state.clock, &elsewhere.data, once.event(), &once).await?;
    let acting = ActingParty { sub: caller.user, visit: id };
    let token = state.visiting_token(tenant, &visit, (acting, guard.epoch), caller.now).await?;
    Ok(Json(Begun { visit: visit.into(), token }))
}
