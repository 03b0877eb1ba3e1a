//! Calls of the public API: JSON in, JSON out, refusals as problems (RFC 9457).

use std::{fmt, time::Duration};

use reqwest::{Method, StatusCode};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

/// The longest that a call waits: a little more than the server's own deadline for requests.
const TIMEOUT: Duration = Duration::from_secs(210);

/// The public API of one deployment, as one caller.
#[derive(Clone, Debug)]
pub struct Api {
    base: String,
    token: Option<String>,
    http: reqwest::Client,
}

/// A refusal as the server told it.
#[derive(Clone, Debug, Deserialize)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// The stable code.
    pub code: String,
    /// One sentence: what happened, why, what to do next.
    #[serde(default)]
    pub detail: Option<String>,
    /// The request's identity, to ask about it.
    #[serde(default)]
    pub instance: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} ({})",
            self.detail.as_deref().unwrap_or("the server gave no reason"),
            self.code
        )?;
        match &self.instance {
            Some(instance) => write!(f, " [{instance}]"),
            None => Ok(()),
        }
    }
}

/// Why a call gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The server refused.
    #[error("refused: {0}")]
    Refused(Problem),
    /// The server answered something else than this client knows.
    #[error("the server answered {0}, which this version does not understand; is the URL right?")]
    Unexpected(StatusCode),
    /// The server was not reached.
    #[error("the server was not reached; check the URL and that it is running")]
    Unreached(#[from] reqwest::Error),
}

impl ApiError {
    /// The stable code of a refusal.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused(problem) => Some(&problem.code),
            Self::Unexpected(_) | Self::Unreached(_) => None,
        }
    }
}

impl Api {
    /// The API under `base`, such as `http://127.0.0.1:7071`.
    ///
    /// # Errors
    /// * [`ApiError::Unreached`] when no HTTP client can be made.
    pub fn new(base: &str) -> Result<Self, ApiError> {
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none());
        Ok(Self { base: base.trim_end_matches('/').to_owned(), token: None, http: http.build()? })
    }

    /// The same API as whoever holds `token`.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// Reads `path`, such as `/api/auth/v1/me`.
    ///
    /// # Errors
    /// As [`ApiError`] says.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ApiError> {
        self.call(self.request(Method::GET, path)).await
    }

    /// Sends `body` to `path`.
    ///
    /// # Errors
    /// As [`ApiError`] says.
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<T, ApiError> {
        self.call(self.request(Method::POST, path).json(body)).await
    }

    /// Sets `path` to `body`.
    ///
    /// # Errors
    /// As [`ApiError`] says.
    pub async fn put<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<T, ApiError> {
        self.call(self.request(Method::PUT, path).json(body)).await
    }

    /// Calls `path` with a method of its own, and gives the JSON that is answered; `null` for an empty answer.
    ///
    /// # Errors
    /// As [`ApiError`] says.
    pub async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, ApiError> {
        let request = self.request(method, path);
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        let response = request.send().await?;
        let status = response.status();
        if !status.is_success() {
            return Err(refusal(response).await);
        }
        let bytes = response.bytes().await?;
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&bytes).map_err(|_| ApiError::Unexpected(status))
    }

    /// Reads `path` piece by piece, so that its length does not matter. `piece` may end it with an error of its own.
    ///
    /// # Errors
    /// As [`ApiError`] says; the inner result is that of `piece`.
    pub async fn stream<E>(
        &self,
        path: &str,
        mut piece: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<Result<(), E>, ApiError> {
        let mut response = self.request(Method::GET, path).send().await?;
        if !response.status().is_success() {
            return Err(refusal(response).await);
        }
        while let Some(bytes) = response.chunk().await? {
            if let Err(error) = piece(&bytes) {
                return Ok(Err(error));
            }
        }
        Ok(Ok(()))
    }

    /// Reads the bytes of `path`.
    ///
    /// # Errors
    /// As [`ApiError`] says.
    pub async fn bytes(&self, path: &str) -> Result<Vec<u8>, ApiError> {
        let response = self.request(Method::GET, path).send().await?;
        if response.status().is_success() {
            Ok(response.bytes().await?.to_vec())
        } else {
            Err(refusal(response).await)
        }
    }

    /// Sends bytes of another media type to `path`, and expects no more than success.
    ///
    /// # Errors
    /// As [`ApiError`] says.
    pub async fn send(&self, path: &str, media_type: &str, body: Vec<u8>) -> Result<(), ApiError> {
        let request = self
            .request(Method::POST, path)
            .header(reqwest::header::CONTENT_TYPE, media_type)
            .body(body);
        let response = request.send().await?;
        if response.status().is_success() { Ok(()) } else { Err(refusal(response).await) }
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn call<T: DeserializeOwned>(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<T, ApiError> {
        let response = request.send().await?;
        let status = response.status();
        if !status.is_success() {
            return Err(refusal(response).await);
        }
        response.json().await.map_err(|_| ApiError::Unexpected(status))
    }
}

async fn refusal(response: reqwest::Response) -> ApiError {
    let status = response.status();
    response.json().await.map_or(ApiError::Unexpected(status), ApiError::Refused)
}
