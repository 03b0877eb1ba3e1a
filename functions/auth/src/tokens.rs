//! What is handed out at the end of a login, a refresh and a step-up.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    TenantId, Timestamp, UserId, Visit,
    auth::{Login, RefreshToken, Session},
};
use schemars::JsonSchema;
use serde::Serialize;
use web::{ACR_MFA, AccessClaims, ActingParty, Problem, Scope, sign_access_token};

use crate::{
    AuthState,
    delivery::{Given, seconds_until},
};

/// An access token lives this long, in seconds.
const ACCESS_TOKEN_LIFETIME_S: i64 = 15 * 60;
/// The authentication context of someone who showed the password alone.
const ACR_PASSWORD: &str = "urn:proofline:acr:pwd";

/// A new access token for a device that keeps its refresh token.
#[derive(JsonSchema, Serialize)]
pub(crate) struct Bearer {
    /// To be sent as bearer token.
    pub(crate) access_token: String,
    /// `Bearer`.
    pub(crate) token_type: &'static str,
    /// Seconds until the access token is over.
    pub(crate) expires_in: i64,
}

impl AuthState {
    /// What a device is given for its session as it is now stored.
    pub(crate) async fn given(
        &self,
        tenant: TenantId,
        session: &Session,
        now: Timestamp,
    ) -> Result<Given, Problem> {
        let Bearer { access_token, expires_in, .. } =
            self.access_token(tenant, session, now).await?;
        let generation = session.generation;
        let refresh = RefreshToken { tenant, session: session.session, generation };
        Ok(Given {
            access: access_token,
            expires_in,
            refresh: refresh.seal(self.keys.current_refresh()),
            session_s: seconds_until(session.ends_at, now),
            session: session.session.to_string(),
            device: None,
            backup_codes_left: None,
        })
    }

    /// An access token that does not outlive its session.
    pub(crate) async fn access_token(
        &self,
        tenant: TenantId,
        session: &Session,
        now: Timestamp,
    ) -> Result<Bearer, Problem> {
        let exp =
            session.ends_at.unix_s().min(now.unix_s().saturating_add(ACCESS_TOKEN_LIFETIME_S));
        let claims = AccessClaims {
            sid: Some(session.session),
            amr: session.method.amr().iter().map(ToString::to_string).collect(),
            auth_time: session.authenticated_at.unix_s(),
            exp,
            ..self.claims(tenant, session.user, session.epoch, now)
        };
        let expires_in = exp.saturating_sub(now.unix_s());
        Ok(Bearer {
            access_token: self.sign(&claims, now).await?,
            token_type: "Bearer",
            expires_in,
        })
    }

    /// A token for an operator's visit: no session, no refresh, and never longer than the visit.
    pub(crate) async fn visiting_token(
        &self,
        tenant: TenantId,
        visit: &Visit,
        (acting, epoch): (ActingParty, u32),
        now: Timestamp,
    ) -> Result<Bearer, Problem> {
        let exp = visit.ends_at.map_or(now.unix_s(), Timestamp::unix_s);
        let claims =
            AccessClaims { act: Some(acting), exp, ..self.claims(tenant, visit.user, epoch, now) };
        let expires_in = exp.saturating_sub(now.unix_s());
        Ok(Bearer {
            access_token: self.sign(&claims, now).await?,
            token_type: "Bearer",
            expires_in,
        })
    }

    /// A token for enrolling a second factor. Its `jti` names the login, and it ends with it.
    pub(crate) async fn enrolment_token(
        &self,
        tenant: TenantId,
        login: &Login,
        now: Timestamp,
    ) -> Result<String, Problem> {
        let claims = AccessClaims {
            scope: Some(Scope::MfaEnrol),
            acr: ACR_PASSWORD.to_owned(),
            exp: login.ends_at.unix_s(),
            jti: login.login.to_string(),
            ..self.claims(tenant, login.user, login.epoch, now)
        };
        self.sign(&claims, now).await
    }

    fn claims(&self, tenant: TenantId, user: UserId, epoch: u32, now: Timestamp) -> AccessClaims {
        AccessClaims {
            iss: self.deployment.to_string(),
            aud: self.deployment.to_string(),
            sub: user,
            tid: tenant,
            sid: None,
            act: None,
            scope: None,
            epo: epoch,
            rep: self.restore_epoch,
            acr: ACR_MFA.to_owned(),
            amr: Vec::new(),
            auth_time: now.unix_s(),
            iat: now.unix_s(),
            nbf: now.unix_s(),
            exp: now.unix_s(),
            jti: URL_SAFE_NO_PAD.encode(self.random::<16>()),
        }
    }

    async fn sign(&self, claims: &AccessClaims, now: Timestamp) -> Result<String, Problem> {
        let key = self.signing.current(now).await.map_err(|error| Problem::internal(&error))?;
        sign_access_token(&key, claims).map_err(|error| Problem::internal(&error))
    }
}
