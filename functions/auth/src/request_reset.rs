//! `POST /v1/password-resets`: a password is forgotten. The answer is the same whatever the address.

use axum::{Json, extract::State, http::StatusCode};
use domain::auth::Email;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use web::{Access, Endpoint, Input, Problem, Visitor};

use crate::AuthState;

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/password-resets",
    Access::Public("limits for each address; the answer says nothing, and the letter goes to the account's address alone"),
    &[],
)
.summary("Ask for a letter with a link to choose another password")
.success(202)
.request::<Request>()
.response::<Response>()
.problems(&["rate-limited"]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    email: String,
}

#[derive(JsonSchema, Serialize)]
pub(crate) struct Response {
    /// `if the address has an account, a letter is on its way`.
    letter: &'static str,
}

/// For every address the same is done here: a limit is counted, and a message is sealed and put into a queue.
pub(crate) async fn handle(
    State(state): State<AuthState>,
    visitor: Visitor,
    Input(request): Input<Request>,
) -> Result<(StatusCode, Json<Response>), Problem> {
    if let Ok(email) = Email::parse(&request.email)
        && state.limit_letters(visitor.address, &email, visitor.now).await?
    {
        state.post_forgotten(&email, false, visitor.now).await?;
    }
    let letter = "if the address has an account, a letter is on its way";
    Ok((StatusCode::ACCEPTED, Json(Response { letter })))
}
