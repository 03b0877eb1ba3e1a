//! What a request shows to say who it is from: a bearer token, or a browser's cookie; never both.

use axum::http::{header::AUTHORIZATION, request::Parts};
use domain::{Class, auth::PersonalTokenText};

use crate::{CookieKind, Gate, Problem, caller::unauthenticated};

/// What a request shows.
pub(crate) enum Presented {
    /// An access token, not verified yet.
    Access(String),
    /// A personal access token, not looked up yet.
    Personal(PersonalTokenText),
}

impl Presented {
    /// Of a request for an endpoint that users call.
    ///
    /// # Errors
    /// * `unauthenticated`: nothing, or nothing that is a token.
    /// * `credentials-ambiguous`: a cookie and a bearer token.
    pub(crate) fn of(gate: &Gate, parts: &Parts) -> Result<Self, Problem> {
        let cookie = gate.cookies.read(CookieKind::Access, &parts.headers)?;
        match (cookie, parts.headers.contains_key(AUTHORIZATION)) {
            (Some(_), true) => Err(Problem::new(
                Class::Invalid,
                "credentials-ambiguous",
                "The request has a cookie and a bearer token. Send one of them.",
            )),
            (None, true) => {
                let token = bearer(parts)?;
                if token.starts_with(PersonalTokenText::PREFIX) {
                    return token.parse().map(Self::Personal).map_err(|_| unauthenticated());
                }
                Ok(Self::Access(token.to_owned()))
            }
            (Some(token), false) => Ok(Self::Access(token)),
            (None, false) => Err(unauthenticated()),
        }
    }
}

/// The one bearer token of a request.
pub(crate) fn bearer(parts: &Parts) -> Result<&str, Problem> {
    let mut headers = parts.headers.get_all(AUTHORIZATION).iter();
    let (Some(header), None) = (headers.next(), headers.next()) else {
        return Err(unauthenticated());
    };
    let text = header.to_str().ok().and_then(|header| header.strip_prefix("Bearer "));
    text.ok_or_else(unauthenticated)
}
