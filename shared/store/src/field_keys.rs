//! Each tenant's own keys for sealed fields: in versions, rotated without a pause, and gone with the tenant.
//!
//! ```text
//! wrapping key (key store) ─ wraps ─► version 1, 2, 3 … of a tenant's key ─ seals ─► fields (`seal`)
//! ```
//!
//! A version is one create-only document. It is written under only when every process knows it: each reads a tenant's versions again after
//! [`KEPT_FOR`], and a new version waits for twice that. So nothing has to be switched, and no field is sealed under a key that a reader
//! lacks; one that does lack it reads once more. Destroying a tenant's versions destroys every field of it, wherever copies of those lie; only a
//! backup of the keys themselves could bring them back, until it is over.

mod changing;
mod error;
mod held;
mod own;
mod unused;
mod version;
mod versions;
mod wrapping;

use std::{collections::BTreeMap, sync::Mutex, time::Duration};

use domain::TenantId;
use ports::{KeyPurpose, Ports};
use seal::{OpenError, Place};
use zeroize::Zeroizing;

use crate::{KeyringError, SystemCap};

pub use error::FieldError;
use held::Held;
pub use own::OwnKeys;
pub use unused::{UNUSED_KEPT_FOR, Unused};

/// How long a process uses the versions that it read.
pub const KEPT_FOR: Duration = Duration::from_mins(10);
/// How long a new version waits until fields are sealed under it.
pub const KNOWN_AFTER: Duration = Duration::from_mins(20);
/// How old the newest version gets before the next one is made: a quarter of a year.
pub const ROTATED_AFTER: Duration = Duration::from_hours(24 * 90);
/// How long a version counts before fields of older ones are sealed anew: whatever a request sealed under an older one is written by then.
pub const SETTLED_AFTER: Duration = Duration::from_hours(1);

/// The versions of tenants' keys that one process uses.
pub struct FieldKeys {
    ports: Ports,
    purpose: KeyPurpose,
    tenants: Option<SystemCap>,
    held: Mutex<BTreeMap<TenantId, Held>>,
}

impl FieldKeys {
    /// The keys that `purpose` wraps.
    pub fn new(ports: Ports, purpose: KeyPurpose) -> Self {
        Self { ports, purpose, tenants: None, held: Mutex::default() }
    }

    /// The same, where tenants may have keys of their own over theirs: which, is in the record that `tenants` gives access to.
    #[must_use]
    pub fn of_tenants(self, tenants: SystemCap) -> Self {
        Self { tenants: Some(tenants), ..self }
    }

    /// Seals `plaintext` for `place` under the tenant's newest version that everybody knows.
    ///
    /// # Errors
    /// As [`FieldError`] says.
    pub async fn seal(
        &self,
        tenant: TenantId,
        place: &Place<'_>,
        plaintext: &[u8],
    ) -> Result<Vec<u8>, FieldError> {
        let now = self.ports.clock.now();
        let keys = self.of(tenant, now).await?;
        let key = keys.active(now).ok_or(KeyringError::Unreadable(self.purpose.name()))?;
        let (salt, nonce) = (self.ports.randomness.bytes(), self.ports.randomness.bytes());
        Ok(seal::seal(key, place, salt, nonce, plaintext)?)
    }

    /// Opens what [`seal`](Self::seal) sealed, under whatever version it was.
    ///
    /// # Errors
    /// As [`FieldError`] says.
    pub async fn open(
        &self,
        tenant: TenantId,
        place: &Place<'_>,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, FieldError> {
        let version = seal::key_version(sealed)?;
        let mut keys = self.of(tenant, self.ports.clock.now()).await?;
        if keys.version(version).is_none() {
            // Another process made it since.
            keys = self.read_again(tenant, Some(&keys), self.ports.clock.now()).await?;
        }
        let key = keys.version(version).ok_or(OpenError::KeyVersion(version))?;
        Ok(seal::open(key, place, sealed)?)
    }

    /// Whether `sealed` should be sealed again, because a newer version counts.
    ///
    /// # Errors
    /// As [`FieldError`] says.
    pub async fn is_outdated(&self, tenant: TenantId, sealed: &[u8]) -> Result<bool, FieldError> {
        let now = self.ports.clock.now();
        let keys = self.of(tenant, now).await?;
        let version = seal::key_version(sealed)?;
        Ok(keys.active(now).is_some_and(|active| active.version() > version))
    }
}
