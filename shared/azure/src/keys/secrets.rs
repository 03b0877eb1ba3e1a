//! Secrets that somebody else gave us. Key Vault holds them; one identity reads each.

use std::sync::Arc;

use azure_core::{
    credentials::TokenCredential,
    http::{ClientOptions, Transport, Url},
};
use azure_security_keyvault_secrets::{SecretClient, SecretClientOptions};
use ports::Secret;
use secrecy::SecretString;

use super::{VAULT, refused};
use crate::{
    OpenError,
    endpoint::checked,
    error::place,
    loopback::is_loopback,
    retry::{client_options, client_options_over},
};

/// Reads secrets with the rights of one credential.
#[derive(Clone)]
pub struct VaultSecrets {
    client: Arc<SecretClient>,
    vault: Url,
}

impl VaultSecrets {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// * [`OpenError::Differs`]: the URL is none of a vault.
    pub fn connect(vault: &Url, credential: Arc<dyn TokenCredential>) -> Result<Self, OpenError> {
        Self::new(vault, credential, client_options()?)
    }

    /// The same over a transport of the caller's, within the same limits: for tests.
    ///
    /// # Errors
    /// * [`OpenError::Differs`]: the URL is none of a vault.
    pub fn over(
        vault: &Url,
        credential: Arc<dyn TokenCredential>,
        transport: Transport,
    ) -> Result<Self, OpenError> {
        Self::new(vault, credential, client_options_over(transport))
    }

    fn new(
        vault: &Url,
        credential: Arc<dyn TokenCredential>,
        client_options: ClientOptions,
    ) -> Result<Self, OpenError> {
        let options = SecretClientOptions {
            client_options,
            verify_challenge_resource: Some(!is_loopback(vault)),
            ..SecretClientOptions::default()
        };
        let vault = checked(vault, VAULT)?;
        let client = SecretClient::new(vault.as_str(), credential, Some(options))
            .map_err(|error| refused(&vault, &error))?;
        Ok(Self { client: Arc::new(client), vault })
    }

    /// The current version of a secret.
    ///
    /// # Errors
    /// * [`OpenError`]'s variants.
    pub async fn read(&self, secret: Secret) -> Result<SecretString, OpenError> {
        let what = format!("secret {}", secret.name());
        let refused = |error| OpenError::from_answer(&self.vault, &what, &error);
        let answer = self.client.get_secret(secret.name(), None).await.map_err(refused)?;
        // A body that cannot be read may hold the secret: the error says what is wrong, and the text is not quoted.
        let stored = answer.into_model().map_err(|error| OpenError::Unavailable {
            endpoint: place(&self.vault),
            why: format!("{what} is no JSON: {:?}", error.kind()),
        })?;
        let missing = || OpenError::Missing { endpoint: place(&self.vault), what: what.clone() };
        stored.value.filter(|value| !value.is_empty()).map(SecretString::from).ok_or_else(missing)
    }
}
