//! A vault with certificates and tokens of its own, for tests that need nothing else.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use azure::{AzureKeys, VaultSecrets};
use azure_core::{
    Error, Result,
    credentials::{AccessToken, TokenCredential, TokenRequestOptions},
    error::ErrorKind,
    http::Transport,
    time::{Duration, OffsetDateTime},
};
use ports::{Identity, Secret};
use tempfile::TempDir;

use super::Vault;
use crate::{
    certificates::Certificates,
    identity::{Tokens, Trouble, client_id},
};

/// What the mail secret says.
pub const MAIL_PASSWORD: &str = "correct horse battery staple";

/// The vault, and who issues tokens for it.
pub struct Alone {
    /// With every key of the product, and its secret.
    pub vault: Vault,
    /// Issues its tokens.
    pub tokens: Arc<Tokens>,
    /// Its certificate, and who signed it.
    pub certificates: Certificates,
    transport: Transport,
    folder: TempDir,
}

impl Alone {
    /// Starts it. RSA keys have 2,048 bits, which are faster to make than the deployment's.
    ///
    /// # Errors
    /// * What did not start.
    pub async fn start() -> anyhow::Result<Self> {
        let folder = TempDir::with_prefix("vault-")?;
        let certificates = Certificates::make(folder.path())?;
        let tokens = Arc::new(Tokens::new()?);
        let vault = Vault::start(&certificates, Arc::clone(&tokens)).await?;
        vault.make_product_keys(2048)?;
        vault.set_secret(Secret::MailPassword.name(), MAIL_PASSWORD)?;
        let authority = reqwest::Certificate::from_pem(&std::fs::read(&certificates.authority)?)?;
        let client = reqwest::Client::builder().tls_certs_only([authority]).build()?;
        let transport = Transport::new(Arc::new(client));
        Ok(Self { vault, tokens, certificates, transport, folder })
    }

    /// A folder that ends with this value.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Trusts the vault's certificate and no other.
    pub fn transport(&self) -> Transport {
        self.transport.clone()
    }

    /// Whoever has this client id.
    pub fn issued(&self, client_id: &str) -> Arc<Issued> {
        Issued::new(Arc::clone(&self.tokens), client_id)
    }

    /// The keys of an app, with its own credential.
    ///
    /// # Errors
    /// * None that is known.
    pub fn keys(&self, identity: Identity) -> anyhow::Result<AzureKeys> {
        self.keys_as(identity, self.issued(client_id(identity)))
    }

    /// The keys of an app, with somebody's credential.
    ///
    /// # Errors
    /// * None that is known.
    pub fn keys_as(&self, identity: Identity, who: Arc<Issued>) -> anyhow::Result<AzureKeys> {
        Ok(AzureKeys::over(self.vault.url(), who, identity, self.transport())?)
    }

    /// The secrets, with an app's own credential.
    ///
    /// # Errors
    /// * None that is known.
    pub fn secrets(&self, identity: Identity) -> anyhow::Result<VaultSecrets> {
        let who = self.issued(client_id(identity));
        Ok(VaultSecrets::over(self.vault.url(), who, self.transport())?)
    }
}

/// Tokens straight from the issuer, good or bad.
pub struct Issued {
    tokens: Arc<Tokens>,
    client_id: String,
    trouble: Mutex<Trouble>,
}

impl Issued {
    /// The credential of whoever has this client id.
    pub fn new(tokens: Arc<Tokens>, client_id: &str) -> Arc<Self> {
        Arc::new(Self { tokens, client_id: client_id.to_owned(), trouble: Mutex::default() })
    }

    /// What is given from now on. A bad token looks good to whoever asked for it: it says that it lives for an hour.
    pub fn give(&self, trouble: Trouble) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }
}

impl fmt::Debug for Issued {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Issued").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

#[async_trait]
impl TokenCredential for Issued {
    async fn get_token(
        &self,
        scopes: &[&str],
        _: Option<TokenRequestOptions<'_>>,
    ) -> Result<AccessToken> {
        let trouble = *self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = |why: &str| Error::with_message(ErrorKind::Credential, why.to_owned());
        if trouble == Trouble::Fails {
            return Err(refused("the issuer was told to fail"));
        }
        let resource = scopes.first().copied().unwrap_or_default().trim_end_matches("/.default");
        let issued = self.tokens.issue(&self.client_id, resource, trouble);
        let (token, _) = issued.map_err(|error| refused(&error.to_string()))?;
        Ok(AccessToken::new(token, OffsetDateTime::now_utc() + Duration::hours(1)))
    }
}
