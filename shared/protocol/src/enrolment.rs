//! Enrolment: how a Runner and a control plane that do not know each other yet come to.
//!
//! The administrator carries a token to the Runner's host: it names the tenant, carries a secret that is used once,
//! and the thumbprint of the control plane's root key, so that the Runner knows whom it talks to. The Runner answers
//! with its key, proof that it holds it, and the customer's certificate for it. Then both show six words over
//! everything that was said; a person compares them and approves.

mod request;
mod token;
mod words;

use domain::{Class, Fault};

use crate::{canonical::CanonicalError, certificate::CertificateError, key::KeyError};

pub use request::{EnrolAnswer, EnrolFields, EnrolRequest};
pub use token::EnrolmentToken;
pub use words::{Transcript, WORDS, word};

/// Why an enrolment was refused.
#[derive(Debug, thiserror::Error)]
pub enum EnrolmentError {
    /// Not a token.
    #[error(
        "that is not an enrolment token; it begins with pfl_enr_ and has four parts between dots"
    )]
    Token,
    /// The Runner does not hold the key that it offers.
    #[error("the proof is not the offered key's signature over the request")]
    Proof,
    /// The key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The certificate does not count.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The certificate is for another key or name.
    #[error("the certificate is for another key or another name than the request's")]
    Mismatch,
    /// More than 16 labels.
    #[error("a Runner has at most 16 labels")]
    Labels,
    /// The request has no canonical text.
    #[error(transparent)]
    Canonical(#[from] CanonicalError),
}

impl Fault for EnrolmentError {
    fn class(&self) -> Class {
        match self {
            Self::Token | Self::Labels | Self::Canonical(_) => Class::Invalid,
            Self::Proof => Class::Unauthenticated,
            Self::Key(error) => error.class(),
            Self::Certificate(error) => error.class(),
            Self::Mismatch => Class::Invalid,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Token => "enrolment-token-invalid",
            Self::Labels | Self::Canonical(_) => "validation",
            Self::Proof => "signature-invalid",
            Self::Key(error) => error.code(),
            Self::Certificate(error) => error.code(),
            Self::Mismatch => "certificate-mismatch",
        }
    }
}

#[cfg(test)]
mod tests;
