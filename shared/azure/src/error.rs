//! Why a port could not be opened, for whoever operates it; and what Azure's errors mean.

use azure_core::{Error, error::ErrorKind};
use url::Url;

/// Longest account of a service's own words: they go to one line of a log.
const WHY_CHARS_MAX: usize = 300;

/// Why a port could not be opened. Never holds a secret: endpoints are named by their host.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum OpenError {
    /// No token, or the service does not accept the one we have.
    #[error(
        "no credential for {endpoint}: {why}. Assign the managed identity that AZURE_CLIENT_ID names to this app, \
         or, on your own machine, set PROOFLINE_AZURE_CREDENTIAL=developer and sign in with `az login`"
    )]
    Credential {
        /// Host and port, or what asked for the token.
        endpoint: String,
        /// In the words of whoever refused.
        why: String,
    },
    /// The service knows us and refuses.
    #[error(
        "{endpoint} does not let this identity {what}: {why}. Deploy the role assignments of bicep/; \
         they take a few minutes to work"
    )]
    Denied {
        /// Host and port.
        endpoint: String,
        /// What was tried.
        what: String,
        /// In the words of the service.
        why: String,
    },
    /// Something that Bicep makes is not there.
    #[error(
        "{what} does not exist at {endpoint}. It is made by the deployment (bicep/), never by the app: deploy, or correct the endpoint"
    )]
    Missing {
        /// Host and port.
        endpoint: String,
        /// Such as `blob container exports`.
        what: String,
    },
    /// No answer, or one that says to try again.
    #[error(
        "{endpoint} did not answer: {why}. It is tried again; if it stays so, check the endpoint and the network"
    )]
    Unavailable {
        /// Host and port.
        endpoint: String,
        /// What was seen.
        why: String,
    },
    /// It is there and is not what it should be.
    #[error("{what} is {is} and should be {should}. Correct the settings or deploy again (bicep/)")]
    Differs {
        /// Such as `partition key of container log`.
        what: String,
        /// What was found.
        is: String,
        /// What was expected.
        should: String,
    },
}

impl OpenError {
    /// Whether the same process may succeed later; nothing but [`Differs`](Self::Differs) needs a restart.
    pub const fn may_pass(&self) -> bool {
        match self {
            Self::Credential { .. }
            | Self::Denied { .. }
            | Self::Missing { .. }
            | Self::Unavailable { .. } => true,
            Self::Differs { .. } => false,
        }
    }

    /// What an SDK's error means at `endpoint`, where we tried to reach `what` (`blob container exports`).
    pub(crate) fn from_answer(endpoint: &Url, what: &str, error: &Error) -> Self {
        let (endpoint, why) = (place(endpoint), reason(error));
        match Answer::of(error) {
            Answer::NoToken => Self::Credential { endpoint, why },
            Answer::Denied => Self::Denied { endpoint, what: format!("reach {what}"), why },
            Answer::Missing => Self::Missing { endpoint, what: what.to_owned() },
            Answer::Conflict | Answer::Refused | Answer::None => {
                Self::Unavailable { endpoint, why }
            }
        }
    }
}

/// What a service said, in the words of our ports.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Answer {
    /// We could get no token, or the service refuses it: expired, for someone else, from elsewhere.
    NoToken,
    /// 403: known, and may not.
    Denied,
    /// 404.
    Missing,
    /// 409, 412: somebody else was first.
    Conflict,
    /// Another 4xx: the request itself is wrong.
    Refused,
    /// No answer, 408, 429, 5xx: done or not.
    None,
}

impl Answer {
    pub(crate) fn of(error: &Error) -> Self {
        let status = error.http_status().map(u16::from);
        match status {
            Some(401) => Self::NoToken,
            // Storage says 403 to a token it does not accept, too.
            Some(403) if token_refused(error_code(error)) => Self::NoToken,
            Some(403) => Self::Denied,
            Some(404) => Self::Missing,
            Some(409 | 412) => Self::Conflict,
            Some(408 | 429) => Self::None,
            Some(400..=499) => Self::Refused,
            Some(_) => Self::None,
            None if matches!(error.kind(), ErrorKind::Credential) => Self::NoToken,
            None => Self::None,
        }
    }
}

fn token_refused(code: Option<&str>) -> bool {
    matches!(code, Some("AuthenticationFailed" | "InvalidAuthenticationInfo"))
}

/// The service's own code: `ContainerNotFound`, `PopReceiptMismatch`.
pub(crate) fn error_code(error: &Error) -> Option<&str> {
    match error.kind() {
        ErrorKind::HttpResponse { error_code, .. } => error_code.as_deref(),
        ErrorKind::Connection
        | ErrorKind::Io
        | ErrorKind::DataConversion
        | ErrorKind::Credential
        | ErrorKind::Other => None,
    }
}

/// An SDK's error and its causes on one line, cut to [`WHY_CHARS_MAX`]. SDK errors hold no token and no header.
pub(crate) fn reason(error: &Error) -> String {
    let mut causes = vec![one_line(error)];
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        let text = one_line(next);
        if !causes.iter().any(|known| known.contains(&text)) {
            causes.push(text);
        }
        cause = next.source();
    }
    causes.join(": ").chars().take(WHY_CHARS_MAX).collect()
}

fn one_line(error: &dyn std::fmt::Display) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Host and port: an endpoint's path and query may say more than a log should.
pub(crate) fn place(endpoint: &Url) -> String {
    let host = endpoint.host_str().unwrap_or("(no host)");
    endpoint.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use azure_core::http::StatusCode;

    use super::*;

    fn answered(status: u16, code: &str) -> Error {
        let kind = ErrorKind::HttpResponse {
            status: StatusCode::from(status),
            error_code: Some(code.to_owned()),
            raw_response: None,
        };
        Error::with_message(kind, "said\n  so")
    }

    /// Codes from <https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes>.
    #[test]
    fn every_status_has_one_meaning() {
        for (status, code, meaning) in [
            (401, "InvalidAuthenticationInfo", Answer::NoToken),
            (403, "AuthenticationFailed", Answer::NoToken),
            (403, "AuthorizationPermissionMismatch", Answer::Denied),
            (404, "ContainerNotFound", Answer::Missing),
            (409, "BlobAlreadyExists", Answer::Conflict),
            (412, "ConditionNotMet", Answer::Conflict),
            (400, "InvalidHeaderValue", Answer::Refused),
            (408, "", Answer::None),
            (429, "TooManyRequests", Answer::None),
            (500, "InternalError", Answer::None),
            (503, "ServerBusy", Answer::None),
        ] {
            assert_eq!(Answer::of(&answered(status, code)), meaning, "{status} {code}");
        }
        let no_token = Error::with_message(ErrorKind::Credential, "none");
        assert_eq!(Answer::of(&no_token), Answer::NoToken);
        assert_eq!(
            Answer::of(&Error::with_message(ErrorKind::Connection, "refused")),
            Answer::None
        );
    }

    #[test]
    fn an_error_names_the_place_and_never_its_path_or_query() {
        let endpoint = "https://127.0.0.1:10000/account?sig=secret".parse().unwrap();
        let error =
            OpenError::from_answer(&endpoint, "blob container exports", &answered(404, "x"));
        let text = error.to_string();
        assert!(
            text.starts_with("blob container exports does not exist at 127.0.0.1:10000."),
            "{text}"
        );
        assert!(!text.contains("secret"), "{text}");
        assert!(error.may_pass());
    }

    #[test]
    fn a_reason_is_one_line_with_every_cause_once() {
        let inner = std::io::Error::other("connection\nrefused");
        let error = Error::with_error(ErrorKind::Connection, inner, "could not send");
        assert_eq!(reason(&error), "could not send: connection refused");
        let long = Error::with_message(ErrorKind::Other, "x".repeat(1_000));
        assert_eq!(reason(&long).len(), WHY_CHARS_MAX);
    }
}
