//! `POST /v1/step-up`: the second factor again, for what needs it fresh (RFC 9470).

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header::SET_COOKIE},
    response::{IntoResponse, Response},
};
use domain::{
    EventKind, Permission,
    auth::{Credential, Session},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use web::{Access, Caller, Cookies, Endpoint, Input, Problem};

use crate::{
    AuthState,
    codes::{self, Factor},
    delivery::{Delivery, access_cookie, as_it_came, no_cookie},
    followers,
    tokens::Bearer,
};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/step-up",
    Access::Requires(Permission::OwnAccount),
    &[EventKind::StepUpSucceeded, EventKind::StepUpFailed, EventKind::AccountLocked],
)
.while_closing()
.summary("Show the second factor again, and get an access token that says so; a browser gets it as a cookie")
.success(200)
.request::<Request>()
.response::<SteppedUp>()
.problems(&["code-invalid", "locked"]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// Six digits.
    code: String,
}

/// A new access token for a device that keeps its refresh token. For whoever came with a cookie, it is in the cookie alone.
#[derive(JsonSchema, Serialize)]
pub(crate) struct SteppedUp {
    /// To be sent as bearer token.
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token: Option<String>,
    /// `Bearer`, or `Cookie`.
    token_type: &'static str,
    /// Seconds until the access token is over.
    expires_in: i64,
    /// With a cookie: the session, as in the list of sessions.
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<String>,
}

pub(crate) async fn handle(
    State(state): State<AuthState>,
    caller: Caller,
    headers: HeaderMap,
    Input(request): Input<Request>,
) -> Result<Response, Problem> {
    let delivery = as_it_came(&headers, state.cookies)?;
    let check =
        |credential: Credential, secret: &_| credential.step_up(secret, &request.code, caller.now);
    let shown = codes::decide_signed_in(&state, &caller, Factor::Current, check).await?;
    let step_up =
        |session: &Session| session.clone().step_up(&shown).filter(|next| next != session);
    let session = followers::update(&caller.data, &caller.session.to_string(), step_up).await?;
    let fresh = state.access_token(caller.data.tenant(), &session, caller.now).await?;
    match delivery {
        Delivery::Body => Ok(in_body(fresh)),
        Delivery::Cookies => in_cookie(fresh, &session, state.cookies),
    }
}

fn in_body(Bearer { access_token, token_type, expires_in }: Bearer) -> Response {
    let access_token = Some(access_token);
    Json(SteppedUp { access_token, token_type, expires_in, session: None }).into_response()
}

fn in_cookie(fresh: Bearer, session: &Session, cookies: Cookies) -> Result<Response, Problem> {
    let Bearer { access_token, expires_in, .. } = fresh;
    let cookie = access_cookie(cookies, &access_token, expires_in).ok_or_else(no_cookie)?;
    let session = Some(session.session.to_string());
    let body = SteppedUp { access_token: None, token_type: "Cookie", expires_in, session };
    Ok(([(SET_COOKIE, cookie)], Json(body)).into_response())
}
