//! A device that goes on with a login: the login that the path names, and what is known of the device.

use axum::{
    extract::{FromRequestParts, Path},
    http::{HeaderMap, StatusCode, request::Parts},
    response::Response,
};
use domain::{
    Timestamp,
    auth::{CodeAnswer, Credential, LoginError, MfaVerified, Ticket, TotpSecret, Verifying},
    kind,
};
use store::Partition;
use web::{Problem, Visitor};

use crate::{AuthState, codes, delivery::Delivery, devices::Device, sign_in::sign_in};

/// The login of the path. A text that names none is a login that is over.
pub(crate) struct LoginTicket(pub(crate) Ticket<kind::Login>);

impl<S: Send + Sync> FromRequestParts<S> for LoginTicket {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let over = || Problem::from(LoginError::Over);
        let Path(text) =
            Path::<String>::from_request_parts(parts, state).await.map_err(|_| over())?;
        text.parse().map(Self).map_err(|_| over())
    }
}

/// A device with a login that waits for a code.
pub(crate) struct Arriving {
    pub(crate) ticket: Ticket<kind::Login>,
    pub(crate) data: Partition,
    pub(crate) now: Timestamp,
    device: Device,
}

impl Arriving {
    /// `shown` is what the device was given at its last login, unless it is a browser.
    pub(crate) fn new(
        state: &AuthState,
        LoginTicket(ticket): LoginTicket,
        visitor: Visitor,
        (headers, shown): (&HeaderMap, Option<&str>),
    ) -> Result<Self, Problem> {
        let device = Device::of(state, headers, visitor, shown)?;
        Ok(Self { data: state.data(ticket.tenant), ticket, now: visitor.now, device })
    }

    /// Decides on a code; with the proof comes the credential as it is then.
    pub(crate) async fn verify(
        &self,
        state: &AuthState,
        check: impl Fn(Verifying, Credential, &TotpSecret) -> CodeAnswer,
    ) -> Result<(MfaVerified, Credential), Problem> {
        let of = (state, &self.data, self.ticket.id, self.now);
        let verify = |login: domain::auth::Login| login.verify(&self.ticket, self.now);
        codes::decide(of, verify, |login, credential, secret| Ok(check(login, credential, secret)))
            .await
    }

    /// Signs the device in, with the number of backup codes that are left, if one was used.
    pub(crate) async fn sign_in(
        &self,
        state: &AuthState,
        verified: MfaVerified,
        (delivery, backup_codes_left): (Delivery, Option<usize>),
    ) -> Result<Response, Problem> {
        let mut given =
            sign_in(state, &self.data, verified, (&self.device, delivery), self.now).await?;
        given.backup_codes_left = backup_codes_left;
        given.answer(StatusCode::CREATED, delivery, state.cookies)
    }
}
