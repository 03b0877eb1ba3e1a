//! Public keys as JSON Web Keys (RFC 7517, RFC 7518 §6.2, RFC 8037).

use serde::{Deserialize, Serialize};

use super::Kid;
use crate::{Base64Url, Digest};

/// A public key in JSON, with the required members only: `kid`, `alg`, `use` and private parts are refused.
///
/// Shape: `{"crv":"Ed25519","kty":"OKP","x":…}`, `{"crv":"X25519","kty":"OKP","x":…}` or
/// `{"crv":"P-256","kty":"EC","x":…,"y":…}`, coordinates as base64url of 32 bytes. That the point is on its curve is
/// checked by [`PublicKey::from_jwk`](super::PublicKey::from_jwk).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "Members", into = "Members")]
pub enum Jwk {
    /// Signs as Ed25519.
    Ed25519([u8; 32]),
    /// Agrees on secrets as X25519; does not sign.
    X25519([u8; 32]),
    /// Signs as ES256.
    P256 {
        /// The x coordinate, big-endian.
        x: [u8; 32],
        /// The y coordinate, big-endian.
        y: [u8; 32],
    },
}

impl Jwk {
    /// The key's name: SHA-256 over its required members in lexical order without white space (RFC 7638 §3).
    pub fn kid(&self) -> Kid {
        let text = match self {
            Self::Ed25519(x) => okp("Ed25519", x),
            Self::X25519(x) => okp("X25519", x),
            Self::P256 { x, y } => {
                format!(
                    r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#,
                    Base64Url(*x),
                    Base64Url(*y)
                )
            }
        };
        Kid(Digest::of(text).0)
    }
}

fn okp(curve: &str, x: &[u8; 32]) -> String {
    format!(r#"{{"crv":"{curve}","kty":"OKP","x":"{}"}}"#, Base64Url(*x))
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Members {
    crv: Curve,
    kty: Family,
    x: Base64Url<32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    y: Option<Base64Url<32>>,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
enum Curve {
    Ed25519,
    X25519,
    #[serde(rename = "P-256")]
    P256,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
enum Family {
    #[serde(rename = "OKP")]
    Okp,
    #[serde(rename = "EC")]
    Ec,
}

impl TryFrom<Members> for Jwk {
    type Error = &'static str;

    fn try_from(members: Members) -> Result<Self, &'static str> {
        let Members { crv, kty, x, y } = members;
        match (kty, crv, y) {
            (Family::Okp, Curve::Ed25519, None) => Ok(Self::Ed25519(x.0)),
            (Family::Okp, Curve::X25519, None) => Ok(Self::X25519(x.0)),
            (Family::Ec, Curve::P256, Some(y)) => Ok(Self::P256 { x: x.0, y: y.0 }),
            (Family::Okp | Family::Ec, Curve::Ed25519 | Curve::X25519 | Curve::P256, _) => {
                Err("members of a JWK that do not belong together")
            }
        }
    }
}

impl From<Jwk> for Members {
    fn from(jwk: Jwk) -> Self {
        let (kty, crv, x, y) = match jwk {
            Jwk::Ed25519(x) => (Family::Okp, Curve::Ed25519, x, None),
            Jwk::X25519(x) => (Family::Okp, Curve::X25519, x, None),
            Jwk::P256 { x, y } => (Family::Ec, Curve::P256, x, Some(Base64Url(y))),
        };
        Self { crv, kty, x: Base64Url(x), y }
    }
}
