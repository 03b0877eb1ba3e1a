//! `POST /v1/logins/{login}/recovery`: the second factor is lost; another administrator is asked to let the user set up a new one.

use axum::{Json, extract::State, http::StatusCode};
use domain::{Actor, EventKind, RecoveryId, auth::Recovery};
use schemars::JsonSchema;
use serde::Serialize;
use store::Change;
use web::{Access, Endpoint, Problem, Visitor};

use crate::{
    AuthState, arriving::LoginTicket, codes, letters::Topic, records::RecoveryRecord,
    recoveries::Deciders,
};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/logins/{login}/recovery",
    Access::Public("the login, which names itself by a secret: whoever has it showed the password"),
    &[EventKind::MfaResetRequested],
)
.summary("Say that the second factor is lost, and ask for an administrator's approval of a new one")
.success(202)
.response::<Response>()
.problems(&["login-over", "mfa-enrolment-required"]);

#[derive(JsonSchema, Serialize)]
pub(crate) struct Response {
    /// To tell the administrator which request it is.
    #[schemars(with = "String")]
    recovery: RecoveryId,
    /// Who can approve it.
    decided_by: Deciders,
}

/// A login asks once: the recovery has the login's number.
pub(crate) async fn handle(
    State(state): State<AuthState>,
    visitor: Visitor,
    LoginTicket(ticket): LoginTicket,
) -> Result<(StatusCode, Json<Response>), Problem> {
    let (data, now) = (state.data(ticket.tenant), visitor.now);
    let user = codes::login(&data, ticket.id).await?.document.0.verify(&ticket, now)?.user();
    let recovery = RecoveryId::from_u128(u128::from_be_bytes(ticket.id.to_bytes()));
    let (requested, event) = Recovery::request(recovery, user, user, now);
    let decided_by = Deciders::of(&data, &requested).await?;
    let change = Change::new(event).create(&RecoveryRecord(requested));
    match data.commit(&Actor::user(user), now, change).await {
        Ok(_) => {
            state.tell(&data, user, &Topic::RecoveryRequested { when: now }).await;
        }
        Err(store::StoreError::Exists) => {}
        Err(error) => return Err(error.into()),
    }
    Ok((StatusCode::ACCEPTED, Json(Response { recovery, decided_by })))
}
