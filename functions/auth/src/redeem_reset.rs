//! `POST /v1/password-resets/redeem`: the link of the letter, and another password. What follows is a login like any other, with the second
//! factor (threat T20).

use axum::{Json, extract::State};
use domain::{
    Actor, AuditEvent, EventKind, Target,
    auth::{
        Breach, NewPassword, Password, PasswordError, PasswordRecord, PasswordReset, ResetError,
        Ticket,
    },
    kind,
};
use schemars::JsonSchema;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use store::{Change, Found, Partition, StoreError, TenantRecord};
use web::{Access, Endpoint, Input, Problem, Visitor};

use crate::{
    AuthState,
    ended_sessions::{Why, end_all},
    followers::{ATTEMPTS_MAX, decide_again},
    letters::Topic,
    records::{CredentialRecord, ResetRecord, UserRecord},
};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/password-resets/redeem",
    Access::Public("the link's token, good for one use within a quarter of an hour"),
    &[
        EventKind::PasswordResetCompleted,
        EventKind::PasswordRejectedBreached,
        EventKind::SessionsRevokedAll,
    ],
)
.summary("Choose another password with the link of the letter")
.success(200)
.request::<Request>()
.response::<Response>()
.problems(&[
    "reset-invalid",
    "password-too-short",
    "password-too-long",
    "password-guessable",
    "password-breached",
    "busy",
]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// `pfl_rst_…`
    #[schemars(with = "String")]
    token: SecretString,
    /// 12 to 128 characters.
    #[schemars(with = "String")]
    password: SecretString,
}

#[derive(JsonSchema, Serialize)]
pub(crate) struct Response {
    /// `changed`. Sign in with it and with the second factor.
    password: &'static str,
}

pub(crate) async fn handle(
    State(state): State<AuthState>,
    visitor: Visitor,
    Input(request): Input<Request>,
) -> Result<Json<Response>, Problem> {
    let ticket = request.token.expose_secret().parse::<Ticket<kind::Reset>>();
    let ticket = ticket.map_err(|_| ResetError)?;
    let (data, now) = (state.data(ticket.tenant), visitor.now);
    let found = data.find::<ResetRecord>(&ticket.id.to_string()).await?.ok_or(ResetError)?;
    let reset = found.document.0;
    reset.admits(&ticket, now)?;
    let (password, breach) = choose(&state, &data, &reset, request.password, visitor).await?;
    let record = state.hasher.make(password, state.random()).await?;
    let actor = Actor::user(reset.user);
    end_all(&data, &actor, reset.user, Why::PasswordReset, now).await?;
    write(&data, &ticket, (record, breach), visitor).await?;
    end_all(&data, &actor, reset.user, Why::PasswordReset, now).await?;
    let what = "The password of your account was reset by mail";
    state.tell(&data, reset.user, &Topic::CredentialChanged { what, when: now }).await;
    Ok(Json(Response { password: "changed" }))
}

async fn choose(
    state: &AuthState,
    data: &Partition,
    reset: &PasswordReset,
    password: SecretString,
    visitor: Visitor,
) -> Result<(NewPassword, Breach), Problem> {
    let user = data.get::<UserRecord>(&reset.user.to_string()).await?.document;
    let tenant = data.get::<TenantRecord>(TenantRecord::ID).await?.document;
    let email = state.open_email(data.tenant(), &user).await?;
    let context = [email.as_str(), &user.display_name, &tenant.name];
    let typed = Password::typed(password.expose_secret())?;
    let chosen = match NewPassword::choose(typed.clone(), &context) {
        Ok(password) => state.choose(&typed, visitor.now).await.map(|breach| (password, breach)),
        Err(error) => Err(error),
    };
    if chosen.as_ref().err() == Some(&PasswordError::Breached) {
        let target = Target::new("user", reset.user);
        let event = AuditEvent::denied(EventKind::PasswordRejectedBreached, target, "breached");
        data.commit(&Actor::user(reset.user), visitor.now, Change::new(event)).await?;
    }
    chosen.map_err(Problem::from)
}

/// The reset is used in the batch that sets the password: of two who redeem it at once, one does.
async fn write(
    data: &Partition,
    ticket: &Ticket<kind::Reset>,
    (record, breach): (PasswordRecord, Breach),
    visitor: Visitor,
) -> Result<(), Problem> {
    let mut last = StoreError::Conflict;
    for _ in 0..ATTEMPTS_MAX {
        let Found { document: ResetRecord(reset), etag } =
            data.get::<ResetRecord>(&ticket.id.to_string()).await?;
        let (spent, event) = reset.redeem(ticket, visitor.now)?;
        let user = spent.user;
        let found = data.get::<CredentialRecord>(&CredentialRecord::id_of(user)).await?;
        let next = found.document.0.with_password(record.clone(), breach);
        let change = Change::new(event)
            .replace(&ResetRecord(spent), etag)
            .replace(&CredentialRecord(next), found.etag);
        match data.commit(&Actor::user(user), visitor.now, change).await {
            Ok(_) => return Ok(()),
            Err(error) if decide_again(&error) => last = error,
            Err(error) => return Err(error.into()),
        }
    }
    Err(last.into())
}
