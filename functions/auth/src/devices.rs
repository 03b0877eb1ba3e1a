//! Devices that a user signed in on before: what they show, and what they are given.

use axum::http::{HeaderMap, header::USER_AGENT};
use domain::{
    AuditEvent, Timestamp, UserId,
    auth::{DeviceId, KnownDevice},
};
use secrecy::SecretString;
use web::{CookieKind, Problem};

use crate::AuthState;

/// As much of what a device calls itself as the log keeps.
const AGENT_CHARS_MAX: usize = 256;

/// What a request says of the device that it comes from.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    /// What it calls itself.
    pub(crate) name: String,
    /// The network that it is in, too coarse to name a person.
    pub(crate) network: Option<String>,
    /// Its address; only the log commits to it.
    address: Option<String>,
    /// The token that it shows, if any.
    token: Option<String>,
}

impl Device {
    /// From the headers and the member `device` of the body, which a program sends; a browser sends a cookie.
    ///
    /// # Errors
    /// * `cookie-ambiguous`.
    pub(crate) fn of(
        state: &AuthState,
        headers: &HeaderMap,
        visitor: web::Visitor,
        shown: Option<&str>,
    ) -> Result<Self, Problem> {
        let cookie = state.cookies.read(CookieKind::Device, headers)?;
        let name = headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
        Ok(Self {
            name: name.unwrap_or("unnamed device").to_owned(),
            network: visitor.address.map(web::coarse),
            address: visitor.address.map(|address| address.to_string()),
            token: shown.map(ToOwned::to_owned).or(cookie),
        })
    }

    /// `event` with what is known of the device, as details of the person `user`.
    pub(crate) fn recorded_in(&self, event: AuditEvent, user: UserId) -> AuditEvent {
        let name: String = self.name.chars().take(AGENT_CHARS_MAX).collect();
        let event = event.personal("agent", user, name);
        match &self.address {
            Some(address) => event.personal("ip", user, address),
            None => event,
        }
    }

    /// Which of `user`'s devices it is; `None` for one that is not known, or not theirs.
    pub(crate) fn known_to(
        &self,
        state: &AuthState,
        user: UserId,
        now: Timestamp,
    ) -> Option<DeviceId> {
        let token = self.token.as_deref()?;
        KnownDevice::open(token, &state.keys.refresh, user, now).map(|known| known.device)
    }
}

impl AuthState {
    /// What a device is given, to be known next time; its half year begins again.
    pub(crate) fn device_token(
        &self,
        user: UserId,
        device: DeviceId,
        now: Timestamp,
    ) -> SecretString {
        KnownDevice { device, user, issued_at: now }.seal(self.keys.current_refresh())
    }
}
