//! Access tokens: a strict wrapper over `jsonwebtoken`, because that crate alone accepts any `typ` and unknown `crit`.
//!
//! ES256, `typ` `at+jwt` (RFC 9068), 15 minutes, no roles inside: the guard reads them.

mod verified;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{SessionId, TenantId, Timestamp, UserId, VisitId};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, errors::ErrorKind};
use protocol::key::{Es256Key, Jwk, PublicKey, Signer as _};
use serde::{Deserialize, Serialize};
use verified::Verified;

/// The authentication context of a session whose second factor was shown.
pub const ACR_MFA: &str = "urn:proofline:acr:mfa";

/// The authentication context of a program with a personal access token.
pub(crate) const ACR_TOKEN: &str = "urn:proofline:acr:token";

/// The longest token that is looked at, in bytes.
const TOKEN_BYTES_MAX: usize = 4096;

/// Clocks of two servers may differ by this, in seconds.
const LEEWAY_S: i64 = 5;

/// What a token for one step of a login allows.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Scope {
    /// Enrol the first second factor.
    #[serde(rename = "mfa:enrol")]
    MfaEnrol,
}

/// Who acts in the user's place.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ActingParty {
    /// The operator.
    pub sub: UserId,
    /// The visit that the tenant can end.
    pub visit: VisitId,
}

/// What an access token says.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AccessClaims {
    /// The deployment that issued it.
    pub iss: String,
    /// The deployment that it is for.
    pub aud: String,
    /// The user.
    pub sub: UserId,
    /// Their tenant.
    pub tid: TenantId,
    /// Their session; `None` in a scoped token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<SessionId>,
    /// Set only in the token of an operator's visit (RFC 8693 §4.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<ActingParty>,
    /// Set only in a token for one step of a login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// The epoch of the user's guard.
    pub epo: u32,
    /// The restore epoch of the deployment; absent while nothing was ever restored.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rep: u64,
    /// The authentication context.
    pub acr: String,
    /// How they signed in (RFC 8176); empty in a scoped token.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// When the second factor was last shown, in seconds since 1970.
    pub auth_time: i64,
    /// When it was issued.
    pub iat: i64,
    /// From when it counts.
    pub nbf: i64,
    /// Until when it counts.
    pub exp: i64,
    /// Unique; revocation never uses the token's text, because ES256 signatures are malleable.
    pub jti: String,
}

/// Why a token does not count. Callers are told only that it does not.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TokenError {
    /// Not three parts, too long, or with a header or claims of another form.
    #[error("the token has another form")]
    Form,
    /// Its key is not known here.
    #[error("the token's key is not known")]
    UnknownKey,
    /// The signature does not hold.
    #[error("the token's signature does not hold")]
    Signature,
    /// Issued by or for another deployment.
    #[error("the token is for another deployment")]
    Deployment,
    /// Issued before the database was restored, or by an app that does not know of it.
    #[error("the token is of another restore epoch")]
    Restored,
    /// Not yet, or no longer.
    #[error("the token has expired")]
    Time,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct StrictHeader {
    alg: String,
    typ: String,
    kid: String,
}

/// Verifies access tokens of one deployment.
#[derive(Clone, Debug)]
pub struct TokenVerifier {
    deployment: String,
    restore_epoch: u64,
    keys: Vec<(String, DecodingKey)>,
    verified: Verified,
}

impl TokenVerifier {
    /// Trusts `keys` for tokens that `deployment` issued for itself.
    pub fn new<'a>(deployment: &str, keys: impl IntoIterator<Item = &'a Jwk>) -> Self {
        let keys = keys.into_iter().filter_map(decoding_key).collect();
        Self {
            deployment: deployment.to_owned(),
            restore_epoch: 0,
            keys,
            verified: Verified::default(),
        }
    }

    /// The same, for tokens that were issued in this restore epoch.
    #[must_use]
    pub fn in_restore_epoch(self, epoch: u64) -> Self {
        Self { restore_epoch: epoch, ..self }
    }

    /// Whether there is any key to verify with.
    pub(crate) fn knows_keys(&self) -> bool {
        !self.keys.is_empty()
    }

    /// The claims of a token that counts at `now`.
    ///
    /// # Errors
    /// One variant for each reason.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<AccessClaims, TokenError> {
        let digest = Verified::digest(token);
        if let Some(claims) = self.verified.recall(&digest) {
            return self.check(claims, now);
        }
        let header = strict_header(token)?;
        let key =
            self.keys.iter().find(|(kid, _)| *kid == header.kid).ok_or(TokenError::UnknownKey)?;
        let mut validation = Validation::new(Algorithm::ES256);
        // Times and names are compared below: with our own clock, exactly, and as strings.
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        let decoded = jsonwebtoken::decode::<AccessClaims>(token, &key.1, &validation);
        let claims = decoded.map_err(|error| {
            let is_signature = matches!(error.kind(), ErrorKind::InvalidSignature);
            if is_signature { TokenError::Signature } else { TokenError::Form }
        })?;
        let claims = self.check(claims.claims, now)?;
        self.verified.remember(digest, claims.clone());
        Ok(claims)
    }

    fn check(&self, claims: AccessClaims, now: Timestamp) -> Result<AccessClaims, TokenError> {
        if claims.iss != self.deployment || claims.aud != self.deployment {
            return Err(TokenError::Deployment);
        }
        if claims.rep != self.restore_epoch {
            return Err(TokenError::Restored);
        }
        let now = now.unix_s();
        if claims.exp <= now - LEEWAY_S
            || claims.nbf > now + LEEWAY_S
            || claims.iat > now + LEEWAY_S
        {
            return Err(TokenError::Time);
        }
        Ok(claims)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn decoding_key(jwk: &Jwk) -> Option<(String, DecodingKey)> {
    let public = PublicKey::from_jwk(jwk).ok()?;
    let PublicKey::P256(_) = &public else { return None };
    let jwk = serde_json::to_value(jwk).ok()?;
    let (x, y) = (jwk.get("x")?.as_str()?, jwk.get("y")?.as_str()?);
    Some((public.kid().to_string(), DecodingKey::from_ec_components(x, y).ok()?))
}

fn strict_header(token: &str) -> Result<StrictHeader, TokenError> {
    let form = || TokenError::Form;
    if token.len() > TOKEN_BYTES_MAX || token.split('.').count() != 3 {
        return Err(TokenError::Form);
    }
    let first = token.split('.').next().ok_or_else(form)?;
    let header = URL_SAFE_NO_PAD.decode(first).map_err(|_| form())?;
    let header: StrictHeader = serde_json::from_slice(&header).map_err(|_| form())?;
    if header.alg == "ES256" && header.typ == "at+jwt" { Ok(header) } else { Err(TokenError::Form) }
}

/// Signs an access token: the compact form of RFC 7515 §7.1, whose ES256 signature is `r‖s` as our keys give it.
///
/// # Errors
/// * [`TokenError::Form`] when the key cannot be used.
pub fn sign_access_token(key: &Es256Key, claims: &AccessClaims) -> Result<String, TokenError> {
    let header = StrictHeader {
        alg: "ES256".to_owned(),
        typ: "at+jwt".to_owned(),
        kid: key.kid().to_string(),
    };
    let part = |json: serde_json::Result<Vec<u8>>| {
        json.map(|json| URL_SAFE_NO_PAD.encode(json)).map_err(|_| TokenError::Form)
    };
    let signed =
        format!("{}.{}", part(serde_json::to_vec(&header))?, part(serde_json::to_vec(claims))?);
    let signature = key.sign(signed.as_bytes()).map_err(|_| TokenError::Form)?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

#[cfg(test)]
mod tests;
