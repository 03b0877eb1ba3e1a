//! What the handlers share.

use std::sync::Arc;

use domain::{Id, Kind, TenantId, Timestamp};
use ports::{Clock, KeyPurpose, Ports, Randomness};
use protocol::{Name, key::Es256Key};
use store::{Partition, StoreError, SystemCap};
use web::{Setup, SetupError};

use crate::{
    chains::Chains, ingest::Included, keyset::Keyset, log_witness::LogWitness, versions::Versions,
};

/// What the handlers of `runs` share: keys that were unwrapped at start, and what is known already.
#[derive(Clone)]
pub struct RunsState {
    pub(crate) deployment: Name,
    pub(crate) receipt_key: Arc<Es256Key>,
    pub(crate) command_key: Arc<Es256Key>,
    pub(crate) keyset: Arc<Keyset>,
    pub(crate) chains: Arc<Chains>,
    pub(crate) versions: Arc<Versions>,
    /// What tenants' plans include.
    pub(crate) included: Arc<Included>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ports: Ports,
    /// Who else cosigns the logs of this deployment.
    pub(crate) witnesses: Arc<[LogWitness]>,
    cap: SystemCap,
    randomness: Arc<dyn Randomness>,
}

impl RunsState {
    pub(crate) fn open(setup: &Setup) -> Result<Self, SetupError> {
        let Setup { ports, keyring, cap, deployment, .. } = setup;
        let unusable =
            |_| StoreError::Unreadable(format!("{deployment} is no name for a deployment"));
        let deployment: Name = deployment.parse().map_err(unusable)?;
        let log_origin_prefix = format!("{deployment}/log/").parse().map_err(unusable)?;
        let root = keyring.es256(KeyPurpose::ControlPlaneRoot)?;
        Ok(Self {
            receipt_key: Arc::new(keyring.es256(KeyPurpose::Receipt)?),
            command_key: Arc::new(keyring.es256(KeyPurpose::Command)?),
            keyset: Arc::new(Keyset::new(
                ports.clone(),
                root,
                deployment.clone(),
                log_origin_prefix,
            )),
            chains: Arc::default(),
            versions: Arc::default(),
            included: Arc::default(),
            clock: Arc::clone(&ports.clock),
            ports: ports.clone(),
            witnesses: LogWitness::list(setup.witnesses.as_deref().unwrap_or_default())
                .map_err(|error| StoreError::Unreadable(error.to_string()))?
                .into(),
            deployment,
            cap: cap.clone(),
            randomness: Arc::clone(&ports.randomness),
        })
    }

    /// The data of the tenant that a token, a signature's hint or an event names, before it is known whether it may.
    pub(crate) fn data(&self, tenant: TenantId, job: &'static str) -> Partition {
        self.cap.partition(tenant, job)
    }

    pub(crate) fn random<const N: usize>(&self) -> [u8; N] {
        self.randomness.bytes()
    }

    pub(crate) fn id<K: Kind>(&self, now: Timestamp) -> Id<K> {
        self.randomness.id(now)
    }
}
