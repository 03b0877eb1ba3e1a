//! Keys in Key Vault.
//!
//! A wrapping key is the RSA key `wrap-<purpose>` and wraps by RSA-OAEP-256; a kept key is the P-256 key `<purpose>` and signs by ES256.
//! The vault is called when an app opens, when a kept key signs, and once for each tenant whose fields a process meets: see `store::Keyring` and
//! `store::FieldKeys`.

mod check;
mod own;
mod secrets;
mod wrapped;

use std::sync::Arc;

use async_trait::async_trait;
use azure_core::{
    Error,
    credentials::TokenCredential,
    http::{ClientOptions, RequestContent, Transport, Url},
};
use azure_security_keyvault_keys::{
    KeyClient, KeyClientOptions, ResourceExt as _,
    models::{
        EncryptionAlgorithm, Key, KeyOperationParameters, KeyOperationResult, SignParameters,
        SignatureAlgorithm,
    },
};
use ports::{Identity, KeptKey, KeyError, KeyPurpose, Keys, OwnKey, StoreSignature, rights};
use secrecy::SecretSlice;

use crate::{
    OpenError,
    endpoint::checked,
    error::{Answer, place, reason},
    loopback::is_loopback,
    retry::{client_options, client_options_over},
};

use own::OwnVault;
pub use secrets::VaultSecrets;
use wrapped::Wrapped;

/// The setting, for whoever must correct it.
const VAULT: &str = "PROOFLINE_AZURE_VAULT_URL";

/// The keys that one identity holds.
pub struct AzureKeys {
    client: KeyClient,
    vault: Url,
    identity: Identity,
    /// For vaults of customers.
    credential: Arc<dyn TokenCredential>,
    options: KeyClientOptions,
}

impl AzureKeys {
    /// Connects to nothing yet; see [`check`](Self::check).
    ///
    /// # Errors
    /// * [`OpenError::Differs`]: the URL is none of a vault.
    pub fn connect(
        vault: &Url,
        credential: Arc<dyn TokenCredential>,
        identity: Identity,
    ) -> Result<Self, OpenError> {
        Self::new(vault, credential, identity, client_options()?)
    }

    /// The same over a transport of the caller's, within the same limits: for tests.
    ///
    /// # Errors
    /// * [`OpenError::Differs`]: the URL is none of a vault.
    pub fn over(
        vault: &Url,
        credential: Arc<dyn TokenCredential>,
        identity: Identity,
        transport: Transport,
    ) -> Result<Self, OpenError> {
        Self::new(vault, credential, identity, client_options_over(transport))
    }

    fn new(
        vault: &Url,
        credential: Arc<dyn TokenCredential>,
        identity: Identity,
        client_options: ClientOptions,
    ) -> Result<Self, OpenError> {
        let options = KeyClientOptions {
            client_options,
            // A vault of this machine has no name below `vault.azure.net`; for every other the SDK compares.
            verify_challenge_resource: Some(!is_loopback(vault)),
            ..KeyClientOptions::default()
        };
        let vault = checked(vault, VAULT)?;
        let client = KeyClient::new(vault.as_str(), Arc::clone(&credential), Some(options.clone()))
            .map_err(|error| refused(&vault, &error))?;
        Ok(Self { client, vault, identity, credential, options })
    }

    /// The public half of a key's current version.
    async fn read(&self, purpose: KeyPurpose) -> Result<Key, Error> {
        self.client.get_key(&purpose.vault_name(), None).await?.into_model()
    }

    /// What an error means for an operation whose input is ours and right.
    fn failed(&self, purpose: KeyPurpose, error: &Error) -> KeyError {
        let (place, name) = (place(&self.vault), purpose.vault_name());
        match Answer::of(error) {
            Answer::Denied => KeyError::Denied(self.identity.name().to_owned()),
            Answer::NoToken => KeyError::Unavailable(format!(
                "no token that {place} accepts for {}: {}",
                self.identity.name(),
                reason(error)
            )),
            Answer::Missing => KeyError::Unavailable(format!(
                "{place} has no key {name}; it is made by the deployment (bicep/)"
            )),
            Answer::Conflict | Answer::Refused | Answer::None => {
                KeyError::Unavailable(format!("{place}, key {name}: {}", reason(error)))
            }
        }
    }

    /// What an error means where the input came from storage: a version or a ciphertext that the vault does not know is wrong input.
    async fn not_opened(&self, purpose: KeyPurpose, error: Error) -> KeyError {
        match Answer::of(&error) {
            Answer::Refused => KeyError::Invalid,
            // Either the version that the wrapped bytes name, or the key as a whole, which only the deployment can mend.
            Answer::Missing => match self.read(purpose).await {
                Ok(_) => KeyError::Invalid,
                Err(error) => self.failed(purpose, &error),
            },
            Answer::NoToken | Answer::Denied | Answer::Conflict | Answer::None => {
                self.failed(purpose, &error)
            }
        }
    }

    fn unexpected(&self, purpose: KeyPurpose, what: &str) -> KeyError {
        KeyError::Unavailable(format!(
            "{}, key {}: {what}",
            place(&self.vault),
            purpose.vault_name()
        ))
    }

    /// The bytes that an operation gave, and the version that gave them.
    fn result(
        &self,
        purpose: KeyPurpose,
        answer: KeyOperationResult,
    ) -> Result<(Vec<u8>, String), KeyError> {
        let unexpected = || self.unexpected(purpose, "the answer names no result and no version");
        let version = answer.resource_id().map_err(|_| unexpected())?.version;
        let version = version.filter(|version| wrapped::is_version(version));
        answer.result.zip(version).ok_or_else(unexpected)
    }
}

#[async_trait]
impl Keys for AzureKeys {
    async fn wrap(&self, purpose: KeyPurpose, material: &[u8; 32]) -> Result<Vec<u8>, KeyError> {
        rights::wrapping_key(self.identity, purpose)?;
        let failed = |error: Error| self.failed(purpose, &error);
        let input = rsa_oaep(material).map_err(failed)?;
        let answer =
            self.client.wrap_key(&purpose.vault_name(), input, None).await.map_err(failed)?;
        let (ciphertext, version) = self.result(purpose, answer.into_model().map_err(failed)?)?;
        Ok(Wrapped { version: &version, ciphertext: &ciphertext }.write())
    }

    async fn unwrap(
        &self,
        purpose: KeyPurpose,
        wrapped: &[u8],
    ) -> Result<SecretSlice<u8>, KeyError> {
        rights::wrapping_key(self.identity, purpose)?;
        let Wrapped { version, ciphertext } = Wrapped::read(wrapped)?;
        let failed = |error: Error| self.failed(purpose, &error);
        let input = rsa_oaep(ciphertext).map_err(failed)?;
        let answer = match self.client.unwrap_key(&purpose.vault_name(), version, input, None).await
        {
            Ok(answer) => answer.into_model().map_err(failed)?,
            Err(error) => return Err(self.not_opened(purpose, error).await),
        };
        let (material, _) = self.result(purpose, answer)?;
        if material.len() == 32 { Ok(SecretSlice::from(material)) } else { Err(KeyError::Invalid) }
    }

    async fn is_current(
        &self,
        purpose: KeyPurpose,
        own: Option<OwnKey<'_>>,
        wrapped: &[u8],
    ) -> Result<bool, KeyError> {
        rights::wrapping_key(self.identity, purpose)?;
        let Wrapped { version, .. } = Wrapped::read(wrapped)?;
        if let Some(own) = own {
            return Ok(OwnVault::of(self, own)?.version().await? == version);
        }
        let key = self.read(purpose).await.map_err(|error| self.failed(purpose, &error))?;
        let unexpected = || self.unexpected(purpose, "the answer names no version");
        let current = key.resource_id().map_err(|_| unexpected())?.version;
        Ok(current.ok_or_else(unexpected)? == version)
    }

    async fn wrap_by(
        &self,
        purpose: KeyPurpose,
        own: OwnKey<'_>,
        material: &[u8; 32],
    ) -> Result<Vec<u8>, KeyError> {
        rights::wrapping_key(self.identity, purpose)?;
        OwnVault::of(self, own)?.wrap(material).await
    }

    async fn unwrap_by(
        &self,
        purpose: KeyPurpose,
        own: OwnKey<'_>,
        wrapped: &[u8],
    ) -> Result<SecretSlice<u8>, KeyError> {
        rights::wrapping_key(self.identity, purpose)?;
        OwnVault::of(self, own)?.unwrap(Wrapped::read(wrapped)?).await
    }

    async fn sign(
        &self,
        purpose: KeyPurpose,
        digest: &[u8; 32],
    ) -> Result<StoreSignature, KeyError> {
        rights::kept_key(self.identity, purpose)?;
        let failed = |error: Error| self.failed(purpose, &error);
        let input = SignParameters {
            algorithm: Some(SignatureAlgorithm::Es256),
            value: Some(digest.to_vec()),
        };
        let input = input.try_into().map_err(failed)?;
        let answer = self.client.sign(&purpose.vault_name(), input, None).await.map_err(failed)?;
        let (signature, version) = self.result(purpose, answer.into_model().map_err(failed)?)?;
        let signature = signature
            .try_into()
            .map_err(|_| self.unexpected(purpose, "the signature is not one of ES256"))?;
        Ok(StoreSignature { signature, version })
    }

    async fn public(&self, purpose: KeyPurpose) -> Result<KeptKey, KeyError> {
        rights::kept_key(self.identity, purpose)?;
        let key = self.read(purpose).await.map_err(|error| self.failed(purpose, &error))?;
        let unexpected = || self.unexpected(purpose, "the key is not one of P-256");
        let version = key.resource_id().map_err(|_| unexpected())?.version;
        let coordinate = |bytes: Option<Vec<u8>>| bytes.and_then(|bytes| bytes.try_into().ok());
        let point = key.key.unwrap_or_default();
        let (Some(x), Some(y), Some(version)) = (coordinate(point.x), coordinate(point.y), version)
        else {
            return Err(unexpected());
        };
        Ok(KeptKey { x, y, version })
    }
}

fn rsa_oaep(value: &[u8]) -> Result<RequestContent<KeyOperationParameters>, Error> {
    let parameters = KeyOperationParameters {
        algorithm: Some(EncryptionAlgorithm::RsaOaep256),
        value: Some(value.to_vec()),
        ..KeyOperationParameters::default()
    };
    parameters.try_into()
}

fn refused(vault: &Url, error: &Error) -> OpenError {
    let is = format!("{} ({})", place(vault), reason(error));
    OpenError::Differs { what: VAULT.to_owned(), is, should: "the URL of a Key Vault".to_owned() }
}
