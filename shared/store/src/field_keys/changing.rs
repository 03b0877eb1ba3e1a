//! What is due for a tenant's keys: fields sealed anew, keys wrapped anew, versions retired and destroyed.

use std::sync::Arc;

use domain::{TenantId, Timestamp};
use ports::{KeyPurpose, Ports};

use super::{FieldError, FieldKeys, Unused, held::Held, unused, version, wrapping};
use crate::{KeyringError, StoreError};

impl FieldKeys {
    /// The version under which every field of the tenant is to be sealed now, if there is an older one that something may still be sealed under.
    /// Makes the next version when the newest is a quarter of a year old; `None` for a tenant without any.
    ///
    /// # Errors
    /// As [`FieldError`] says.
    pub async fn reseals_to(&self, tenant: TenantId) -> Result<Option<u32>, FieldError> {
        let now = self.ports.clock.now();
        if !version::exists(&self.ports, self.purpose, tenant).await? {
            return Ok(None);
        }
        let keys = self.of(tenant, now).await?;
        let Some(target) = keys.settled(now) else { return Ok(None) };
        let unused = unused::below(&self.ports, self.purpose, tenant).await?;
        Ok(keys.0.keys().any(|older| (unused..target).contains(older)).then_some(target))
    }

    /// Notes that nothing of the tenant is sealed under a version below `version` any more: the older ones are destroyed after
    /// [`UNUSED_KEPT_FOR`](crate::UNUSED_KEPT_FOR). Noted twice is noted once.
    ///
    /// # Errors
    /// As [`FieldError`] says.
    pub async fn retire_below(&self, tenant: TenantId, version: u32) -> Result<(), FieldError> {
        let now = self.ports.clock.now();
        Ok(unused::note(&self.ports, self.purpose, tenant, version, now).await?)
    }

    /// The versions that are not wrapped by the current version of the key that should wrap them: ours, or the tenant's own.
    ///
    /// # Errors
    /// As [`FieldError`] says.
    pub async fn rewraps(&self, tenant: TenantId) -> Result<Vec<u32>, FieldError> {
        let own = self.own_keys(tenant).await?;
        let keys = wrapping::read(&self.ports, self.purpose, tenant, &own, None).await?;
        let mut due = Vec::new();
        for (number, version) in &keys.0 {
            if !wrapping::is_current(&self.ports, self.purpose, tenant, &own, version).await? {
                due.push(*number);
            }
        }
        Ok(due)
    }

    /// Wraps anew what is not wrapped by the current version of the key that should wrap it: ours, or the tenant's own. Which versions; none
    /// when there is nothing to do. Whoever is killed in between goes on where he was.
    ///
    /// # Errors
    /// As [`FieldError`] says.
    pub async fn rewrap(&self, tenant: TenantId) -> Result<Vec<u32>, FieldError> {
        let (ports, purpose, now) = (&self.ports, self.purpose, self.ports.clock.now());
        let own = self.own_keys(tenant).await?;
        let mut keys = wrapping::read(ports, purpose, tenant, &own, None).await?;
        let mut rewrapped = Vec::new();
        for version in keys.0.values_mut() {
            if !wrapping::is_current(ports, purpose, tenant, &own, version).await? {
                let again = wrapping::rewrap(ports, purpose, tenant, &own, version, now).await?;
                *version = Arc::new(again);
                rewrapped.push(version.key.version());
            }
        }
        if !keys.0.is_empty() {
            self.keep(tenant, Held { read_at: now, keys: Arc::new(keys) });
        }
        Ok(rewrapped)
    }

    /// Whether every version is wrapped by the tenant's current key, or by ours when it has none.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn is_rewrapped(&self, tenant: TenantId) -> Result<bool, FieldError> {
        let own = self.own_keys(tenant).await?;
        Ok(version::are_by(&self.ports, self.purpose, tenant, own.current.as_ref()).await?)
    }

    /// What can be destroyed of a tenant's keys at `now`; for the one app that may destroy it.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn unused(
        ports: &Ports,
        purpose: KeyPurpose,
        tenant: TenantId,
        now: Timestamp,
    ) -> Result<Unused, KeyringError> {
        unused::find(ports, purpose, tenant, now).await
    }

    /// Destroys every version of a tenant's key: what was sealed under them opens no more, for nobody. A process that still holds one forgets it
    /// within [`KEPT_FOR`](crate::KEPT_FOR). How many there were; with none left it does nothing.
    ///
    /// # Errors
    /// When storage fails, or the identity may not remove keys.
    pub async fn destroy(
        ports: &Ports,
        purpose: KeyPurpose,
        tenant: TenantId,
    ) -> Result<u64, StoreError> {
        Ok(version::destroy(ports, purpose, tenant).await?)
    }
}
