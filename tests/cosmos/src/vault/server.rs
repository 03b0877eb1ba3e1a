//! TLS and HTTP/1.1, so that stopping cuts connections, too.

use std::{sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

use super::{State, operation};
use crate::certificates::Certificates;

const HANDSHAKE_MAX: Duration = Duration::from_secs(10);

pub(super) fn configure(certificates: &Certificates) -> anyhow::Result<Arc<ServerConfig>> {
    let chain =
        CertificateDer::pem_file_iter(&certificates.certificate)?.collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_file(&certificates.key)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok(Arc::new(config))
}

/// Accepts until it is aborted; its connections end with it.
pub(super) async fn serve(listener: TcpListener, tls: Arc<ServerConfig>, state: Arc<State>) {
    let router = Router::new().fallback(operation::answer).with_state(state);
    let acceptor = TlsAcceptor::from(tls);
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(connection(acceptor.clone(), stream, router.clone()));
        while connections.try_join_next().is_some() {}
    }
}

/// A client that goes away or speaks no TLS is its own business.
async fn connection(acceptor: TlsAcceptor, stream: TcpStream, router: Router) {
    // Otherwise every other start of an app waits 40 ms for an acknowledgement.
    stream.set_nodelay(true).ok();
    let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE_MAX, acceptor.accept(stream)).await else {
        return;
    };
    let service = TowerToHyperService::new(router);
    if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await
    {
        tracing::debug!(%error, "a connection to the vault ended");
    }
}
