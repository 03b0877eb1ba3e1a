//! What is handed out at the end of a login, a refresh and a step-up.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    TenantId, Timestamp, UserId,
    auth::{Login, RefreshToken, Session},
};
use schemars::JsonSchema;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use web::{ACR_MFA, AccessClaims, Problem, Scope, sign_access_token};

use crate::AuthState;

/// An access token lives this long, in seconds.
const ACCESS_TOKEN_LIFETIME_S: i64 = 15 * 60;
/// The authentication context of someone who showed the password alone.
const ACR_PASSWORD: &str = "urn:proofline:acr:pwd";

/// What a signed-in device is given.
#[derive(JsonSchema, Serialize)]
pub(crate) struct Tokens {
    /// To be sent as bearer token.
    access_token: String,
    /// `Bearer`.
    token_type: &'static str,
    /// Seconds until the access token is over.
    expires_in: i64,
    /// Good for one refresh.
    refresh_token: String,
    /// The session, as in the list of sessions.
    session: String,
}

/// A new access token for a device that keeps its refresh token.
#[derive(JsonSchema, Serialize)]
pub(crate) struct Bearer {
    /// To be sent as bearer token.
    access_token: String,
    /// `Bearer`.
    token_type: &'static str,
    /// Seconds until the access token is over.
    expires_in: i64,
}

impl AuthState {
    /// What a device is given for its session as it is now stored.
    pub(crate) fn tokens(
        &self,
        tenant: TenantId,
        session: &Session,
        now: Timestamp,
    ) -> Result<Tokens, Problem> {
        let Bearer { access_token, token_type, expires_in } =
            self.access_token(tenant, session, now)?;
        let generation = session.generation;
        let refresh = RefreshToken { tenant, session: session.session, generation };
        Ok(Tokens {
            access_token,
            token_type,
            expires_in,
            refresh_token: refresh.seal(self.keys.current_refresh()).expose_secret().to_owned(),
            session: session.session.to_string(),
        })
    }

    /// An access token that does not outlive its session.
    pub(crate) fn access_token(
        &self,
        tenant: TenantId,
        session: &Session,
        now: Timestamp,
    ) -> Result<Bearer, Problem> {
        let exp =
            session.ends_at.unix_s().min(now.unix_s().saturating_add(ACCESS_TOKEN_LIFETIME_S));
        let claims = AccessClaims {
            sid: Some(session.session),
            auth_time: session.authenticated_at.unix_s(),
            exp,
            ..self.claims(tenant, session.user, session.epoch, now)
        };
        let expires_in = exp.saturating_sub(now.unix_s());
        Ok(Bearer { access_token: self.sign(&claims)?, token_type: "Bearer", expires_in })
    }

    /// A token for enrolling a second factor. Its `jti` names the login, and it ends with it.
    pub(crate) fn enrolment_token(
        &self,
        tenant: TenantId,
        login: &Login,
        epoch: u32,
        now: Timestamp,
    ) -> Result<String, Problem> {
        self.sign(&AccessClaims {
            scope: Some(Scope::MfaEnrol),
            acr: ACR_PASSWORD.to_owned(),
            exp: login.ends_at.unix_s(),
            jti: login.login.to_string(),
            ..self.claims(tenant, login.user, epoch, now)
        })
    }

    fn claims(&self, tenant: TenantId, user: UserId, epoch: u32, now: Timestamp) -> AccessClaims {
        AccessClaims {
            iss: self.deployment.to_string(),
            aud: self.deployment.to_string(),
            sub: user,
            tid: tenant,
            sid: None,
            scope: None,
            epo: epoch,
            acr: ACR_MFA.to_owned(),
            auth_time: now.unix_s(),
            iat: now.unix_s(),
            nbf: now.unix_s(),
            exp: now.unix_s(),
            jti: URL_SAFE_NO_PAD.encode(self.random::<16>()),
        }
    }

    fn sign(&self, claims: &AccessClaims) -> Result<String, Problem> {
        sign_access_token(&self.keys.access, claims).map_err(|error| Problem::internal(&error))
    }
}
