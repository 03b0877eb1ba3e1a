//! `POST /v1/step-up`: the second factor again, for what needs it fresh (RFC 9470).

use axum::{Json, extract::State};
use domain::{
    EventKind, Permission,
    auth::{CodeShown, Session, StepUpAnswer},
};
use schemars::JsonSchema;
use serde::Deserialize;
use store::{Change, Found, StoreError};
use web::{Access, Caller, Endpoint, Input, Problem};

use crate::{
    AuthState, codes,
    followers::{self, ATTEMPTS_MAX, decide_again},
    records::CredentialRecord,
    tokens::Bearer,
};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/step-up",
    Access::Requires(Permission::OwnAccount),
    &[EventKind::StepUpSucceeded, EventKind::StepUpFailed, EventKind::AccountLocked],
)
.while_closing()
.summary("Show the second factor again, and get an access token that says so")
.success(200)
.request::<Request>()
.response::<Bearer>()
.problems(&["code-invalid", "locked"]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// Six digits.
    code: String,
}

pub(crate) async fn handle(
    State(state): State<AuthState>,
    caller: Caller,
    Input(request): Input<Request>,
) -> Result<Json<Bearer>, Problem> {
    let shown = decide(&state, &caller, &request.code).await?;
    let step_up =
        |session: &Session| session.clone().step_up(&shown).filter(|next| next != session);
    let session = followers::update(&caller.data, &caller.session.to_string(), step_up).await?;
    Ok(Json(state.access_token(caller.data.tenant(), &session, caller.now).await?))
}

async fn decide(state: &AuthState, caller: &Caller, code: &str) -> Result<CodeShown, Problem> {
    let mut last = StoreError::Conflict;
    for _ in 0..ATTEMPTS_MAX {
        let Found { document: CredentialRecord(credential), etag } =
            caller.data.get::<CredentialRecord>(&CredentialRecord::id_of(caller.user)).await?;
        let secret = state.totp_secret(caller.data.tenant(), &credential).await?;
        let (outcome, credential, event) = match credential.step_up(&secret, code, caller.now) {
            StepUpAnswer::Right { shown, credential, event } => (Ok(shown), credential, event),
            StepUpAnswer::Wrong { error, credential, event } => (Err(error), credential, event),
        };
        let kind = event.kind;
        let change = Change::new(event).replace(&CredentialRecord(credential), etag);
        match caller.commit(change).await {
            Ok(_) => {
                codes::tell_of_lock((state, &caller.data, caller.user, caller.now), kind).await;
                return outcome.map_err(Problem::from);
            }
            Err(error) if decide_again(&error) => last = error,
            Err(error) => return Err(error.into()),
        }
    }
    Err(last.into())
}
