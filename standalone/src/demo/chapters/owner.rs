//! The owner: an invitation, a password, a second factor, and only then a session.

use client::Api;
use serde_json::{Value, json};
use time::OffsetDateTime;
use totp_rs::{Builder, Secret};

use super::serve::Running;
use crate::demo::{
    bench::text,
    telling::{DemoError, Doing as _, Telling},
};

/// The signed-in owner.
pub(in crate::demo) struct Owner {
    /// The API, as the owner.
    pub(in crate::demo) api: Api,
    /// The owner's access token.
    pub(in crate::demo) token: String,
    /// The tenant.
    pub(in crate::demo) tenant: String,
    secret: String,
}

pub(in crate::demo) async fn sign_in(
    running: &Running,
    telling: &mut Telling<'_>,
) -> Result<Owner, DemoError> {
    telling.chapter("The owner signs in: invitation, password, second factor");
    let api = &running.api;
    let password = format!("correct {} otters", hex::encode(random()?));
    let body = json!({
        "token": running.invitation, "email": "ada@customer.example", "display_name": "Ada Lovelace", "password": password,
    });
    let begun: Value = api
        .post("/api/auth/v1/invitations/redeem", &body)
        .await
        .doing("redeeming the invitation")?;
    telling.say("The invitation is redeemed; the password is kept as bcrypt, cost 12, over a peppered hash.");
    let again = api.post::<Value>("/api/auth/v1/invitations/redeem", &body).await;
    let code = again.err().and_then(|error| error.code().map(str::to_owned)).unwrap_or_default();
    telling.claim(code == "invitation-invalid", "the invitation does not work twice", code)?;

    let enrolling = api.with_token(&text(&begun, "/enrolment_token")?);
    let early = enrolling.get::<Value>("/api/auth/v1/me").await;
    telling.claim(early.is_err(), "the password alone opens nothing", "it opened the account")?;
    let offer: Value = enrolling
        .post("/api/auth/v1/me/totp", &json!({}))
        .await
        .doing("asking for a second factor")?;
    let secret = text(&offer, "/secret")?;
    // The code of half a minute ago still counts; the current one is kept for the step-up.
    let body = json!({"code": code_at(&secret, -30)?});
    let confirmed: Value = enrolling
        .post("/api/auth/v1/me/totp/confirm", &body)
        .await
        .doing("confirming the second factor")?;
    let codes = confirmed.pointer("/backup_codes").and_then(Value::as_array);
    let tokens: Value = enrolling
        .post("/api/auth/v1/me/totp/acknowledge", &json!({}))
        .await
        .doing("keeping the backup codes")?;
    telling.claim(
        codes.is_some_and(|codes| codes.len() == 10),
        "ten backup codes are shown once, before the first session",
        "there are none",
    )?;
    let owner = known(api, &tokens, secret).await?;
    telling.claim(
        text(&tokens, "/refresh_token").is_ok(),
        "the session has an ES256 access token of 15 min and a refresh token",
        "",
    )?;
    telling.say(format!("Ada owns tenant {}.", owner.tenant));
    Ok(owner)
}

async fn known(api: &Api, tokens: &Value, secret: String) -> Result<Owner, DemoError> {
    let token = text(tokens, "/access_token")?;
    let api = api.with_token(&token);
    let me: Value = api.get("/api/auth/v1/me").await.doing("reading the owner's account")?;
    Ok(Owner { api, token, tenant: text(&me, "/tenant")?, secret })
}

impl Owner {
    /// The same owner, with a token that says that the second factor was shown just now (RFC 9470).
    pub(in crate::demo) async fn step_up(&self) -> Result<Self, DemoError> {
        let body = json!({"code": code_at(&self.secret, 0)?});
        let fresh: Value =
            self.api.post("/api/auth/v1/step-up", &body).await.doing("stepping up")?;
        let token = text(&fresh, "/access_token")?;
        let api = self.api.with_token(&token);
        Ok(Self { api, token, tenant: self.tenant.clone(), secret: self.secret.clone() })
    }
}

/// What the owner's authenticator app shows, `offset_s` from now (RFC 6238).
fn code_at(secret: &str, offset_s: i64) -> Result<String, DemoError> {
    const DOING: &str = "computing a TOTP code";
    let now = OffsetDateTime::now_utc().unix_timestamp() + offset_s;
    let why = |why: String| DemoError::Step { doing: DOING, why };
    let secret = Secret::try_from_base32(secret).map_err(|error| why(error.to_string()))?;
    let totp =
        Builder::new().with_secret(secret).build().map_err(|error| why(error.to_string()))?;
    Ok(totp.generate(u64::try_from(now).doing(DOING)?).to_string())
}

/// Random bytes for what must be nobody else's.
pub(in crate::demo) fn random() -> Result<[u8; 8], DemoError> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).doing("drawing random bytes")?;
    Ok(bytes)
}
