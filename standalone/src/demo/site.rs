//! The customer's site that the demo looks at: a payments service, a backup that left no report, a TLS endpoint whose
//! certificate is about to expire.

use std::{fs, net::SocketAddr, path::Path, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::{ServerConfig, pki_types::PrivatePkcs8KeyDer};
use time::{Duration, OffsetDateTime};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_rustls::TlsAcceptor;

use super::telling::{DemoError, Doing as _};

/// The name of the TLS endpoint.
pub(super) const SERVER_NAME: &str = "intranet.customer.example";
/// How long its certificate still lasts; the procedure wants 30 days.
const DAYS_LEFT: i64 = 9;

/// The running TLS endpoint.
pub(super) struct TlsEndpoint {
    /// Where it listens.
    pub(super) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for TlsEndpoint {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Writes the payments service's configuration. Its backend is the raw value that the control plane must never see.
pub(super) fn write_files(site: &Path, backend: &str) -> Result<(), DemoError> {
    fs::create_dir_all(site).doing("making the customer's site")?;
    let config =
        format!("# payments service\nlisten = 127.0.0.1:8443\nbackend = {backend}\nretries = 3\n");
    fs::write(site.join("payments.conf"), config).doing("writing payments.conf")
}

/// Makes the customer's root and a certificate that is about to expire, and answers TLS handshakes with it on a free port.
pub(super) async fn start_tls(site: &Path, now: OffsetDateTime) -> Result<TlsEndpoint, DemoError> {
    fs::create_dir_all(site).doing("making the customer's site")?;
    let config = server_config(site, now)?;
    let listener = TcpListener::bind("127.0.0.1:0").await.doing("opening the TLS endpoint")?;
    let address = listener.local_addr().doing("opening the TLS endpoint")?;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    #[expect(
        clippy::disallowed_methods,
        reason = "the demo is no function app: it plays the customer's server"
    )]
    let task = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // A client that goes away after the handshake has seen what it came for.
            drop(acceptor.accept(stream).await);
        }
    });
    Ok(TlsEndpoint { address, task })
}

fn server_config(site: &Path, now: OffsetDateTime) -> Result<ServerConfig, DemoError> {
    const DOING: &str = "making the TLS endpoint's certificate";
    let root_key = KeyPair::generate().doing(DOING)?;
    let mut root = CertificateParams::new(Vec::new()).doing(DOING)?;
    root.distinguished_name.push(DnType::CommonName, "Customer Root");
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    (root.not_before, root.not_after) = (now - Duration::days(3000), now + Duration::days(3000));
    let root_pem = root.self_signed(&root_key).doing(DOING)?.pem();
    let issuer = Issuer::new(root, root_key);

    let key = KeyPair::generate().doing(DOING)?;
    let mut leaf = CertificateParams::new(vec![SERVER_NAME.to_owned()]).doing(DOING)?;
    leaf.distinguished_name.push(DnType::CommonName, SERVER_NAME);
    (leaf.not_before, leaf.not_after) =
        (now - Duration::days(356), now + Duration::days(DAYS_LEFT));
    let certificate = leaf.signed_by(&key, &issuer).doing(DOING)?;
    fs::write(site.join("roots.pem"), root_pem).doing(DOING)?;

    let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .doing(DOING)?;
    builder
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .doing(DOING)
}
