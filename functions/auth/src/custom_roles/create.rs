//! `POST /v1/roles`: makes a role of the tenant's own.

use axum::{Json, extract::State, http::StatusCode};
use domain::{EventKind, Feature, Permission, one_more_role};
use store::Change;
use web::{Access, Caller, Endpoint, Input, Problem};

use super::{Request, RoleView, all, checked, event};
use crate::AuthState;

pub(crate) const ENDPOINT: Endpoint =
    Endpoint::post("/v1/roles", Access::Requires(Permission::RoleWrite), &[EventKind::RoleCreated])
        .summary("Make a role of the tenant's own")
        .with(Feature::CustomRoles)
        .request::<Request>()
        .response::<RoleView>()
        .problems(&[
            "role-name-invalid",
            "role-permissions-invalid",
            "too-many-roles",
            "sod-violation",
            "conflict",
        ]);

pub(crate) async fn handle(
    State(state): State<AuthState>,
    caller: Caller,
    Input(request): Input<Request>,
) -> Result<(StatusCode, Json<RoleView>), Problem> {
    let record = checked(&caller, state.id(caller.now), request).await?;
    one_more_role(all(&caller.data).await?.len())?;
    caller.commit(Change::new(event(EventKind::RoleCreated, &record)).create(&record)).await?;
    Ok((StatusCode::CREATED, Json(record.into())))
}
