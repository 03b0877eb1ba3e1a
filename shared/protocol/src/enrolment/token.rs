//! What the administrator carries to the Runner's host.

use std::{fmt, str::FromStr};

use domain::{EnrolmentId, TenantId};
use zeroize::Zeroizing;

use super::EnrolmentError;
use crate::{Base64Url, Digest, key::Kid, text::as_text};

const PREFIX: &str = "pfl_enr_";
const TENANT: &str = "ten_";
const ENROLMENT: &str = "enr_";

/// A permission to enrol one Runner, once.
///
/// Shape: `pfl_enr_<tenant without "ten_">.<enrolment without "enr_">.<secret, 32 bytes base64url>.<root key's
/// thumbprint>`. Printed once; the control plane keeps the secret's digest only. Its `Debug` does not show the
/// secret.
#[derive(Clone, Eq, PartialEq)]
pub struct EnrolmentToken {
    /// The tenant that the Runner will belong to.
    pub tenant: TenantId,
    /// The enrolment.
    pub enrolment: EnrolmentId,
    /// Known to the administrator and the Runner only.
    secret: Zeroizing<[u8; 32]>,
    /// The control plane's root key.
    pub root: Kid,
}

impl EnrolmentToken {
    /// The token of a fresh random `secret`.
    pub fn new(tenant: TenantId, enrolment: EnrolmentId, secret: [u8; 32], root: Kid) -> Self {
        Self { tenant, enrolment, secret: Zeroizing::new(secret), root }
    }

    /// The SHA-256 of the secret: what the control plane keeps. A digest is enough, the secret has 256 random bits.
    pub fn secret_sha256(&self) -> Digest {
        Digest::of(self.secret.as_slice())
    }
}

/// Writes the whole token, secret included: it is printed once, and sent.
impl fmt::Display for EnrolmentToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (tenant, enrolment) = (self.tenant.to_string(), self.enrolment.to_string());
        let tenant = tenant.strip_prefix(TENANT).unwrap_or_default();
        let enrolment = enrolment.strip_prefix(ENROLMENT).unwrap_or_default();
        write!(f, "{PREFIX}{tenant}.{enrolment}.{}.{}", Base64Url(*self.secret), self.root)
    }
}

impl fmt::Debug for EnrolmentToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EnrolmentToken({}, {})", self.tenant, self.enrolment)
    }
}

impl FromStr for EnrolmentToken {
    type Err = EnrolmentError;

    fn from_str(text: &str) -> Result<Self, EnrolmentError> {
        parse(text.trim()).ok_or(EnrolmentError::Token)
    }
}

fn parse(text: &str) -> Option<EnrolmentToken> {
    let mut parts = text.strip_prefix(PREFIX)?.split('.');
    let tenant = format!("{TENANT}{}", parts.next()?).parse().ok()?;
    let enrolment = format!("{ENROLMENT}{}", parts.next()?).parse().ok()?;
    let secret: Base64Url<32> = parts.next()?.parse().ok()?;
    let root = parts.next()?.parse().ok()?;
    parts.next().is_none().then(|| EnrolmentToken::new(tenant, enrolment, secret.0, root))
}

as_text!(EnrolmentToken);
