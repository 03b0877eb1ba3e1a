//! A stand-in for Key Vault: <https://learn.microsoft.com/rest/api/keyvault/>.
//!
//! In scope: TLS, the challenge, tokens that are really verified, the rights of `ports::KEYS` and `ports::SECRETS`, keys and secrets with versions,
//! real cryptography, errors in the service's form, injected failures. Out of scope: deletion with recovery, certificates, policies of rotation,
//! HSM keys, other algorithms than RSA-OAEP-256 and ES256. Microsoft's JavaScript client must agree with it: `tests/interop/key-vault`.

pub mod alone;
mod answer;
mod caller;
mod key;
mod operation;
mod server;

use std::{
    collections::{BTreeMap, VecDeque},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ports::{KEYS, KeyPurpose};
use rustls::ServerConfig;
use tokio::{net::TcpListener, task::JoinSet};
use url::Url;

use crate::{certificates::Certificates, identity::Tokens};

pub use caller::ADMINISTRATOR;
pub use key::Kind;
use key::Version;

/// The audience of its tokens, and the resource of its challenge.
pub const RESOURCE: &str = "https://vault.azure.net";

/// The running stand-in; it ends with this value.
pub struct Vault {
    state: Arc<State>,
    tls: Arc<ServerConfig>,
    address: SocketAddr,
    serving: JoinSet<()>,
}

struct State {
    tokens: Arc<Tokens>,
    url: Url,
    stored: Mutex<Stored>,
}

/// What it holds, and what it was asked.
#[derive(Default)]
struct Stored {
    keys: BTreeMap<String, Vec<Version>>,
    secrets: BTreeMap<String, Vec<(String, String)>>,
    failures: VecDeque<u16>,
    calls: Vec<String>,
}

impl Vault {
    /// Listens on 127.0.0.1, empty.
    ///
    /// # Errors
    /// * No port, or certificates that cannot be used.
    pub async fn start(certificates: &Certificates, tokens: Arc<Tokens>) -> anyhow::Result<Self> {
        let tls = server::configure(certificates)?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let url = format!("https://{address}/").parse()?;
        let state = Arc::new(State { tokens, url, stored: Mutex::default() });
        let mut vault = Self { state, tls, address, serving: JoinSet::new() };
        vault.serve(listener);
        Ok(vault)
    }

    /// Where it is.
    pub fn url(&self) -> &Url {
        &self.state.url
    }

    /// Makes every key of the product, as the deployment does; RSA keys of `bits`.
    ///
    /// # Errors
    /// * The library made no key.
    pub fn make_product_keys(&self, bits: u32) -> anyhow::Result<()> {
        for (purpose, _) in KEYS {
            let kind = if purpose.is_kept() { Kind::P256 } else { Kind::Rsa(bits) };
            self.rotate(&key_name(*purpose), kind)?;
        }
        Ok(())
    }

    /// Gives a key a new version; makes the key if there is none.
    ///
    /// # Errors
    /// * The library made no key.
    pub fn rotate(&self, name: &str, kind: Kind) -> anyhow::Result<()> {
        let version = Version::new(kind)?;
        self.state.stored().keys.entry(name.to_owned()).or_default().push(version);
        Ok(())
    }

    /// Removes a key with all its versions.
    pub fn remove_key(&self, name: &str) {
        self.state.stored().keys.remove(name);
    }

    /// Gives a secret a new version.
    ///
    /// # Errors
    /// * No random number.
    pub fn set_secret(&self, name: &str, value: &str) -> anyhow::Result<()> {
        let version = key::version_name()?;
        let mut stored = self.state.stored();
        stored.secrets.entry(name.to_owned()).or_default().push((version, value.to_owned()));
        Ok(())
    }

    /// The next `count` requests are answered with `status`.
    pub fn fail_next(&self, count: usize, status: u16) {
        self.state.stored().failures.extend(std::iter::repeat_n(status, count));
    }

    /// Every request since the start, as `POST wrap-pepper/unwrapkey 200`.
    pub fn calls(&self) -> Vec<String> {
        self.state.stored().calls.clone()
    }

    /// Cuts every connection, and refuses new ones.
    pub async fn stop(&mut self) {
        self.serving.shutdown().await;
    }

    /// Listens again where it did before.
    ///
    /// # Errors
    /// * The port was taken meanwhile.
    pub async fn start_again(&mut self) -> anyhow::Result<()> {
        let listener = TcpListener::bind(self.address).await?;
        self.serve(listener);
        Ok(())
    }

    fn serve(&mut self, listener: TcpListener) {
        let (tls, state) = (Arc::clone(&self.tls), Arc::clone(&self.state));
        self.serving.spawn(server::serve(listener, tls, state));
    }
}

impl State {
    fn stored(&self) -> MutexGuard<'_, Stored> {
        self.stored.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The vault's name of a key, as the deployment makes it.
pub fn key_name(purpose: KeyPurpose) -> String {
    if purpose.is_kept() { purpose.name().to_owned() } else { format!("wrap-{}", purpose.name()) }
}
