//! Letters by Resend: `POST /emails` (<https://resend.com/docs/api-reference/emails/send-email>).

use std::time::Duration;

use ports::Letter;
use reqwest::{Certificate, Client, StatusCode, redirect::Policy};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;

use super::Refused;
use crate::OpenError;

/// One request.
const TRY_MAX: Duration = Duration::from_secs(8);
/// Waits before further tries when Resend asks us to slow down: it allows a few requests a second.
const WAITS: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(1)];
/// More than any answer of Resend; the rest is not read.
const ANSWER_BYTES_MAX: usize = 4_096;

/// Resend's API.
pub(super) struct Resend {
    client: Client,
    emails: Url,
    from: String,
}

#[derive(Serialize)]
struct Email<'a> {
    from: &'a str,
    to: [&'a str; 1],
    subject: &'a str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    html: Option<&'a str>,
}

/// `{"statusCode":422,"name":"validation_error","message":"…"}`
#[derive(Deserialize)]
struct Problem {
    name: String,
    message: String,
}

impl Resend {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// * [`OpenError::Differs`]: the URL has no path to append to.
    /// * [`OpenError::Unavailable`]: the system's root certificates cannot be read.
    pub(super) fn new(mut url: Url, from: String, root: Option<&[u8]>) -> Result<Self, OpenError> {
        let unavailable = |error: reqwest::Error| OpenError::Unavailable {
            endpoint: "the system's root certificates".to_owned(),
            why: error.to_string(),
        };
        let mut builder = Client::builder()
            .timeout(TRY_MAX)
            .redirect(Policy::none())
            // Resend refuses requests without one.
            .user_agent(concat!("proofline/", env!("CARGO_PKG_VERSION")));
        if let Some(root) = root {
            builder = builder.tls_certs_merge([Certificate::from_der(root).map_err(unavailable)?]);
        }
        let client = builder.build().map_err(unavailable)?;
        url.set_path("/emails");
        Ok(Self { client, emails: url, from })
    }

    pub(super) async fn send(
        &self,
        letter: &Letter,
        key: Option<&SecretString>,
    ) -> Result<(), Refused> {
        let (status, body) = self.post_patiently(letter, key).await?;
        if status.is_success() {
            return Ok(());
        }
        let why = describe(status, &body);
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(Refused::Password(why)),
            _ => Err(Refused::Other(why)),
        }
    }

    /// Tries again only where Resend says that it did not take the letter: after no answer, a second try may be a second letter.
    async fn post_patiently(
        &self,
        letter: &Letter,
        key: Option<&SecretString>,
    ) -> Result<(StatusCode, Vec<u8>), Refused> {
        for wait in WAITS {
            let answer = self.post(letter, key).await?;
            if answer.0 != StatusCode::TOO_MANY_REQUESTS {
                return Ok(answer);
            }
            tokio::time::sleep(wait).await;
        }
        self.post(letter, key).await
    }

    async fn post(
        &self,
        letter: &Letter,
        key: Option<&SecretString>,
    ) -> Result<(StatusCode, Vec<u8>), Refused> {
        let email = Email {
            from: &self.from,
            to: [&letter.to],
            subject: &letter.subject,
            text: &letter.text,
            html: letter.html.as_deref(),
        };
        let mut request = self.client.post(self.emails.clone()).json(&email);
        if let Some(key) = key {
            request = request.bearer_auth(key.expose_secret());
        }
        let mut answer = request.send().await.map_err(unanswered)?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(unanswered)? {
            body.extend_from_slice(&chunk);
            if body.len() >= ANSWER_BYTES_MAX {
                break;
            }
        }
        Ok((answer.status(), body))
    }
}

/// reqwest's errors name the URL, which holds no secret, and never a header.
fn unanswered(error: reqwest::Error) -> Refused {
    let source = std::error::Error::source(&error).map(|source| format!(": {source}"));
    Refused::Other(format!("Resend did not answer: {error}{}", source.unwrap_or_default()))
}

fn describe(status: StatusCode, body: &[u8]) -> String {
    match serde_json::from_slice::<Problem>(body) {
        Ok(Problem { name, message }) => format!("Resend answered {status}: {name}: {message}"),
        Err(_) => format!("Resend answered {status}"),
    }
}
