//! Which epoch of a tenant's log is read and written.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use domain::{TenantId, Timestamp};
use store::{
    Partition, SignedHead, StoreError,
    signed::{self, Epoch},
};

use crate::State;

/// So long, what was found of a log counts. One that is rotated meanwhile shows its end, and the sealer looks again.
const KNOWN_FOR: Duration = Duration::from_secs(5);

/// The epochs that were asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Epochs(Arc<RwLock<BTreeMap<TenantId, Known>>>);

/// What was found of a log.
#[derive(Clone, Copy, Debug)]
struct Known {
    number: u64,
    /// The rotation to which that epoch belongs; `None` while nothing of it is signed.
    rotation: Option<u32>,
    at: Timestamp,
}

impl State {
    /// The data of `partition` with the epoch of its log that is current.
    pub(crate) async fn log(&self, partition: &Partition) -> Result<Partition, StoreError> {
        let now = self.ports.clock.now();
        let known = self.known_epoch(partition.tenant());
        let number = match known.filter(|known| now.since(known.at) < KNOWN_FOR) {
            Some(known) => known.number,
            None => self.epoch(partition).await?.number,
        };
        Ok(partition.in_epoch(number))
    }

    /// The current epoch, and what was signed of the one before when it is to begin because of it.
    pub(crate) async fn epoch(&self, partition: &Partition) -> Result<Epoch, StoreError> {
        let clock = &*self.ports.clock;
        let blobs = &*self.ports.blobs;
        let signed = SignedHead::read(blobs, partition.tenant()).await?.map(|(signed, _)| signed);
        let epoch = signed::epoch(blobs, partition, signed.as_ref(), self.restore, clock).await?;
        let signed = signed.filter(|signed| signed.epoch == epoch.number);
        let rotation = signed.map(|signed| signed.rotation);
        let found = Known { number: epoch.number, rotation, at: clock.now() };
        let mut known = self.epochs.0.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(partition.tenant(), found);
        Ok(epoch)
    }

    /// Whether a log may belong to an earlier rotation than the settings ask for: worth a look.
    pub(crate) fn may_be_rotated(&self, tenant: TenantId) -> bool {
        let rotation = self.known_epoch(tenant).and_then(|known| known.rotation);
        rotation.is_some_and(|rotation| rotation < self.rotation)
    }

    fn known_epoch(&self, tenant: TenantId) -> Option<Known> {
        self.epochs.0.read().unwrap_or_else(PoisonError::into_inner).get(&tenant).copied()
    }
}
