//! `tls`: what one endpoint shows in a handshake.
//!
//! The handshake is completed with any certificate, so that a bad one can be described; whether it is good is decided by a real
//! verification beside it. Evidence: `{host, port, server_name, version, cipher, verified, verify_error, self_signed, not_after,
//! days_left, chain}`, the chain from the endpoint's own certificate on, times in seconds since 1970.

mod verifier;

use std::{net::SocketAddr, sync::Arc};

use domain::{procedure::Tls, run::ReasonCode};
use protocol::trust_policy::TrustPolicy;
use rustls::{ClientConfig, ClientConnection, RootCertStore, pki_types::ServerName};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{Bounds, CollectError, Collected, certificate, egress};
use verifier::{Recorder, Verified};

/// Where Linux systems keep the roots that they trust.
const SYSTEM_ROOTS: &str = "/etc/ssl/certs/ca-certificates.crt";
const SECONDS_PER_DAY: i64 = 86_400;

pub(super) async fn collect(
    settings: &Tls,
    policy: &TrustPolicy,
    bounds: &Bounds<'_>,
) -> Result<Collected, CollectError> {
    let addresses = egress::admit(&settings.host, settings.port, policy).await?;
    let name = settings.server_name.as_ref().unwrap_or(&settings.host);
    let server_name = ServerName::try_from(name.clone())
        .map_err(|_| CollectError::denied(format!("{name} is no name of a server")))?;
    let recorder = Arc::new(Recorder::new(roots(settings)?, bounds.now)?);
    let config = client_config(Arc::clone(&recorder))?;
    let stream = connect(&addresses).await?;
    let connected = TlsConnector::from(Arc::new(config)).connect(server_name, stream).await;
    let stream = connected.map_err(|error| {
        CollectError::new(ReasonCode::TargetUnreachable, format!("no TLS handshake: {error}"))
    })?;
    let verified = recorder.verdict();
    describe(settings, name, stream.get_ref().1, &verified, bounds).map(Collected::of)
}

fn client_config(recorder: Arc<Recorder>) -> Result<ClientConfig, CollectError> {
    let config = ClientConfig::builder_with_provider(verifier::provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| CollectError::unreachable(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(recorder)
        .with_no_client_auth();
    Ok(config)
}

async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, CollectError> {
    TcpStream::connect(addresses)
        .await
        .map_err(|error| CollectError::unreachable(format!("no connection: {error}")))
}

/// The roots of the step's file, or of the machine; a machine without any trusts nobody.
fn roots(settings: &Tls) -> Result<RootCertStore, CollectError> {
    let mut store = RootCertStore::empty();
    let (path, is_named) = match &settings.roots_file {
        Some(path) => (path.as_str(), true),
        None => (SYSTEM_ROOTS, false),
    };
    let unreadable = |error: String| CollectError::unreachable(format!("{path}: {error}"));
    match CertificateDer::pem_file_iter(path) {
        Ok(certificates) => {
            for certificate in certificates {
                let certificate = certificate.map_err(|error| unreadable(error.to_string()))?;
                // A root that cannot be used verifies nothing, and hides nothing.
                store.add(certificate).unwrap_or_default();
            }
            Ok(store)
        }
        Err(error) if is_named => Err(unreadable(error.to_string())),
        Err(_) => Ok(store),
    }
}

fn describe(
    settings: &Tls,
    name: &str,
    connection: &ClientConnection,
    verified: &Verified,
    bounds: &Bounds<'_>,
) -> Result<Value, CollectError> {
    let chain = connection.peer_certificates().unwrap_or_default();
    let chain: Vec<_> = chain.iter().map(certificate::describe).collect::<Result<_, _>>()?;
    let leaf = chain
        .first()
        .ok_or_else(|| CollectError::unreadable("the endpoint showed no certificate"))?;
    let left = leaf.not_after.saturating_sub(bounds.now.unix_s());
    Ok(json!({
        "host": settings.host,
        "port": settings.port,
        "server_name": name,
        "version": connection.protocol_version().map(spelling),
        "cipher": connection.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str()),
        "verified": verified.is_ok(),
        "verify_error": verified.as_ref().err(),
        "self_signed": leaf.is_self_signed,
        "not_after": leaf.not_after,
        "days_left": left.div_euclid(SECONDS_PER_DAY),
        "chain": chain,
    }))
}

/// As OpenSSL and most servers' settings spell it: `TLSv1.3`.
fn spelling(version: rustls::ProtocolVersion) -> String {
    version.as_str().map_or_else(|| format!("{version:?}"), |name| name.replace('_', "."))
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
    use rustls::{ServerConfig, pki_types::PrivateKeyDer};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    use super::*;
    use crate::connector::tests::{assert_check, bounds, policy};

    struct Authority {
        issuer: CertifiedIssuer<'static, KeyPair>,
    }

    impl Authority {
        fn new(name: &str) -> Self {
            let mut params = CertificateParams::new(Vec::new()).unwrap();
            params.distinguished_name.push(DnType::CommonName, name);
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.not_after = rcgen::date_time_ymd(2030, 1, 1);
            let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap());
            Self { issuer: issuer.unwrap() }
        }

        /// A server of a certificate for `name` that ends eleven days after the time of the tests.
        fn server(&self, name: &str) -> ServerConfig {
            let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
            params.not_before = rcgen::date_time_ymd(2025, 12, 1);
            params.not_after = rcgen::date_time_ymd(2026, 1, 12);
            let key = KeyPair::generate().unwrap();
            let leaf = params.signed_by(&key, &self.issuer).unwrap();
            let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
            ServerConfig::builder_with_provider(verifier::provider())
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![leaf.der().clone()], key)
                .unwrap()
        }
    }

    async fn probe(server: ServerConfig, roots: Option<&str>) -> Result<Collected, CollectError> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let scratch = tempfile::tempdir().unwrap();
        let roots_file = scratch.path().join("roots.pem");
        std::fs::write(&roots_file, roots.unwrap_or_default()).unwrap();
        let settings = Tls {
            host: "127.0.0.1".to_owned(),
            port: address.port(),
            server_name: Some("service.test".to_owned()),
            roots_file: Some(roots_file.to_str().unwrap().to_owned()),
        };
        let policy = policy(&[], &[address.to_string()]);
        let bounds = bounds(scratch.path());
        let serve = async {
            let (stream, _) = listener.accept().await.unwrap();
            let accepted = TlsAcceptor::from(Arc::new(server)).accept(stream).await;
            accepted.map(drop).unwrap_or_default();
        };
        tokio::join!(collect(&settings, &policy, &bounds), serve).0
    }

    #[tokio::test]
    async fn a_good_certificate_is_verified_and_described() {
        let authority = Authority::new("one");
        let roots = authority.issuer.pem();
        let collected = probe(authority.server("service.test"), Some(&roots)).await.unwrap();
        assert_check(
            &collected.value,
            "value.verified && value.version == 'TLSv1.3' && !value.self_signed",
            &json!({ "verified": false, "version": "TLSv1.3", "self_signed": false }),
        );
        // 2026-01-12 is eleven days after 2026-01-01.
        assert_check(&collected.value, "value.days_left == 11", &json!({ "days_left": 10 }));
        assert_eq!(collected.value["not_after"], 1_768_176_000);
        assert_eq!(collected.value["chain"][0]["sans"], json!(["service.test"]));
    }

    #[tokio::test]
    async fn a_certificate_of_an_unknown_authority_is_described_and_not_verified() {
        let authority = Authority::new("one");
        let others = Authority::new("two").issuer.pem();
        let collected = probe(authority.server("service.test"), Some(&others)).await.unwrap();
        assert_eq!(collected.value["verified"], false);
        assert_eq!(collected.value["verify_error"], "unknown-issuer");
    }

    #[tokio::test]
    async fn a_certificate_for_another_name_is_not_verified() {
        let authority = Authority::new("one");
        let roots = authority.issuer.pem();
        let collected = probe(authority.server("other.test"), Some(&roots)).await.unwrap();
        assert_eq!(collected.value["verify_error"], "wrong-name");
    }

    #[tokio::test]
    async fn a_certificate_that_signs_itself_is_said_to() {
        let authority = Authority::new("service");
        let key = PrivateKeyDer::try_from(authority.issuer.key().serialize_der()).unwrap();
        let server = ServerConfig::builder_with_provider(verifier::provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![authority.issuer.der().clone()], key)
            .unwrap();
        let collected = probe(server, None).await.unwrap();
        assert_eq!(
            (&collected.value["self_signed"], &collected.value["verify_error"]),
            (&json!(true), &json!("no-roots"))
        );
    }

    #[tokio::test]
    async fn without_any_root_nothing_is_verified() {
        let authority = Authority::new("one");
        let collected = probe(authority.server("service.test"), None).await.unwrap();
        assert_eq!(collected.value["verified"], false);
    }
}
