//! `GET /v1/invitations`: the invitations that wait for their person.

use axum::{Json, extract::State};
use domain::Permission;
use schemars::JsonSchema;
use serde::Serialize;
use web::{Access, Caller, Endpoint, Problem};

use super::{InvitationView, open, view};
use crate::AuthState;

pub(crate) const ENDPOINT: Endpoint =
    Endpoint::get("/v1/invitations", Access::Requires(Permission::UserRead))
        .summary("The invitations that wait for their person")
        .response::<Invitations>();

#[derive(JsonSchema, Serialize)]
pub(crate) struct Invitations {
    invitations: Vec<InvitationView>,
}

pub(crate) async fn handle(
    State(state): State<AuthState>,
    caller: Caller,
) -> Result<Json<Invitations>, Problem> {
    let open = open(&caller.data, caller.now).await?;
    let mut invitations = Vec::with_capacity(open.len());
    for invitation in &open {
        invitations.push(view(&state, caller.data.tenant(), invitation, None).await?);
    }
    Ok(Json(Invitations { invitations }))
}
