//! Whether the deployment made the keys that an identity holds, and as they should be.

use azure_security_keyvault_keys::models::{CurveName, JsonWebKey, KeyType};
use ports::{KEYS, KeyPurpose};

use crate::{
    OpenError,
    error::{Answer, place},
};

use super::AzureKeys;

/// 2,048 bits; the deployment makes 3,072.
const RSA_BYTES_MIN: usize = 256;

impl AzureKeys {
    /// Reads the public half of each key that the identity holds. Every key that is missing is named at once.
    ///
    /// # Errors
    /// * [`OpenError::Missing`], [`OpenError::Differs`], or what kept us from looking.
    pub async fn check(&self) -> Result<(), OpenError> {
        let held = KEYS.iter().filter(|(_, holder)| *holder == self.identity);
        let looks = held.map(|(purpose, _)| self.look(*purpose));
        let mut missing = Vec::new();
        for seen in futures::future::join_all(looks).await {
            missing.extend(seen?);
        }
        if missing.is_empty() {
            return Ok(());
        }
        Err(OpenError::Missing { endpoint: place(&self.vault), what: missing.join(", ") })
    }

    /// The key's description when it does not exist.
    async fn look(&self, purpose: KeyPurpose) -> Result<Option<String>, OpenError> {
        let what = format!("key {}", purpose.vault_name());
        match self.read(purpose).await {
            Ok(key) => fits(purpose, &what, &key.key.unwrap_or_default()).map(|()| None),
            Err(error) if Answer::of(&error) == Answer::Missing => Ok(Some(what)),
            Err(error) => Err(OpenError::from_answer(&self.vault, &what, &error)),
        }
    }
}

fn fits(purpose: KeyPurpose, what: &str, key: &JsonWebKey) -> Result<(), OpenError> {
    let bytes = key.n.as_ref().map_or(0, Vec::len);
    let is_rsa = matches!(key.kty, Some(KeyType::Rsa | KeyType::RsaHsm)) && bytes >= RSA_BYTES_MIN;
    let is_p256 = matches!(key.kty, Some(KeyType::Ec | KeyType::EcHsm))
        && matches!(key.crv, Some(CurveName::P256));
    let (fits, should) = if purpose.is_kept() {
        (is_p256, "an EC key on P-256")
    } else {
        (is_rsa, "an RSA key of 2,048 bits or more")
    };
    if fits {
        return Ok(());
    }
    let kind = key.kty.as_ref().map_or("unknown", AsRef::as_ref);
    let is = format!("of kind {kind} with {} bits of modulus", bytes * 8);
    Err(OpenError::Differs { what: what.to_owned(), is, should: should.to_owned() })
}
