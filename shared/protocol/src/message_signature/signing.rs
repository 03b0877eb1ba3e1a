//! Signing a request.

use domain::Timestamp;
use http::{HeaderMap, HeaderName, HeaderValue};
use sha2::{Digest as _, Sha256};

use super::{
    MessageSignatureError, Parameters, Profile, Request,
    components::signature_base,
    fields::{SIGNATURE, SIGNATURE_INPUT, write_input, write_signature},
};
use crate::{
    Base64, Digest, Nonce,
    key::{Ed25519Key, Signer as _},
};

pub(super) const CONTENT_DIGEST: &str = "content-digest";

/// When a signature counts, and what makes it count once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Validity {
    /// The signer's time, corrected by what it knows about its clock.
    pub created: Timestamp,
    /// How long it counts, in seconds; at most the profile's longest.
    pub lifetime_s: i64,
    /// 16 fresh random bytes.
    pub nonce: Nonce,
}

/// The value of `Content-Digest` for `body` (RFC 9530): `sha-256=:<base64>:`.
pub fn content_digest(body: &[u8]) -> String {
    format!("sha-256=:{}:", Base64(Sha256::digest(body).to_vec()))
}

/// Signs a request: adds `Content-Digest` (when there is a body), `Signature-Input` and `Signature` to `headers`,
/// which must already hold every other header that the profile covers. Returns the SHA-256 of the signature base, by
/// which the request can be named.
///
/// # Errors
/// [`MessageSignatureError`]: a covered header is missing, the target is no absolute URI, or the lifetime is out of
/// the profile's range.
pub fn sign(
    profile: &Profile,
    (method, target_uri): (&str, &str),
    headers: &mut HeaderMap,
    body: &[u8],
    validity: Validity,
    key: &Ed25519Key,
) -> Result<Digest, MessageSignatureError> {
    if validity.lifetime_s < 1 || validity.lifetime_s > profile.lifetime_max_s {
        return Err(MessageSignatureError::Lifetime { lifetime_max_s: profile.lifetime_max_s });
    }
    if !body.is_empty() {
        insert(headers, CONTENT_DIGEST, &content_digest(body))?;
    }
    let created = validity.created.unix_s();
    let expires = created.saturating_add(validity.lifetime_s);
    let parameters = Parameters { created, expires, nonce: validity.nonce, kid: key.kid() };
    let components = profile.components(!body.is_empty());
    let input = write_input(profile, components, &parameters)
        .map_err(|_| MessageSignatureError::Form(SIGNATURE_INPUT))?;
    let request = Request { method, target_uri, headers, body };
    let base = signature_base(&request, components.iter().copied(), &input)?;
    let signature = write_signature(profile, &key.sign_bytes(&base))
        .map_err(|_| MessageSignatureError::Form(SIGNATURE))?;
    insert(headers, SIGNATURE_INPUT, &format!("{}={input}", profile.label))?;
    insert(headers, SIGNATURE, &signature)?;
    Ok(Digest::of(base))
}

fn insert(
    headers: &mut HeaderMap,
    name: &'static str,
    value: &str,
) -> Result<(), MessageSignatureError> {
    let refused = |_| MessageSignatureError::Header(name.to_owned());
    headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).map_err(refused)?);
    Ok(())
}
