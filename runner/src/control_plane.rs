//! Calls to the control plane, each signed (RFC 9421) with the Runner's key.

mod answer;
mod bundles;
mod commands;
mod events;
mod receipts;
mod witness;

pub(crate) use answer::CallError;
pub(crate) use bundles::BundleError;
pub(crate) use events::{Door, Published};

use std::time::Duration;

use domain::{RunnerId, TenantId, Timestamp};
use http::{
    HeaderMap, HeaderValue, Method,
    header::{CONTENT_TYPE, HeaderName},
};
use ports::{Clock, Randomness};
use protocol::{
    Base64Url,
    key::Ed25519Key,
    message_signature::{RUNNER, Validity, sign},
    promise::{PROMISE_HEADER, SignedPromise},
    routes::{CONFIG, ConfigAnswer, RUNNER_HEADER, TENANT_HEADER},
};
use reqwest::Client;
use serde::de::DeserializeOwned;

use crate::{http_client, vault::Vault, witness::SEAL_MAX};

const LIFETIME_S: i64 = 60;
const CALL_TIMEOUT: Duration = Duration::from_mins(1);
/// An answer accounts for some events, not for more than these.
const PROMISES_MAX: usize = 16;

/// The control plane, as one Runner reaches it.
pub(crate) struct ControlPlane<'a> {
    /// Its address, without a slash at the end.
    pub(crate) url: String,
    /// The Runner that calls.
    pub(crate) runner: RunnerId,
    /// Its tenant.
    pub(crate) tenant: TenantId,
    /// Its key.
    pub(crate) key: &'a Ed25519Key,
    /// What the Runner knows, such as how far its clock is off.
    pub(crate) vault: &'a Vault,
    /// The time.
    pub(crate) clock: &'a dyn Clock,
    /// Random bytes.
    pub(crate) randomness: &'a dyn Randomness,
    client: Client,
}

/// The caller's side of [`ControlPlane`].
#[derive(Clone, Copy)]
pub(crate) struct Caller<'a> {
    /// The Runner that calls.
    pub(crate) runner: RunnerId,
    /// Its tenant.
    pub(crate) tenant: TenantId,
    /// Its key.
    pub(crate) key: &'a Ed25519Key,
    /// What the Runner knows.
    pub(crate) vault: &'a Vault,
    /// The time.
    pub(crate) clock: &'a dyn Clock,
    /// Random bytes.
    pub(crate) randomness: &'a dyn Randomness,
}

impl<'a> ControlPlane<'a> {
    /// The control plane at `url`, as `caller` reaches it.
    ///
    /// # Errors
    /// [`CallError::Unreachable`]: TLS cannot be set up on this machine.
    pub(crate) fn new(url: &str, caller: Caller<'a>) -> Result<Self, CallError> {
        let client = http_client::build(http_client::builder().timeout(CALL_TIMEOUT))
            .map_err(|error| CallError::unreachable(&error))?;
        let url = url.trim_end_matches('/').to_owned();
        let Caller { runner, tenant, key, vault, clock, randomness } = caller;
        Ok(Self { url, runner, tenant, key, vault, clock, randomness, client })
    }

    /// How the Runner stands, and the control plane's keys; also measures the clock.
    ///
    /// # Errors
    /// [`CallError`].
    pub(crate) async fn config(&self) -> Result<ConfigAnswer, CallError> {
        let asked = self.clock.now();
        let answer: ConfigAnswer = self.get(CONFIG).await?;
        self.vault.remember_clock(answer.server_time, asked, self.clock.now())?;
        Ok(answer)
    }

    /// The time as the control plane has it, as far as the Runner knows.
    ///
    /// # Errors
    /// [`CallError::Vault`].
    pub(crate) fn server_time(&self) -> Result<Timestamp, CallError> {
        let now = self.clock.now();
        let offset_us = self.vault.clock(now)?.offset_ms.saturating_mul(1_000);
        Ok(Timestamp::from_unix_us(now.unix_us().saturating_add(offset_us)))
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, CallError> {
        answer::read(&self.call(Method::GET, path, None).await?)
    }

    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        media_type: &'static str,
        body: Vec<u8>,
    ) -> Result<T, CallError> {
        let body = Some((HeaderValue::from_static(media_type), body));
        answer::read(&self.call(Method::POST, path, body).await?)
    }

    /// Posts what is answered with nothing that matters.
    pub(crate) async fn deliver(
        &self,
        path: &str,
        media_type: &'static str,
        body: Vec<u8>,
    ) -> Result<(), CallError> {
        let body = Some((HeaderValue::from_static(media_type), body));
        self.call(Method::POST, path, body).await.map(drop)
    }

    /// The bytes at `path`.
    pub(crate) async fn fetch(&self, path: &str) -> Result<Vec<u8>, CallError> {
        self.call(Method::GET, path, None).await
    }

    /// Calls; once more when the control plane says that this machine's clock is off, without touching that clock.
    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<(HeaderValue, Vec<u8>)>,
    ) -> Result<Vec<u8>, CallError> {
        let asked = self.clock.now();
        match self.call_once(&method, path, body.as_ref()).await {
            Err(CallError::ClockSkew { server_time }) => {
                self.vault.remember_clock(server_time, asked, self.clock.now())?;
                self.call_once(&method, path, body.as_ref()).await
            }
            other => other,
        }
    }

    async fn call_once(
        &self,
        method: &Method,
        path: &str,
        body: Option<&(HeaderValue, Vec<u8>)>,
    ) -> Result<Vec<u8>, CallError> {
        let target = format!("{}{path}", self.url);
        let headers = self.signed_headers(method, &target, body)?;
        let mut request = self.client.request(method.clone(), &target).headers(headers);
        if let Some((_, bytes)) = body {
            request = request.body(bytes.clone());
        }
        let response = request.send().await.map_err(|error| CallError::unreachable(&error))?;
        // Before the answer is read: what was promised counts, whatever becomes of the rest.
        let latest = self.clock.now().plus(SEAL_MAX);
        self.vault.keep_promises(&promised(response.headers(), self.tenant, latest))?;
        answer::receive(response).await
    }

    fn signed_headers(
        &self,
        method: &Method,
        target: &str,
        body: Option<&(HeaderValue, Vec<u8>)>,
    ) -> Result<HeaderMap, CallError> {
        let mut headers = HeaderMap::new();
        let named =
            [(RUNNER_HEADER, self.runner.to_string()), (TENANT_HEADER, self.tenant.to_string())];
        for (name, value) in named {
            let value = HeaderValue::from_str(&value).map_err(|_| CallError::Target)?;
            headers.insert(HeaderName::from_static(name), value);
        }
        if let Some((media_type, _)) = body {
            headers.insert(CONTENT_TYPE, media_type.clone());
        }
        let bytes = body.map(|(_, bytes)| bytes.as_slice()).unwrap_or_default();
        let validity = Validity {
            created: self.server_time()?,
            lifetime_s: LIFETIME_S,
            nonce: Base64Url(self.randomness.bytes()),
        };
        sign(&RUNNER, (method.as_str(), target), &mut headers, bytes, validity, self.key)?;
        Ok(headers)
    }
}

/// The lines of an answer's head that promise rows of this tenant's log. They are due at `latest`. Who signed them is looked at then.
fn promised(headers: &HeaderMap, tenant: TenantId, latest: Timestamp) -> Vec<(String, Timestamp)> {
    let lines = headers.get_all(PROMISE_HEADER).iter().take(PROMISES_MAX);
    let own = |line: &str| {
        let SignedPromise { promise, .. } = SignedPromise::parse(line).ok()?;
        (promise.tenant == tenant).then(|| (line.to_owned(), promise.seal_by.min(latest)))
    };
    lines.filter_map(|line| own(line.to_str().ok()?)).collect()
}

#[cfg(test)]
mod tests {
    use domain::EventId;
    use protocol::{Digest, promise::AnswerPromise};

    use super::*;

    #[test]
    fn of_an_answer_the_promises_about_the_own_log_are_kept_and_no_flood_of_them() {
        let promise = |tenant: u128, event: u128| AnswerPromise {
            event: EventId::from_u128(event),
            intent: Digest::of("intent"),
            seal_by: Timestamp::from_unix_s(60),
            tenant: TenantId::from_u128(tenant),
            app: "runs".parse().unwrap(),
        };
        let line = |tenant, event| promise(tenant, event).to_line(&Ed25519Key::from_seed(&[7; 32]));
        let answered = |lines: Vec<String>| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(PROMISE_HEADER, HeaderValue::from_str(&line).unwrap());
            }
            promised(&headers, TenantId::from_u128(1), Timestamp::from_unix_s(90))
        };
        let kept = answered(vec![line(2, 1), "event=nothing".to_owned(), line(1, 2)]);
        assert_eq!(kept, [(line(1, 2), Timestamp::from_unix_s(60))]);
        assert_eq!(answered((0..100).map(|event| line(1, event)).collect()).len(), PROMISES_MAX);
        assert_eq!(answered(Vec::new()), []);
    }
}
