//! A verifier that lets every certificate pass, and remembers what a real one said.

use std::sync::{Arc, Mutex, PoisonError};

use domain::{Timestamp, run::ReasonCode};
use rustls::{
    CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};

use crate::connector::CollectError;

/// That the chain leads to a trusted root for this name at this time, or the code that says why not.
pub(super) type Verified = Result<(), &'static str>;

/// The one implementation of cryptography that the Runner uses.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// Lets every certificate pass, and remembers what a real verifier said. That the endpoint holds the certificate's key is always checked.
#[derive(Debug)]
pub(super) struct Recorder {
    real: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
    now: UnixTime,
    verdict: Mutex<Verified>,
}

impl Recorder {
    /// Verifies against `roots` at `now`; without roots nothing verifies.
    pub(super) fn new(roots: RootCertStore, now: Timestamp) -> Result<Self, CollectError> {
        let provider = provider();
        let real = if roots.is_empty() {
            None
        } else {
            let builder =
                WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
            let failed = |error: &dyn ToString| {
                CollectError::new(ReasonCode::InternalError, error.to_string())
            };
            Some(builder.build().map_err(|error| failed(&error))?)
        };
        let since_epoch =
            std::time::Duration::from_secs(u64::try_from(now.unix_s()).unwrap_or_default());
        let now = UnixTime::since_unix_epoch(since_epoch);
        Ok(Self { real, provider, now, verdict: Mutex::new(Err("not-verified")) })
    }

    /// What the real verifier said.
    pub(super) fn verdict(&self) -> Verified {
        *self.verdict.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verdict = match &self.real {
            None => Err("no-roots"),
            Some(real) => real
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, self.now)
                .map(drop)
                .map_err(|error| code_of(&error)),
        };
        *self.verdict.lock().unwrap_or_else(PoisonError::into_inner) = verdict;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the library's enums grow; what is new is 'invalid'"
)]
fn code_of(error: &Error) -> &'static str {
    match error {
        Error::InvalidCertificate(certificate) => match certificate {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => "expired",
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "not-valid-yet"
            }
            CertificateError::UnknownIssuer => "unknown-issuer",
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "wrong-name"
            }
            CertificateError::BadSignature => "bad-signature",
            CertificateError::Revoked => "revoked",
            _ => "invalid",
        },
        _ => "invalid",
    }
}
