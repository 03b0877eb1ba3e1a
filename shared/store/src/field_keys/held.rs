//! The versions that one process holds: read again now and then, made when it is time, forgotten when there are too many.

use std::{
    collections::BTreeMap,
    sync::{Arc, MutexGuard, PoisonError},
};

use domain::{TenantId, Timestamp};
use ports::KeyError;

use super::{FieldKeys, KEPT_FOR, OwnKeys, ROTATED_AFTER, own, versions::TenantKeys, wrapping};
use crate::KeyringError;

/// Tenants whose keys a process holds at once.
const TENANTS_MAX: usize = 1000;

/// A tenant's versions, and when they were read.
pub(super) struct Held {
    pub(super) read_at: Timestamp,
    pub(super) keys: Arc<TenantKeys>,
}

impl FieldKeys {
    /// A tenant's versions: at least one.
    pub(super) async fn of(
        &self,
        tenant: TenantId,
        now: Timestamp,
    ) -> Result<Arc<TenantKeys>, KeyringError> {
        let held = self.lock().get(&tenant).map(|held| (held.read_at, Arc::clone(&held.keys)));
        match held {
            Some((read_at, keys)) if now.since(read_at) < KEPT_FOR => Ok(keys),
            Some((_, known)) => self.read_again(tenant, Some(&known), now).await,
            None => self.read_again(tenant, None, now).await,
        }
    }

    /// Makes the first version, and the next when the newest is a quarter of a year old. The key store unwraps only what is not known yet.
    pub(super) async fn read_again(
        &self,
        tenant: TenantId,
        known: Option<&TenantKeys>,
        now: Timestamp,
    ) -> Result<Arc<TenantKeys>, KeyringError> {
        let own = self.own_keys(tenant).await?;
        let read = wrapping::read(&self.ports, self.purpose, tenant, &own, known).await;
        if matches!(read, Err(KeyringError::Key(_, KeyError::Withheld(_)))) {
            self.lock().remove(&tenant);
        }
        let mut keys = read?;
        if keys.newest().is_none_or(|newest| now.since(newest.created_at) >= ROTATED_AFTER) {
            let newest = keys.newest();
            let next = wrapping::make(&self.ports, self.purpose, tenant, &own, newest, now).await?;
            keys.insert(Arc::new(next));
        }
        let keys = Arc::new(keys);
        self.keep(tenant, Held { read_at: now, keys: Arc::clone(&keys) });
        Ok(keys)
    }

    /// The key that wraps the tenant's keys when it is not ours, as its record says.
    pub(super) async fn own_keys(&self, tenant: TenantId) -> Result<OwnKeys, KeyringError> {
        let Some(tenants) = &self.tenants else { return Ok(OwnKeys::default()) };
        own::read(tenants, tenant).await.map_err(KeyringError::Tenant)
    }

    /// Forgets the tenant that was read longest ago when there are too many.
    pub(super) fn keep(&self, tenant: TenantId, held: Held) {
        let mut all = self.lock();
        if all.len() >= TENANTS_MAX
            && let Some(oldest) =
                all.iter().min_by_key(|(_, held)| held.read_at).map(|(tenant, _)| *tenant)
        {
            all.remove(&oldest);
        }
        all.insert(tenant, held);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<TenantId, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
