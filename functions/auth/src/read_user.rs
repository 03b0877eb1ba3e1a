//! `GET /v1/users/{user}`: one person of the tenant.

use axum::{Json, extract::State};
use domain::{Permission, kind};
use store::Guard;
use web::{Access, Caller, Endpoint, PathId, Problem};

use crate::{AuthState, users::UserView};

pub(crate) const ENDPOINT: Endpoint =
    Endpoint::get("/v1/users/{user}", Access::Requires(Permission::UserRead))
        .summary("A user of the tenant")
        .response::<UserView>();

pub(crate) async fn handle(
    State(state): State<AuthState>,
    caller: Caller,
    PathId(user): PathId<kind::User>,
) -> Result<Json<UserView>, Problem> {
    let guard = caller.data.get::<Guard>(&user.to_string()).await?.document;
    Ok(Json(UserView::of(&state, &caller.data, guard).await?))
}
