//! How tokens come to a device: in the answer for a program, in cookies for a browser, so that no script of a page ever sees one (threat T40).

use axum::{
    Json,
    http::{HeaderMap, HeaderValue, StatusCode, header::SET_COOKIE},
    response::{IntoResponse, Response},
};
use domain::{Class, Timestamp, auth::KnownDevice};
use schemars::JsonSchema;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use web::{CookieKind, Cookies, Problem};

/// How a device wants its tokens.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Delivery {
    /// In the answer: for programs, which keep them safe themselves.
    #[default]
    Body,
    /// In cookies that no script can read: for browsers.
    Cookies,
}

/// What a signed-in device is given. With cookies, the tokens are in the cookies alone.
#[derive(JsonSchema, Serialize)]
pub(crate) struct Tokens {
    /// To be sent as bearer token.
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token: Option<String>,
    /// `Bearer`, or `Cookie`.
    token_type: &'static str,
    /// Seconds until the access token is over.
    expires_in: i64,
    /// Good for one refresh.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    /// To be sent with the next login, so that nobody else's failures lock this device out.
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<String>,
    /// The session, as in the list of sessions.
    session: String,
    /// How many backup codes are left, when one was used just now: make new ones when there are three or fewer.
    #[serde(skip_serializing_if = "Option::is_none")]
    backup_codes_left: Option<usize>,
}

/// Tokens on their way to a device.
pub(crate) struct Given {
    pub(crate) access: String,
    pub(crate) expires_in: i64,
    pub(crate) refresh: SecretString,
    /// Seconds until the session is over at the latest.
    pub(crate) session_s: i64,
    pub(crate) session: String,
    pub(crate) device: Option<SecretString>,
    pub(crate) backup_codes_left: Option<usize>,
}

impl Given {
    /// The answer with this status.
    pub(crate) fn answer(
        self,
        status: StatusCode,
        delivery: Delivery,
        cookies: Cookies,
    ) -> Result<Response, Problem> {
        match delivery {
            Delivery::Body => {
                Ok((status, Json(self.tokens("Bearer", |text| Some(text.to_owned()))))
                    .into_response())
            }
            Delivery::Cookies => {
                let headers = self.cookies(cookies).ok_or_else(no_cookie)?;
                Ok((status, headers, Json(self.tokens("Cookie", |_| None))).into_response())
            }
        }
    }

    fn tokens(&self, token_type: &'static str, show: fn(&str) -> Option<String>) -> Tokens {
        Tokens {
            access_token: show(&self.access),
            token_type,
            expires_in: self.expires_in,
            refresh_token: show(self.refresh.expose_secret()),
            device: self.device.as_ref().and_then(|device| show(device.expose_secret())),
            session: self.session.clone(),
            backup_codes_left: self.backup_codes_left,
        }
    }

    fn cookies(&self, cookies: Cookies) -> Option<HeaderMap> {
        let mut set = vec![
            access_cookie(cookies, &self.access, self.expires_in)?,
            cookies.set(
                CookieKind::Refresh,
                self.refresh.expose_secret(),
                seconds(self.session_s),
            )?,
        ];
        if let Some(device) = &self.device {
            let device = device.expose_secret();
            set.push(cookies.set(CookieKind::Device, device, KnownDevice::LIFETIME)?);
        }
        Some(set.into_iter().map(|value| (SET_COOKIE, value)).collect())
    }
}

/// `Set-Cookie` for an access token that is over in so many seconds. `None` when no cookie takes it: [`no_cookie`].
pub(crate) fn access_cookie(
    cookies: Cookies,
    access: &str,
    expires_in: i64,
) -> Option<HeaderValue> {
    cookies.set(CookieKind::Access, access, seconds(expires_in))
}

/// What we issue has none of the characters that a cookie refuses; this says that it had.
pub(crate) fn no_cookie() -> Problem {
    Problem::internal(&"a token has characters that no cookie takes")
}

fn seconds(seconds: i64) -> Duration {
    Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

/// How somebody who is signed in gets another access token: as they sent this one. A script that a page was made to run then gets none to read, and
/// a browser has no old cookie left beside a new bearer token.
///
/// # Errors
/// * `cookie-ambiguous`.
pub(crate) fn as_it_came(headers: &HeaderMap, cookies: Cookies) -> Result<Delivery, Problem> {
    let cookie = cookies.read(CookieKind::Access, headers)?;
    Ok(if cookie.is_some() { Delivery::Cookies } else { Delivery::Body })
}

/// `Set-Cookie` headers that take a browser's tokens away; the device stays known.
pub(crate) fn cleared(cookies: Cookies) -> HeaderMap {
    let kinds = [CookieKind::Access, CookieKind::Refresh];
    let values = kinds.into_iter().filter_map(|kind| cookies.clear(kind));
    values.map(|value: HeaderValue| (SET_COOKIE, value)).collect()
}

/// The refresh token of a request: in the body or in the cookie, never both.
///
/// # Errors
/// * `credentials-ambiguous`, `cookie-ambiguous`, and `refresh-invalid` when there is none.
pub(crate) fn refresh_token(
    body: Option<SecretString>,
    headers: &HeaderMap,
    cookies: Cookies,
) -> Result<(SecretString, Delivery), Problem> {
    match (body, cookies.read(CookieKind::Refresh, headers)?) {
        (Some(_), Some(_)) => Err(Problem::new(
            Class::Invalid,
            "credentials-ambiguous",
            "The request has a refresh token in a cookie and another in its body. Send one of them.",
        )),
        (Some(token), None) => Ok((token, Delivery::Body)),
        (None, Some(token)) => Ok((token.into(), Delivery::Cookies)),
        (None, None) => Err(domain::auth::RefreshError.into()),
    }
}

/// Seconds from `now` until `end`, not less than 0.
pub(crate) fn seconds_until(end: Timestamp, now: Timestamp) -> i64 {
    end.unix_s().saturating_sub(now.unix_s()).max(0)
}
