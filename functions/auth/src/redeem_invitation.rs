//! `POST /v1/invitations/redeem`: a person comes into a tenant.

use axum::{Json, extract::State, http::StatusCode};
use domain::{
    Actor, AuditEvent, Class, EventId, EventKind, Fault, Role, Target, Timestamp, UserId,
    auth::{
        Breach, Credential, Email, Invitation, InvitationError, Needs, NewPassword, Password,
        PasswordError, PasswordRecord, Ticket,
    },
    is_line, kind,
};
use schemars::JsonSchema;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use store::{Change, Found, Guard, Partition, StoreError, TenantRecord};
use web::{Access, Endpoint, Input, Problem, Visitor};

use crate::{
    AuthState, accounts,
    followers::ATTEMPTS_MAX,
    guards,
    invitations::seats::Seat,
    logins::{Beginning, Begun},
    records::{CredentialRecord, InvitationRecord, LoginIndexEntry, LoginRecord, UserRecord},
};

const DISPLAY_NAME_CHARS_MAX: usize = 200;

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/invitations/redeem",
    Access::Public("the invitation's token, good for one use"),
    &[EventKind::UserCreated, EventKind::PasswordRejectedBreached],
)
.summary("Redeem an invitation with an e-mail address and a password")
.request::<Request>()
.response::<Begun>()
.problems(&[
    "invitation-invalid",
    "email-invalid",
    "email-taken",
    "entitlement-required",
    "display-name-invalid",
    "password-too-short",
    "password-too-long",
    "password-guessable",
    "password-breached",
    "busy",
    "conflict",
]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// `pfl_inv_…`
    #[schemars(with = "String")]
    token: SecretString,
    email: String,
    display_name: String,
    /// 12 to 128 characters.
    #[schemars(with = "String")]
    password: SecretString,
}

/// Why an invitation was not redeemed although it is valid.
#[derive(Debug, thiserror::Error)]
enum RedeemError {
    #[error(
        "a name to be called by has 1 to {DISPLAY_NAME_CHARS_MAX} characters and no line breaks"
    )]
    DisplayName,
    #[error("the e-mail address has an account already; use another one, or sign in")]
    EmailTaken,
}

impl Fault for RedeemError {
    fn class(&self) -> Class {
        match self {
            Self::DisplayName => Class::Invalid,
            Self::EmailTaken => Class::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::DisplayName => "display-name-invalid",
            Self::EmailTaken => "email-taken",
        }
    }
}

pub(crate) async fn handle(
    State(state): State<AuthState>,
    visitor: Visitor,
    Input(request): Input<Request>,
) -> Result<(StatusCode, Json<Begun>), Problem> {
    let ticket = request.token.expose_secret().parse::<Ticket<kind::Invitation>>();
    let ticket = ticket.map_err(|_| InvitationError)?;
    let data = state.data(ticket.tenant);
    let invitation = data.find::<InvitationRecord>(&ticket.id.to_string()).await?;
    let InvitationRecord(invitation) = invitation.ok_or(InvitationError)?.document;
    invitation.admits(&ticket, visitor.now)?;
    let person = check(&state, &data, &invitation, &request, visitor).await?;
    // Before a password is hashed and an address is reserved for somebody who finds no seat.
    Seat::find(&data).await?;
    let password = state.hasher.make(person.password.clone(), state.random()).await?;
    let login = redeem(&state, &data, (ticket, invitation.role), person, password, visitor).await?;
    Ok((StatusCode::CREATED, Json(login.answer(&state, &data, visitor.now).await?)))
}

struct Person {
    email: Email,
    display_name: String,
    password: NewPassword,
    breach: Breach,
}

async fn check(
    state: &AuthState,
    data: &Partition,
    invitation: &Invitation,
    request: &Request,
    visitor: Visitor,
) -> Result<Person, Problem> {
    let display_name = request.display_name.trim().to_owned();
    if !is_line(&display_name, 1..=DISPLAY_NAME_CHARS_MAX) {
        return Err(RedeemError::DisplayName.into());
    }
    let email = Email::parse(&request.email)?;
    if !invitation.is_for(&email.index(&state.keys.index)) {
        return Err(InvitationError.into());
    }
    let tenant = data.get::<TenantRecord>(TenantRecord::ID).await?.document;
    let context = [email.as_str(), &display_name, &tenant.name];
    let typed = Password::typed(request.password.expose_secret())?;
    let chosen = choose(state, typed, &context, visitor).await;
    if chosen.as_ref().err() == Some(&PasswordError::Breached) {
        let target = Target::new("invitation", invitation.invitation);
        let event = AuditEvent::denied(EventKind::PasswordRejectedBreached, target, "breached");
        data.commit(&Actor::anonymous(), visitor.now, Change::new(event)).await?;
    }
    let (password, breach) = chosen?;
    Ok(Person { email, display_name, password, breach })
}

async fn choose(
    state: &AuthState,
    typed: Password,
    context: &[&str],
    visitor: Visitor,
) -> Result<(NewPassword, Breach), PasswordError> {
    let password = NewPassword::choose(typed.clone(), context)?;
    Ok((password, state.choose(&typed, visitor.now).await?))
}

/// Reservation of the address first, then the guard, then the user with the event and a seat: each can be repeated after a crash.
async fn redeem(
    state: &AuthState,
    data: &Partition,
    (ticket, role): (Ticket<kind::Invitation>, Role),
    person: Person,
    password: PasswordRecord,
    visitor: Visitor,
) -> Result<Beginning, Problem> {
    let (tenant, now) = (data.tenant(), visitor.now);
    // One invitation makes one user, so the user takes its number: a second try is the same user.
    let user = UserId::from_u128(u128::from_be_bytes(ticket.id.to_bytes()));
    let entry = LoginIndexEntry { tenant, user };
    if !accounts::reserve(state, &person.email, entry, now).await? {
        return Err(RedeemError::EmailTaken.into());
    }
    let record = UserRecord {
        user,
        sealed_email: state.seal_email(tenant, user, &person.email).await?,
        display_name: person.display_name,
        roles: vec![role],
        created_at: now,
    };
    let guard = Guard::new(user, record.roles.clone());
    guards::keep_first(data, &guard).await?;
    let login = Beginning::new(state, data, (user, guard.epoch), Needs::Enrol, now);
    let mut credential = Credential::new(user, password);
    credential.breach = person.breach;
    let new = (record, CredentialRecord(credential), login.record());
    let event = come_in(data, &ticket, &guard, &new, now).await?;
    guards::name_event(data, &guard, event).await?;
    Ok(login)
}

/// The user comes in with the event and takes a seat; decided again when somebody else took one meanwhile.
async fn come_in(
    data: &Partition,
    ticket: &Ticket<kind::Invitation>,
    guard: &Guard,
    (record, credential, login): &(UserRecord, CredentialRecord, LoginRecord),
    now: Timestamp,
) -> Result<EventId, Problem> {
    for _ in 0..ATTEMPTS_MAX {
        let seat = Seat::find(data).await?;
        let found = data.find::<InvitationRecord>(&ticket.id.to_string()).await?;
        let Found { document, etag } = found.ok_or(InvitationError)?;
        let (redeemed, event) = document.0.redeem(ticket, guard.user, now)?;
        let change = Change::new(guard.recorded_in(event))
            .replace(&InvitationRecord(redeemed), etag)
            .create(record)
            .create(credential)
            .create(login);
        match data.commit(&Actor::user(guard.user), now, seat.taken_by(change)).await {
            Ok(promise) => return Ok(promise.event),
            Err(StoreError::Conflict | StoreError::Exists) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(StoreError::Conflict.into())
}
