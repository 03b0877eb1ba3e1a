//! Customers' own keys, in vaults of theirs: the same operations, with the same identity, to which the customer gave `wrapKey`, `unwrapKey`
//! and `get` on one key, and from which it is taken away at any time.

use std::sync::Arc;

use azure_core::{Error, http::Url};
use azure_security_keyvault_keys::{
    KeyClient, KeyClientOptions, ResourceExt as _, models::KeyOperationResult,
};
use ports::{KeyError, OwnKey};
use secrecy::SecretSlice;

use super::{AzureKeys, Wrapped, rsa_oaep, wrapped};
use crate::{
    error::{Answer, place, reason},
    loopback::is_loopback,
};

/// Key Vault and Managed HSM. Elsewhere no token of ours is ever sent.
const SUFFIXES: [&str; 2] = [".vault.azure.net", ".managedhsm.azure.net"];

/// One key of one customer.
pub(super) struct OwnVault {
    client: KeyClient,
    vault: Url,
    name: String,
}

impl OwnVault {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// * [`KeyError::Unfit`]: it is in no vault of Azure; one on this machine serves only beside our own on this machine.
    pub(super) fn of(keys: &AzureKeys, own: OwnKey<'_>) -> Result<Self, KeyError> {
        const NOWHERE: KeyError = KeyError::Unfit("in no vault of Azure");
        let vault: Url = own.key.vault().parse().map_err(|_| NOWHERE)?;
        let is_here = is_loopback(&vault);
        if !may_reach(&vault, is_loopback(&keys.vault)) {
            return Err(NOWHERE);
        }
        let options =
            KeyClientOptions { verify_challenge_resource: Some(!is_here), ..keys.options.clone() };
        let client = KeyClient::new(vault.as_str(), Arc::clone(&keys.credential), Some(options));
        let client = client.map_err(|_| NOWHERE)?;
        Ok(Self { client, vault, name: own.key.name().to_owned() })
    }

    /// The version that wraps now.
    pub(super) async fn version(&self) -> Result<String, KeyError> {
        let key = self.client.get_key(&self.name, None).await;
        let key = key.map_err(|error| self.failed(&error))?;
        let key = key.into_model().map_err(|error| self.failed(&error))?;
        let version = key.resource_id().map_err(|_| self.unexpected())?.version;
        version.ok_or_else(|| self.unexpected())
    }

    pub(super) async fn wrap(&self, material: &[u8; 32]) -> Result<Vec<u8>, KeyError> {
        let failed = |error: Error| self.failed(&error);
        let input = rsa_oaep(material).map_err(failed)?;
        let answer = self.client.wrap_key(&self.name, input, None).await.map_err(failed)?;
        let (ciphertext, version) = self.result(answer.into_model().map_err(failed)?)?;
        Ok(Wrapped { version: &version, ciphertext: &ciphertext }.write())
    }

    pub(super) async fn unwrap(&self, wrapped: Wrapped<'_>) -> Result<SecretSlice<u8>, KeyError> {
        let failed = |error: Error| self.failed(&error);
        let input = rsa_oaep(wrapped.ciphertext).map_err(failed)?;
        let answer = self.client.unwrap_key(&self.name, wrapped.version, input, None).await;
        let answer = answer.map_err(|error| match Answer::of(&error) {
            Answer::Refused => KeyError::Invalid,
            Answer::Missing
            | Answer::NoToken
            | Answer::Denied
            | Answer::Conflict
            | Answer::None => failed(error),
        })?;
        let (material, _) = self.result(answer.into_model().map_err(failed)?)?;
        if material.len() == 32 { Ok(SecretSlice::from(material)) } else { Err(KeyError::Invalid) }
    }

    /// A key that is disabled, deleted or no longer ours to use: the customer's decision, and nobody's fault.
    fn failed(&self, error: &Error) -> KeyError {
        let why = format!("{}, key {}: {}", place(&self.vault), self.name, reason(error));
        match Answer::of(error) {
            Answer::Denied | Answer::NoToken | Answer::Missing | Answer::Refused => {
                KeyError::Withheld(why)
            }
            Answer::Conflict | Answer::None => KeyError::Unavailable(why),
        }
    }

    fn result(&self, answer: KeyOperationResult) -> Result<(Vec<u8>, String), KeyError> {
        let version = answer.resource_id().map_err(|_| self.unexpected())?.version;
        let version = version.filter(|version| wrapped::is_version(version));
        answer.result.zip(version).ok_or_else(|| self.unexpected())
    }

    fn unexpected(&self) -> KeyError {
        let place = place(&self.vault);
        KeyError::Unavailable(format!("{place}, key {}: not the answer of a vault", self.name))
    }
}

fn may_reach(vault: &Url, ours_is_here: bool) -> bool {
    let host = vault.host_str().unwrap_or_default();
    let is_azure = SUFFIXES.iter().any(|suffix| {
        host.strip_suffix(suffix).is_some_and(|name| !name.is_empty() && !name.contains('.'))
    });
    vault.scheme() == "https"
        && ((is_azure && vault.port().is_none()) || (ours_is_here && is_loopback(vault)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_to_vaults_of_azure_and_nowhere_else() {
        let reach = |url: &str, here| may_reach(&url.parse().unwrap(), here);
        assert!(reach("https://contoso.vault.azure.net", false));
        assert!(reach("https://contoso.managedhsm.azure.net", false));
        for url in [
            "https://vault.azure.net",
            "https://a.b.vault.azure.net",
            "https://contoso.vault.azure.net.evil.example",
            "https://contoso.vault.azure.net:8443",
            "https://169.254.169.254",
            "https://127.0.0.1:8443",
            "http://contoso.vault.azure.net",
        ] {
            assert!(!reach(url, false), "{url}");
        }
        assert!(reach("https://127.0.0.1:8443", true));
        assert!(!reach("https://169.254.169.254", true));
    }
}
