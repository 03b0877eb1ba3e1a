//! What the control plane answers, and what it means when it refuses (RFC 9457).

use std::time::Duration;

use domain::{Class, Fault, Timestamp};
use http::{StatusCode, header::RETRY_AFTER};
use protocol::{
    message_signature::MessageSignatureError,
    strict_json::{self, JsonError},
};
use reqwest::Response;
use serde::{Deserialize, de::DeserializeOwned};

use crate::vault::VaultError;

const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// Nobody answered: it may have been applied or not.
    #[error("the control plane cannot be reached: {0}")]
    Unreachable(String),
    /// It refused.
    #[error("the control plane refused ({status}, {code}): {detail}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The problem's stable code.
        code: String,
        /// The sentence for people.
        detail: String,
        /// When to try again.
        retry_after: Option<Duration>,
        /// Where to go on.
        next: Option<u64>,
    },
    /// The clocks differ too much.
    #[error("this machine's clock is off: the control plane has {server_time}")]
    ClockSkew {
        /// The control plane's time.
        server_time: Timestamp,
    },
    /// The answer is not what it should be.
    #[error("the control plane's answer cannot be read")]
    Unreadable(#[from] JsonError),
    /// The request cannot be signed.
    #[error("the request cannot be signed")]
    Signature(#[from] MessageSignatureError),
    /// The request has no target.
    #[error("the control plane's address is not usable")]
    Target,
    /// The vault does not remember.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl CallError {
    pub(super) fn unreachable(error: &dyn std::error::Error) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(inner) = source {
            text = format!("{text}: {inner}");
            source = inner.source();
        }
        Self::Unreachable(text)
    }

    /// Whether trying again later may help.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Refused { status, .. } => matches!(status, 429 | 500 | 502 | 503 | 504),
            Self::ClockSkew { .. } | Self::Unreadable(_) => false,
            Self::Signature(_) | Self::Target | Self::Vault(_) => false,
        }
    }

    /// Whether the tenant may not hand anything in for now: its month is used up, or it is closing or suspended. What waits goes on waiting.
    pub(crate) fn is_deferral(&self) -> bool {
        match self {
            Self::Refused { status: 403, code, .. } => {
                code == "entitlement-required" || code.starts_with("tenant-")
            }
            Self::Refused { .. } | Self::Unreachable(_) | Self::ClockSkew { .. } => false,
            Self::Unreadable(_) | Self::Signature(_) | Self::Target | Self::Vault(_) => false,
        }
    }

    /// When the control plane said to try again.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            Self::Unreachable(_) | Self::ClockSkew { .. } | Self::Unreadable(_) => None,
            Self::Signature(_) | Self::Target | Self::Vault(_) => None,
        }
    }
}

impl Fault for CallError {
    fn class(&self) -> Class {
        match self {
            Self::Unreachable(_) => Class::Unavailable,
            Self::Refused { status: 404, .. } => Class::NotFound,
            Self::Refused { status: 400..=499, .. } => Class::Forbidden,
            Self::Refused { .. } => Class::Unavailable,
            Self::ClockSkew { .. } => Class::Unauthenticated,
            Self::Unreadable(_) | Self::Signature(_) | Self::Target => Class::Internal,
            Self::Vault(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "control-plane-unreachable",
            Self::Refused { .. } => "control-plane-refused",
            Self::ClockSkew { .. } => "clock-skew",
            Self::Unreadable(_) => "answer-unreadable",
            Self::Signature(_) | Self::Target => "request-unsignable",
            Self::Vault(error) => error.code(),
        }
    }
}

#[derive(Default, Deserialize)]
struct Problem {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    server_time: Option<Timestamp>,
    #[serde(default)]
    next: Option<u64>,
}

pub(super) async fn receive(mut response: Response) -> Result<Vec<u8>, CallError> {
    let status = response.status();
    let headers = response.headers().clone();
    let mut body = Vec::new();
    loop {
        let chunk = response.chunk().await.map_err(|error| CallError::unreachable(&error))?;
        let Some(chunk) = chunk else { break };
        if body.len().saturating_add(chunk.len()) > ANSWER_BYTES_MAX {
            return Err(JsonError::TooLarge { max: ANSWER_BYTES_MAX }.into());
        }
        body.extend_from_slice(&chunk);
    }
    if status.is_success() {
        return Ok(body);
    }
    let seconds = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    Err(refusal(status, &body, seconds.map(Duration::from_secs)))
}

fn refusal(status: StatusCode, body: &[u8], retry_after: Option<Duration>) -> CallError {
    // What is no problem document says no more than its status.
    let problem: Problem = serde_json::from_slice(body).unwrap_or_default();
    let code = problem.kind.rsplit('/').next().unwrap_or_default().to_owned();
    if let ("clock-skew", Some(server_time)) = (code.as_str(), problem.server_time) {
        return CallError::ClockSkew { server_time };
    }
    let detail = if problem.detail.is_empty() { problem.title } else { problem.detail };
    let (status, next) = (status.as_u16(), problem.next);
    CallError::Refused { status, code, detail, retry_after, next }
}

pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, CallError> {
    Ok(strict_json::parse(body, ANSWER_BYTES_MAX)?)
}
