//! Asking twice, doing once: a request that is repeated with its key finds what the first one did.

use std::ops::RangeInclusive;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, request::Parts},
};
use domain::{Class, EventId, Id, Kind};
use sha2::{Digest as _, Sha256};

use crate::{Caller, Problem};

/// The header of draft-ietf-httpapi-idempotency-key-header.
pub const IDEMPOTENCY_KEY_HEADER: HeaderName = HeaderName::from_static("idempotency-key");

/// Keeps the digest from meaning anything else.
const CONTEXT: &str = "proofline-once-v1";

/// Short keys are guessed, and what was answered is sealed under what follows from the key.
const KEY_BYTES: RangeInclusive<usize> = 16..=64;

/// The key that a request bears, if it bears one: 16 to 64 visible ASCII characters, best a random UUID.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IdempotencyKey(pub Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::of(&parts.headers)
    }
}

impl IdempotencyKey {
    /// The key that these headers bear.
    ///
    /// # Errors
    /// * 400 `validation`: more than one, or one that is none.
    pub fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let mut values = headers.get_all(IDEMPOTENCY_KEY_HEADER).iter();
        let Some(value) = values.next() else { return Ok(Self(None)) };
        let text = value.to_str().unwrap_or_default();
        let fits = KEY_BYTES.contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic())
            && values.next().is_none();
        if fits { Ok(Self(Some(text.to_owned()))) } else { Err(malformed()) }
    }
}

fn malformed() -> Problem {
    let detail = "An Idempotency-Key has 16 to 64 visible ASCII characters. Send another one, such as a random UUID.";
    Problem::new(Class::Invalid, "validation", detail)
}

/// One thing that one caller asks of one endpoint, however often it is sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Once {
    /// The key to send it again with.
    pub key: String,
    digest: [u8; 32],
}

impl Once {
    /// What `caller` asks with these words. Another caller, endpoint or wording with the same key is another thing.
    /// A request without a key gets `fresh` as its own.
    pub fn new(caller: &Caller, key: IdempotencyKey, fresh: [u8; 16], words: &[u8]) -> Self {
        let key = key.0.unwrap_or_else(|| fresh.iter().map(|byte| format!("{byte:02x}")).collect());
        let mut hasher = Sha256::new();
        let (tenant, user) = (caller.data.tenant().to_string(), caller.user.to_string());
        for part in [CONTEXT, &tenant, &user, caller.endpoint().path, &key] {
            hasher.update(part);
            hasher.update([0]);
        }
        hasher.update(words);
        Self { key, digest: hasher.finalize().into() }
    }

    /// The audit event that accounts for it.
    pub fn event(&self) -> EventId {
        self.id("event")
    }

    /// What is created by it, by the name of its kind.
    pub fn id<K: Kind>(&self, kind: &str) -> Id<K> {
        let digest = Sha256::digest([kind.as_bytes(), &[0], &self.digest].concat());
        let bytes = digest.first_chunk().copied().unwrap_or_default();
        Id::from_u128(u128::from_be_bytes(bytes))
    }
}
