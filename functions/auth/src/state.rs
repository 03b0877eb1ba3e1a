//! What the handlers share.

use std::{num::NonZero, sync::Arc, thread::available_parallelism};

use domain::{Id, Kind, TenantId, Timestamp};
use ports::{Breaches, Clock, KeyPurpose, Mail, Queue, Randomness};
use store::{FieldKeys, Partition, SystemCap};
use web::{Cookies, Setup, SetupError};

use crate::{hasher::Hasher, keys::Keys, limits::Shield, signing_keys::SigningKeys};

/// What the handlers of `auth` share.
#[derive(Clone)]
pub struct AuthState {
    pub(crate) keys: Arc<Keys>,
    pub(crate) fields: Arc<FieldKeys>,
    pub(crate) wrapping: Arc<dyn ports::Keys>,
    pub(crate) hasher: Hasher,
    pub(crate) deployment: Arc<str>,
    pub(crate) mail: Arc<dyn Mail>,
    pub(crate) queue: Arc<dyn Queue>,
    pub(crate) breaches: Option<Arc<dyn Breaches>>,
    pub(crate) public_url: Arc<str>,
    pub(crate) cookies: Cookies,
    pub(crate) shield: Arc<Shield>,
    pub(crate) signing: Arc<SigningKeys>,
    pub(crate) restore_epoch: u64,
    pub(crate) clock: Arc<dyn Clock>,
    cap: SystemCap,
    randomness: Arc<dyn Randomness>,
}

impl AuthState {
    pub(crate) async fn open(setup: &Setup) -> Result<Self, SetupError> {
        let keys = Arc::new(Keys::open(&setup.ports, &setup.keyring, setup.restore_epoch).await?);
        let field_keys = FieldKeys::new(setup.ports.clone(), KeyPurpose::AuthFields)
            .of_tenants(setup.cap.clone());
        let cores = available_parallelism().map_or(1, NonZero::get);
        Ok(Self {
            hasher: Hasher::new(Arc::clone(&keys), cores),
            keys,
            fields: Arc::new(field_keys),
            wrapping: Arc::clone(&setup.ports.keys),
            deployment: setup.deployment.as_str().into(),
            mail: Arc::clone(&setup.ports.mail),
            queue: Arc::clone(&setup.ports.queue),
            breaches: setup.breaches.clone(),
            public_url: setup.public_url.as_str().into(),
            cookies: Cookies::of(&setup.public_url),
            shield: Arc::default(),
            signing: Arc::new(SigningKeys::open(&setup.ports).await?),
            restore_epoch: setup.restore_epoch,
            clock: Arc::clone(&setup.ports.clock),
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
