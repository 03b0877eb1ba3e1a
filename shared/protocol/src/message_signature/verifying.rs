//! Verifying a signed request.

use domain::Timestamp;
use http::HeaderMap;

use super::{
    MessageSignatureError, Parameters, Profile, Request,
    components::{signature_base, single_header},
    fields::{Input, SIGNATURE, SIGNATURE_INPUT, read_input, read_signature},
    signing::{CONTENT_DIGEST, content_digest},
};
use crate::{
    Digest, Nonce,
    key::{Kid, PublicKey},
};

/// A request whose signature counts, once its nonce was found to be new.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Accepted {
    /// Who signed.
    pub kid: Kid,
    /// To be remembered, together with `kid`, until `remember_until`; a second request with it is a replay.
    pub nonce: Nonce,
    /// When it was signed, by the signer's clock.
    pub created: Timestamp,
    /// From then on the signature no longer counts, and the nonce may be forgotten: `expires` and the profile's skew.
    pub remember_until: Timestamp,
    /// The bytes that were signed.
    pub base: Vec<u8>,
    /// Their SHA-256, by which the request can be named.
    pub base_sha256: Digest,
}

/// Whose signature the request claims to carry: good for looking a key up, and for nothing else.
///
/// # Errors
/// [`MessageSignatureError`]: not signed, or not in this profile.
pub fn claimed_kid(profile: &Profile, headers: &HeaderMap) -> Result<Kid, MessageSignatureError> {
    Ok(input_of(profile, headers)?.parameters.kid)
}

/// Verifies a request's one signature at the verifier's time `now`.
///
/// `keys` gives the key of that name which may sign for this caller in this profile; the request never brings its own.
///
/// # Errors
/// [`MessageSignatureError`]. Whether the nonce is new is not known here.
pub fn verify(
    profile: &Profile,
    request: &Request<'_>,
    keys: impl FnOnce(&Kid) -> Option<PublicKey>,
    now: Timestamp,
) -> Result<Accepted, MessageSignatureError> {
    let input = input_of(profile, request.headers)?;
    let signature = read_signature(profile, &signature_field(request.headers, SIGNATURE)?)?;
    check_coverage(profile, &input, request.body)?;
    check_time(profile, &input.parameters, now)?;
    let Parameters { created, expires, nonce, kid } = input.parameters;
    let key = keys(&kid).filter(|key| key.kid() == kid);
    let Some(key @ PublicKey::Ed25519(_)) = key else {
        return Err(MessageSignatureError::UnknownKey(kid));
    };
    let base = signature_base(request, input.components.iter().map(String::as_str), &input.value)?;
    key.verify(&base, &signature).map_err(|_| MessageSignatureError::Signature)?;
    check_body(&input, request)?;
    Ok(Accepted {
        kid,
        nonce,
        created: Timestamp::from_unix_s(created),
        remember_until: Timestamp::from_unix_s(expires.saturating_add(profile.skew_s)),
        base_sha256: Digest::of(&base),
        base,
    })
}

fn input_of(profile: &Profile, headers: &HeaderMap) -> Result<Input, MessageSignatureError> {
    read_input(profile, &signature_field(headers, SIGNATURE_INPUT)?)
}

fn signature_field(
    headers: &HeaderMap,
    name: &'static str,
) -> Result<String, MessageSignatureError> {
    if headers.contains_key(name) {
        single_header(headers, name)
    } else {
        Err(MessageSignatureError::Unsigned(name))
    }
}

/// The order of the components is the signer's; that there are just these is ours.
fn check_coverage(
    profile: &Profile,
    input: &Input,
    body: &[u8],
) -> Result<(), MessageSignatureError> {
    let wanted = profile.components(!body.is_empty());
    let covers_all =
        wanted.iter().all(|name| input.components.iter().any(|covered| covered == name));
    if covers_all && input.components.len() == wanted.len() {
        Ok(())
    } else {
        Err(MessageSignatureError::Coverage(wanted.join(" ")))
    }
}

fn check_time(
    profile: &Profile,
    parameters: &Parameters,
    now: Timestamp,
) -> Result<(), MessageSignatureError> {
    let Parameters { created, expires, .. } = *parameters;
    let lifetime = expires.saturating_sub(created);
    if lifetime < 1 || lifetime > profile.lifetime_max_s {
        return Err(MessageSignatureError::Lifetime { lifetime_max_s: profile.lifetime_max_s });
    }
    let here = now.unix_s();
    let begun = created <= here.saturating_add(profile.skew_s);
    let lasts = here < expires.saturating_add(profile.skew_s);
    if begun && lasts {
        return Ok(());
    }
    let (created, expires) = (Timestamp::from_unix_s(created), Timestamp::from_unix_s(expires));
    Err(MessageSignatureError::ClockSkew { created, expires, now })
}

fn check_body(input: &Input, request: &Request<'_>) -> Result<(), MessageSignatureError> {
    let covered = input.components.iter().any(|name| name == CONTENT_DIGEST);
    if covered && single_header(request.headers, CONTENT_DIGEST)? != content_digest(request.body) {
        return Err(MessageSignatureError::ContentDigest);
    }
    Ok(())
}
