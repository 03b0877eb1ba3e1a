//! What the viewer asks.

use std::collections::BTreeMap;

use domain::{EvidenceId, RunnerId, TenantId, Timestamp, UserId};
use http::{HeaderMap, HeaderName, HeaderValue, header::CONTENT_TYPE};
use serde::{Deserialize, Serialize};

use crate::{
    Base64, Base64Url, Digest, Name, Nonce, V1, canonical,
    command::RefusalCode,
    dsse::SignError,
    key::{Ed25519Key, Kid, PublicKey},
    message_signature::{self, Accepted, DRILLDOWN, MessageSignatureError, Request, Validity},
    strict_json::{self, JsonError},
};

/// The longest time that a request counts, in seconds.
pub const LIFETIME_MAX_S: i64 = DRILLDOWN.lifetime_max_s;
/// The most paths in one request.
pub const PATHS_MAX: usize = 100;
const PATH_LENGTH_MAX: usize = 1024;
const BODY_MAX: usize = 128 * 1024;
const METHOD: &str = "POST";
const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/json");

/// The body of a viewer's request, sent as its RFC 8785 bytes.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DisclosureRequest {
    /// Always 1.
    pub v: V1,
    /// Answered once; the same 16 bytes as the signature's `nonce`.
    pub drilldown_nonce: Nonce,
    /// The Runner that shall answer.
    pub runner: RunnerId,
    /// The tenant.
    pub tenant: TenantId,
    /// The evidence item.
    pub evidence: EvidenceId,
    /// Which values: JSON pointers, each of a value or of everything below it; 1 to 100.
    pub paths: Vec<String>,
    /// What for.
    pub purpose: Name,
    /// Who asks.
    pub requester: UserId,
    /// The X25519 public key that the answer is sealed to, fresh for this request ([`AnswerKey`](super::AnswerKey)).
    pub hpke_public: Base64Url<32>,
    /// Not to be answered from then on.
    pub not_after: Timestamp,
}

/// An HTTP request in JSON, to be carried unchanged.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SignedRequest {
    /// The method.
    pub method: String,
    /// The target.
    pub target_uri: String,
    /// The headers, names in lower case. A name cannot come twice.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Base64,
}

/// A viewer's request whose signature counts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ViewerRequest {
    /// What is asked.
    pub request: DisclosureRequest,
    /// Which viewer's key signed.
    pub kid: Kid,
    /// To be remembered, together with `kid`, until `remember_until`.
    pub nonce: Nonce,
    /// From then on the request no longer counts.
    pub remember_until: Timestamp,
    /// The SHA-256 of the signature base: the request's name in the answer and in both ledgers.
    pub request_sha256: Digest,
}

/// Where requests for an evidence item go: `https://<rnr-…>.runner.invalid/evidence/<evd_…>/disclosures`.
///
/// Host names have no underscores, so the identifier's becomes a hyphen. `.invalid` never resolves (RFC 6761 §6.4).
pub fn target_uri(runner: RunnerId, evidence: EvidenceId) -> String {
    let host = runner.to_string().replace('_', "-");
    format!("https://{host}.runner.invalid/evidence/{evidence}/disclosures")
}

/// Signs `request` with the viewer's `key` at the time `created`. It counts until `request.not_after`, at most
/// [`LIFETIME_MAX_S`].
///
/// Returns it with its `request_sha256`, which the viewer needs to open the answer.
///
/// # Errors
/// [`SignError::Canonical`]; [`SignError::Request`]: `not_after` is not 1 to 300 seconds after `created`.
pub fn build(
    request: &DisclosureRequest,
    key: &Ed25519Key,
    created: Timestamp,
) -> Result<(SignedRequest, Digest), SignError> {
    let body = canonical::to_vec(request)?;
    let target_uri = target_uri(request.runner, request.evidence);
    let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, MEDIA_TYPE)]);
    let lifetime_s = request.not_after.unix_s().saturating_sub(created.unix_s());
    let validity = Validity { created, lifetime_s, nonce: request.drilldown_nonce };
    let target = (METHOD, target_uri.as_str());
    let sha256 = message_signature::sign(&DRILLDOWN, target, &mut headers, &body, validity, key)?;
    let text = |(name, value): (&HeaderName, &HeaderValue)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    };
    let headers = headers.iter().filter_map(text).collect();
    let method = METHOD.to_owned();
    Ok((SignedRequest { method, target_uri, headers, body: Base64(body) }, sha256))
}

/// Reads what a carried request asks and checks that it is well formed, without its signature: enough for the control
/// plane, which cannot know the viewer's key, to see which Runner and evidence item it is for.
///
/// # Errors
/// [`RefusalCode::UnknownField`], [`RefusalCode::Malformed`].
pub fn check_shape(signed: &SignedRequest) -> Result<DisclosureRequest, RefusalCode> {
    let request: DisclosureRequest =
        strict_json::parse(&signed.body.0, BODY_MAX).map_err(|error| match error {
            JsonError::UnknownField(_) => RefusalCode::UnknownField,
            JsonError::TooLarge { .. }
            | JsonError::NotUtf8
            | JsonError::Syntax(_)
            | JsonError::Shape(_) => RefusalCode::Malformed,
        })?;
    let paths = &request.paths;
    let paths_fit = (1..=PATHS_MAX).contains(&paths.len())
        && paths.iter().all(|path| path.len() <= PATH_LENGTH_MAX)
        && paths.iter().all(|path| path.is_empty() || path.starts_with('/'));
    let is_for = signed.target_uri == target_uri(request.runner, request.evidence);
    if signed.method == METHOD && is_for && paths_fit {
        Ok(request)
    } else {
        Err(RefusalCode::Malformed)
    }
}

/// Reads a viewer's request whose signature counts at `now`. `viewers` gives the key of that name, if the customer
/// listed it; the request never brings its own. Whom it is for, and whether it is new, is for the caller to check.
///
/// # Errors
/// The [`RefusalCode`] to report: `unsigned`, `viewer-unlisted`, `signature-invalid`, `command-expired`,
/// `unknown-field`, `malformed`.
pub fn read(
    signed: &SignedRequest,
    viewers: impl FnOnce(&Kid) -> Option<PublicKey>,
    now: Timestamp,
) -> Result<ViewerRequest, RefusalCode> {
    let headers = header_map(signed).ok_or(RefusalCode::Malformed)?;
    let SignedRequest { method, target_uri, body, .. } = signed;
    let http = Request { method, target_uri, headers: &headers, body: &body.0 };
    let accepted = message_signature::verify(&DRILLDOWN, &http, viewers, now).map_err(refusal)?;
    let Accepted { kid, nonce, remember_until, base_sha256: request_sha256, .. } = accepted;
    let request = check_shape(signed)?;
    if nonce != request.drilldown_nonce {
        return Err(RefusalCode::Malformed);
    }
    if now >= request.not_after {
        return Err(RefusalCode::CommandExpired);
    }
    Ok(ViewerRequest { request, kid, nonce, remember_until, request_sha256 })
}

fn header_map(signed: &SignedRequest) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in &signed.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        // Names that differ in case only are the same header.
        headers.append(name, HeaderValue::from_str(value).ok()?);
    }
    Some(headers)
}

fn refusal(error: MessageSignatureError) -> RefusalCode {
    match error {
        MessageSignatureError::Unsigned(_) => RefusalCode::Unsigned,
        MessageSignatureError::UnknownKey(_) => RefusalCode::ViewerUnlisted,
        MessageSignatureError::ClockSkew { .. } => RefusalCode::CommandExpired,
        MessageSignatureError::Header(_)
        | MessageSignatureError::Form(_)
        | MessageSignatureError::Parameter(_)
        | MessageSignatureError::Coverage(_)
        | MessageSignatureError::Target
        | MessageSignatureError::ContentDigest
        | MessageSignatureError::Lifetime { .. }
        | MessageSignatureError::Signature => RefusalCode::SignatureInvalid,
    }
}
