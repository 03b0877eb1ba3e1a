//! A login that begins: the document that is stored, and what its bearer is given.

use domain::{
    Timestamp, UserId,
    auth::{Login, Needs, Ticket},
    kind,
};
use schemars::JsonSchema;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use store::Partition;
use web::Problem;

use crate::{AuthState, guards, records::LoginRecord};

/// A login that has begun.
#[derive(JsonSchema, Serialize)]
pub(crate) struct Begun {
    /// Names the login in the path of its next step; a secret for ten minutes.
    login: String,
    /// `totp`: show a code. `enrol`: enrol a second factor with the token.
    #[schemars(with = "String")]
    needs: Needs,
    /// Bearer token for `/v1/me/totp`, if a second factor must be enrolled.
    #[serde(skip_serializing_if = "Option::is_none")]
    enrolment_token: Option<String>,
}

/// A login that is not answered yet.
pub(crate) struct Beginning {
    login: Login,
    ticket: Ticket<kind::Login>,
    needs: Needs,
}

impl Beginning {
    pub(crate) fn new(
        state: &AuthState,
        data: &Partition,
        (user, epoch): (UserId, u32),
        needs: Needs,
        now: Timestamp,
    ) -> Self {
        let ticket = Ticket::new(data.tenant(), state.id(now), state.random());
        Self { login: Login::begin(&ticket, (user, epoch), needs, now), ticket, needs }
    }

    /// Whether it waits for a second factor to be set up.
    pub(crate) fn is_enrolment(&self) -> bool {
        self.needs == Needs::Enrol
    }

    /// What is to be created.
    pub(crate) fn record(&self) -> LoginRecord {
        LoginRecord(self.login.clone())
    }

    /// What its bearer is given, once it is stored.
    pub(crate) async fn answer(
        self,
        state: &AuthState,
        data: &Partition,
        now: Timestamp,
    ) -> Result<Begun, Problem> {
        guards::of(data, self.login.user).await?;
        let enrolment_token = match self.needs {
            Needs::Verify => None,
            Needs::Enrol => Some(state.enrolment_token(data.tenant(), &self.login, now).await?),
        };
        let login = self.ticket.expose().expose_secret().to_owned();
        Ok(Begun { login, needs: self.needs, enrolment_token })
    }
}
