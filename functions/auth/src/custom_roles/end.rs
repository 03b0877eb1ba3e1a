//! `DELETE /v1/roles/{role}`: ends a role of the tenant's own.

use axum::{Json, extract::State};
use domain::{EventKind, Permission, kind};
use store::{Change, Found, RoleRecord};
use web::{Access, Caller, Endpoint, PathId, Problem};

use super::{RoleView, event, following, living};
use crate::AuthState;

pub(crate) const ENDPOINT: Endpoint = Endpoint::delete(
    "/v1/roles/{role}",
    Access::Requires(Permission::RoleWrite),
    &[EventKind::RoleDeleted],
)
.summary("End a role of the tenant's own; whoever may do less without it is signed out everywhere")
.response::<RoleView>()
.problems(&["conflict"]);

pub(crate) async fn handle(
    State(state): State<AuthState>,
    caller: Caller,
    PathId(role): PathId<kind::CustomRole>,
) -> Result<Json<RoleView>, Problem> {
    let Found { document: before, etag } = living(&caller.data, role).await?;
    let record = RoleRecord { ended: true, ..before };
    let change = Change::new(event(EventKind::RoleDeleted, &record)).replace(&record, etag);
    following::commit(&state, &caller, role, change).await?;
    Ok(Json(record.into()))
}
