//! What a certificate says (RFC 5280).

use protocol::Digest;
use rustls::pki_types::CertificateDer;
use serde::Serialize;
use x509_parser::{certificate::X509Certificate, extensions::GeneralName, prelude::FromDer as _};

use super::CollectError;

/// What a certificate says; times in seconds since 1970.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(super) struct Certificate {
    pub(super) subject: String,
    pub(super) issuer: String,
    pub(super) serial: String,
    pub(super) sans: Vec<String>,
    pub(super) not_before: i64,
    pub(super) not_after: i64,
    #[serde(rename = "self_signed")]
    pub(super) is_self_signed: bool,
    pub(super) signature_algorithm: String,
    pub(super) key_bits: Option<usize>,
    pub(super) sha256: Digest,
}

/// Reads a certificate.
pub(super) fn describe(der: &CertificateDer<'_>) -> Result<Certificate, CollectError> {
    let (_, certificate) = X509Certificate::from_der(der)
        .map_err(|error| CollectError::unreadable(format!("not a certificate: {error}")))?;
    let validity = certificate.validity();
    let key_bits = certificate.public_key().parsed().ok().map(|key| key.key_size());
    Ok(Certificate {
        subject: certificate.subject().to_string(),
        issuer: certificate.issuer().to_string(),
        serial: certificate.raw_serial_as_string(),
        sans: alternative_names(&certificate),
        not_before: validity.not_before.timestamp(),
        not_after: validity.not_after.timestamp(),
        is_self_signed: is_self_signed(&certificate),
        signature_algorithm: certificate.signature_algorithm.algorithm.to_id_string(),
        key_bits,
        sha256: Digest::of(der.as_ref()),
    })
}

/// Equal names alone prove nothing: its own key must verify its signature.
fn is_self_signed(certificate: &X509Certificate<'_>) -> bool {
    certificate.subject() == certificate.issuer() && certificate.verify_signature(None).is_ok()
}

fn alternative_names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    let names = extension.value.general_names.iter();
    names
        .map(|name| {
            if let GeneralName::DNSName(dns) = name { (*dns).to_owned() } else { name.to_string() }
        })
        .collect()
}
