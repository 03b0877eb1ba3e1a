//! The end of every login: a session, and tokens for it.

use domain::{
    Actor, Timestamp,
    auth::{DeviceId, Email, LoginError, MfaVerified, Session, SigningIn},
};
use store::{Change, Partition, TenantRecord};
use web::Problem;

use crate::{
    AuthState,
    delivery::{Delivery, Given},
    devices::Device,
    followers, guards,
    letters::Topic,
    records::{CredentialRecord, UserRecord},
};

/// Signs a device in. `verified` is the proof of both factors; there is no other way here.
pub(crate) async fn sign_in(
    state: &AuthState,
    data: &Partition,
    verified: MfaVerified,
    (device, delivery): (&Device, Delivery),
    now: Timestamp,
) -> Result<Given, Problem> {
    refuse_breached(state, data, &verified, now).await?;
    let user = verified.user();
    guards::activate(data, user).await?;
    let tenant = data.get::<TenantRecord>(TenantRecord::ID).await?.document.settings;
    let known = device.known_to(state, user, now);
    let id = known.unwrap_or_else(|| DeviceId::new(state.random()));
    let signing_in = SigningIn {
        device: &device.name,
        binding: (delivery == Delivery::Cookies).then_some(id),
        network: device.network.clone(),
        longest: tenant.longest_session(),
    };
    let (session, event) = Session::open(verified, state.id(now), signing_in, now);
    let event = device.recorded_in(event, user);
    let promise = data.commit(&Actor::user(session.user), now, Change::new(event)).await?;
    followers::create_because(data, &session, promise.event).await?;
    if known.is_none() {
        tell_of_device(state, data, &session, now).await;
    }
    let given = state.given(data.tenant(), &session, now).await?;
    Ok(Given { device: Some(state.device_token(user, id, now)), ..given })
}

/// Whoever showed both factors is the user; so they are told that their password leaked, and are sent the way to another one (threat T01).
async fn refuse_breached(
    state: &AuthState,
    data: &Partition,
    verified: &MfaVerified,
    now: Timestamp,
) -> Result<(), Problem> {
    let user = verified.user();
    let credential = data.get::<CredentialRecord>(&CredentialRecord::id_of(user)).await?;
    if !credential.document.0.breach.is_found() {
        return Ok(());
    }
    let record = data.get::<UserRecord>(&user.to_string()).await?.document;
    let email = Email::parse(&state.open_email(data.tenant(), &record).await?)?;
    state.post_forgotten(&email, true, now).await?;
    Err(LoginError::PasswordBreached.into())
}

async fn tell_of_device(state: &AuthState, data: &Partition, session: &Session, now: Timestamp) {
    let network = session.network.as_deref().unwrap_or("this machine");
    let device = session.device.as_str();
    state.tell(data, session.user, &Topic::NewDevice { device, network, when: now }).await;
}
