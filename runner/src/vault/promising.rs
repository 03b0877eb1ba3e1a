//! The keys by which apps promise rows: those that the root key lists, and those that it listed before. A line is held to the key that signed it.

use protocol::keyset::{ControlPlaneKeys, KeyUse, ListedKey};

use super::{Vault, VaultError};

const PROMISING: &str = "promising";

impl Vault {
    /// Those of `listed`, which are remembered, and all that were remembered before.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn promising(
        &self,
        listed: &ControlPlaneKeys,
    ) -> Result<Vec<ListedKey>, VaultError> {
        let mut known: Vec<ListedKey> = self.recall(PROMISING)?.unwrap_or_default();
        let before = known.len();
        for key in listed.keys.iter().filter(|key| key.usage == KeyUse::Intent) {
            if !known.contains(key) {
                known.push(key.clone());
            }
        }
        if known.len() > before {
            self.remember(PROMISING, &known)?;
        }
        Ok(known)
    }
}
