//! What the handlers share.

use std::{num::NonZero, sync::Arc, thread::available_parallelism};

use domain::{Id, Kind, TenantId, Timestamp};
use ports::Randomness;
use store::{Partition, SystemCap};
use web::{Setup, SetupError};

use crate::{hasher::Hasher, keys::Keys};

/// What the handlers of `auth` share.
#[derive(Clone)]
pub struct AuthState {
    pub(crate) keys: Arc<Keys>,
    pub(crate) hasher: Hasher,
    pub(crate) deployment: Arc<str>,
    cap: SystemCap,
    randomness: Arc<dyn Randomness>,
}

impl AuthState {
    pub(crate) fn open(setup: &Setup) -> Result<Self, SetupError> {
        let keys = Arc::new(Keys::open(&setup.keyring)?);
        let cores = available_parallelism().map_or(1, NonZero::get);
        Ok(Self {
            hasher: Hasher::new(Arc::clone(&keys), cores),
            keys,
            deployment: setup.deployment.as_str().into(),
            cap: setup.cap.clone(),
            randomness: Arc::clone(&setup.ports.randomness),
        })
    }

    /// The data of the tenant that a ticket, a token or the look-up names.
    pub(crate) fn data(&self, tenant: TenantId) -> Partition {
        self.cap.partition(tenant, "sign-in")
    }

    pub(crate) fn random<const N: usize>(&self) -> [u8; N] {
        self.randomness.bytes()
    }

    pub(crate) fn id<K: Kind>(&self, now: Timestamp) -> Id<K> {
        self.randomness.id(now)
    }
}
