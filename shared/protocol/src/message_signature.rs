//! Signed HTTP requests: HTTP Message Signatures (RFC 9421) with Content-Digest (RFC 9530), in strict profiles of them.
//!
//! A profile fixes what the standard leaves open: one signature under one label, Ed25519, exactly the listed
//! components and parameters, and a tag that keeps one use of a key apart from another. Fields must be in the
//! canonical form of RFC 9651, so that no two readers differ. The target URI comes from the verifier's own
//! configuration, never from `Host`. Remembering nonces is the caller's.

mod components;
mod fields;
mod profile;
mod signing;
mod verifying;

use domain::{Class, Fault, Timestamp};

use crate::{Nonce, key::Kid};

pub use components::Request;
pub use profile::{DRILLDOWN, Profile, RUNNER};
pub use signing::{Validity, content_digest, sign};
pub use verifying::{Accepted, claimed_kid, verify};

/// Why a request's signature does not count.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum MessageSignatureError {
    /// No `Signature` or `Signature-Input`.
    #[error("the request is not signed (RFC 9421); it has no {0} header")]
    Unsigned(&'static str),
    /// A header that must come once does not.
    #[error("the header {0} must come exactly once, as plain text")]
    Header(String),
    /// Not exactly one signature, not the profile's label, or not in canonical form.
    #[error("the header {0} is not the canonical form of exactly one signature of this profile")]
    Form(&'static str),
    /// A parameter is missing, unknown or of another type.
    #[error("the signature's parameter {0} is missing, unknown or not as the profile wants it")]
    Parameter(String),
    /// Another set of components than the profile's.
    #[error("the signature must cover exactly {0}")]
    Coverage(String),
    /// The target cannot be read as a URI.
    #[error("the request's target is not an absolute URI")]
    Target,
    /// `Content-Digest` is not the body's.
    #[error("the header content-digest is not the SHA-256 of the body (RFC 9530)")]
    ContentDigest,
    /// Not made for now, by the verifier's clock.
    #[error(
        "the signature counts from {created} to {expires} by the signer's clock, and here it is {now}; correct the clock"
    )]
    ClockSkew {
        /// Parameter `created`.
        created: Timestamp,
        /// Parameter `expires`.
        expires: Timestamp,
        /// The verifier's time.
        now: Timestamp,
    },
    /// It expires too late, or before it was created.
    #[error("a signature of this profile counts for 1 to {lifetime_max_s} seconds")]
    Lifetime {
        /// The longest, in seconds.
        lifetime_max_s: i64,
    },
    /// The key is not known here.
    #[error("the key {0} is not known for this caller")]
    UnknownKey(Kid),
    /// The signature is not that key's over this request.
    #[error("the signature does not verify")]
    Signature,
}

impl Fault for MessageSignatureError {
    fn class(&self) -> Class {
        match self {
            Self::Unsigned(_)
            | Self::ClockSkew { .. }
            | Self::Lifetime { .. }
            | Self::UnknownKey(_)
            | Self::Signature
            | Self::ContentDigest => Class::Unauthenticated,
            Self::Header(_)
            | Self::Form(_)
            | Self::Parameter(_)
            | Self::Coverage(_)
            | Self::Target => Class::Invalid,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unsigned(_) => "unsigned",
            Self::ClockSkew { .. } => "clock-skew",
            Self::Header(_)
            | Self::Form(_)
            | Self::Parameter(_)
            | Self::Coverage(_)
            | Self::Target
            | Self::ContentDigest
            | Self::Lifetime { .. }
            | Self::UnknownKey(_)
            | Self::Signature => "signature-invalid",
        }
    }
}

/// The parameters of a signature.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Parameters {
    created: i64,
    expires: i64,
    nonce: Nonce,
    kid: Kid,
}

#[cfg(test)]
mod tests;
