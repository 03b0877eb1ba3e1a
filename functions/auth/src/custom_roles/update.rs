//! `PUT /v1/roles/{role}`: changes what a role of the tenant's own grants.

use axum::{Json, extract::State};
use domain::{EventKind, Feature, Permission, kind};
use store::{Change, Found, TenantRecord};
use web::{Access, Caller, Endpoint, Input, PathId, Problem};

use super::{Request, RoleView, checked, event, following, holders, living};
use crate::{AuthState, members::once_at_a_time};

pub(crate) const ENDPOINT: Endpoint = Endpoint::put(
    "/v1/roles/{role}",
    Access::Requires(Permission::RoleWrite),
    &[EventKind::RoleUpdated],
)
.summary("Change what a role of the tenant's own grants; it counts for whoever has it with the next request")
.with(Feature::CustomRoles)
.request::<Request>()
.response::<RoleView>()
.problems(&[
    "role-name-invalid",
    "role-permissions-invalid",
    "own-membership",
    "sod-violation",
    "conflict",
]);

pub(crate) async fn handle(
    State(state): State<AuthState>,
    caller: Caller,
    PathId(role): PathId<kind::CustomRole>,
    Input(request): Input<Request>,
) -> Result<Json<RoleView>, Problem> {
    let tenant = caller.data.get::<TenantRecord>(TenantRecord::ID).await?;
    let Found { document: before, etag } = living(&caller.data, role).await?;
    let record = checked(&caller, role, request).await?;
    holders::check(&caller, &tenant.document, &before, &record).await?;
    let change = Change::new(event(EventKind::RoleUpdated, &record)).replace(&record, etag);
    following::commit(&state, &caller, role, once_at_a_time(tenant, change)).await?;
    Ok(Json(record.into()))
}
