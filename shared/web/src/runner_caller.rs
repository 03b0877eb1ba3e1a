//! A Runner as a caller: known by the signature on its request (RFC 9421), and by nothing else.

use std::error::Error as _;

use axum::{
    body::{Body, Bytes, to_bytes},
    http::{HeaderMap, HeaderValue, header::WWW_AUTHENTICATE, request::Parts},
};
use domain::{Actor, Class, Fault as _, RequestId, RunnerId, TenantId, Timestamp};
use protocol::{
    key::{Kid, PublicKey},
    message_signature::{MessageSignatureError, RUNNER, Request, verify},
    routes::{RUNNER_HEADER, TENANT_HEADER},
};
use store::{Change, Partition, Promise, StoreError, TenantRecord};

use crate::{Endpoint, Gate, Problem, RunnerKey, Visitor, input::too_large, not_served};

/// An admitted Runner: the only way a handler reaches its tenant's data in a Runner's name.
#[derive(Clone)]
pub struct RunnerCaller {
    /// Which.
    pub runner: RunnerId,
    /// The tenant of its key's record.
    pub tenant: TenantId,
    /// The key that signed the request.
    pub kid: Kid,
    /// The public half of that key.
    pub key: PublicKey,
    /// The shard of its runs.
    pub shard: String,
    /// Whether it was approved.
    pub is_active: bool,
    /// When the request arrived; every timestamp of the request is this one.
    pub now: Timestamp,
    /// The request.
    pub request: RequestId,
    /// Its tenant's data.
    pub data: Partition,
    endpoint: &'static Endpoint,
}

impl RunnerCaller {
    /// Applies `change` in the Runner's name.
    ///
    /// # Errors
    /// As [`Partition::commit`]; and when the event is not one that the endpoint declares.
    pub async fn commit(&self, change: Change) -> Result<Promise, StoreError> {
        let kind = change.event().kind;
        if !self.endpoint.audits.contains(&kind) {
            let path = self.endpoint.path;
            return Err(StoreError::Unreadable(format!(
                "{path} records {kind}, which it does not declare"
            )));
        }
        self.data.commit(&self.actor(), self.now, change).await
    }

    /// Who the audit log names.
    pub fn actor(&self) -> Actor {
        Actor::runner(self.runner)
    }

    /// Its runs: the same data, in its own shard.
    pub fn runs(&self) -> Partition {
        self.data.in_shard(self.shard.as_str())
    }
}

/// Admits the Runner that signed the request, and gives the body that it signed.
pub(crate) async fn admit_runner(
    gate: &Gate,
    endpoint: &'static Endpoint,
    parts: &Parts,
    body: Body,
    visitor: Visitor,
) -> Result<(RunnerCaller, Bytes), Problem> {
    let bytes = read_body(body, endpoint.body_bytes_max).await?;
    let named = named_key(gate, &parts.headers).await?;
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let target_uri = format!("{}{path}", gate.public_url);
    let request = Request {
        method: parts.method.as_str(),
        target_uri: &target_uri,
        headers: &parts.headers,
        body: &bytes,
    };
    let key = named.as_ref().map(|named| named.key.clone());
    let accepted = verify(&RUNNER, &request, |_| key, visitor.now)
        .map_err(|error| refusal(&error, visitor.now))?;
    let RunnerKey { runner, tenant, key, is_active, shard } =
        named.ok_or_else(signature_invalid)?;
    let data = gate.partition(tenant);
    let record = data.find_lately::<TenantRecord>(TenantRecord::ID, visitor.now).await?;
    let record = record.ok_or_else(signature_invalid)?;
    if let Some(problem) = not_served(&record, endpoint) {
        return Err(problem);
    }
    if !is_active && !endpoint.admits_waiting {
        let detail = "This Runner waits for approval: compare the six words with an owner of the tenant, and ask again.";
        return Err(Problem::new(Class::Forbidden, "runner-not-active", detail));
    }
    let Visitor { now, request, .. } = visitor;
    let kid = accepted.kid;
    Ok((
        RunnerCaller { runner, tenant, kid, key, shard, is_active, now, request, data, endpoint },
        bytes,
    ))
}

async fn read_body(body: Body, bytes_max: usize) -> Result<Bytes, Problem> {
    to_bytes(body, bytes_max).await.map_err(|error| {
        if error
            .source()
            .is_some_and(<dyn std::error::Error>::is::<http_body_util::LengthLimitError>)
        {
            return too_large().with("max", bytes_max);
        }
        Problem::new(Class::Invalid, "validation", "The body ended before it was complete.")
    })
}

/// The key of the Runner that the headers name; they are only hints, which the signature covers.
async fn named_key(gate: &Gate, headers: &HeaderMap) -> Result<Option<RunnerKey>, Problem> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let tenant = text(TENANT_HEADER).and_then(|text| text.parse::<TenantId>().ok());
    let runner = text(RUNNER_HEADER).and_then(|text| text.parse::<RunnerId>().ok());
    match (&gate.runners, tenant, runner) {
        (Some(runners), Some(tenant), Some(runner)) => {
            Ok(runners.runner_key(tenant, runner).await?)
        }
        _ => Ok(None),
    }
}

/// An unknown Runner, a revoked one and a wrong signature get the same answer.
fn refusal(error: &MessageSignatureError, now: Timestamp) -> Problem {
    tracing::debug!(error = %error, "a Runner's signature was refused");
    match error {
        MessageSignatureError::UnknownKey(_) | MessageSignatureError::Signature => {
            signature_invalid()
        }
        MessageSignatureError::ClockSkew { .. } => {
            Problem::new(error.class(), error.code(), error.to_string())
                .with("server_time", now.to_string())
        }
        MessageSignatureError::Unsigned(_) => {
            challenge(Problem::new(error.class(), error.code(), error.to_string()))
        }
        MessageSignatureError::Header(_)
        | MessageSignatureError::Form(_)
        | MessageSignatureError::Parameter(_)
        | MessageSignatureError::Coverage(_)
        | MessageSignatureError::Target
        | MessageSignatureError::ContentDigest
        | MessageSignatureError::Lifetime { .. } => {
            Problem::new(Class::Unauthenticated, error.code(), error.to_string())
        }
    }
}

fn signature_invalid() -> Problem {
    let detail = "The signature does not verify with the key of an enrolled Runner.";
    challenge(Problem::new(Class::Unauthenticated, "signature-invalid", detail))
}

fn challenge(problem: Problem) -> Problem {
    problem.header(WWW_AUTHENTICATE, HeaderValue::from_static("Signature"))
}
