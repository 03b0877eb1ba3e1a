//! What every request passes before its handler runs.

use std::{
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use async_trait::async_trait;
use domain::{RunnerId, TenantId, Timestamp};
use ports::{KeyPurpose, Ports};
use protocol::key::PublicKey;
use store::{IntentSource, Partition, PublicKeys, StoreError};

use crate::{AccessClaims, TokenError, TokenVerifier};

/// How often unknown keys are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A Runner's key, as the app that keeps Runners knows it.
#[derive(Clone, Debug)]
pub struct RunnerKey {
    /// Whose.
    pub runner: RunnerId,
    /// The tenant of the key's record: the only place that says it.
    pub tenant: TenantId,
    /// Ed25519.
    pub key: PublicKey,
    /// Whether it was approved: a Runner that still waits may only ask for its configuration.
    pub is_active: bool,
    /// The shard of its runs, fixed at its enrolment.
    pub shard: String,
}

/// Finds a Runner's key.
#[async_trait]
pub trait RunnerKeys: Send + Sync {
    /// The key of `runner` in `tenant`; `None` when there is none, or it was revoked.
    async fn runner_key(
        &self,
        tenant: TenantId,
        runner: RunnerId,
    ) -> Result<Option<RunnerKey>, StoreError>;
}

/// What every request passes: who it is from, and what it then may reach.
#[derive(Clone)]
pub struct Gate {
    pub(crate) ports: Ports,
    pub(crate) source: Option<Arc<IntentSource>>,
    pub(crate) runners: Option<Arc<dyn RunnerKeys>>,
    /// The base URL that Runners sign, without a slash at its end; never taken from `Host`.
    pub(crate) public_url: Arc<str>,
    deployment: Arc<str>,
    verifier: Arc<RwLock<Arc<TokenVerifier>>>,
    looked_at: Arc<Mutex<Option<Timestamp>>>,
}

impl Gate {
    /// The gate of one app.
    pub fn new(
        ports: Ports,
        source: Option<Arc<IntentSource>>,
        runners: Option<Arc<dyn RunnerKeys>>,
        deployment: &str,
        public_url: &str,
    ) -> Self {
        let verifier = Arc::new(RwLock::new(Arc::new(TokenVerifier::new(deployment, []))));
        let public_url = public_url.trim_end_matches('/').into();
        Self {
            ports,
            source,
            runners,
            public_url,
            deployment: deployment.into(),
            verifier,
            looked_at: Arc::default(),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }

    pub(crate) fn partition(&self, tenant: TenantId) -> Partition {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place where a caller's partition is opened"
        )]
        Partition::open(
            Arc::clone(&self.ports.documents),
            Arc::clone(&self.ports.queue),
            self.source.clone(),
            tenant,
        )
    }

    /// The claims of a token that counts. A key that is not known yet is looked for once: `auth` may have started after us.
    pub(crate) async fn claims(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<AccessClaims, TokenError> {
        match self.current().verify(token, now) {
            Err(TokenError::UnknownKey) => {}
            other => return other,
        }
        if self.may_look(now)
            && let Ok(keys) = PublicKeys::read(&self.ports).await
        {
            let fresh = TokenVerifier::new(&self.deployment, keys.jwk(KeyPurpose::AccessToken));
            *self.verifier.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(fresh);
        }
        self.current().verify(token, now)
    }

    /// At most one look a second, so that tokens with invented keys cost no storage.
    fn may_look(&self, now: Timestamp) -> bool {
        let mut looked_at = self.looked_at.lock().unwrap_or_else(PoisonError::into_inner);
        let may = looked_at.is_none_or(|at| now.since(at) >= LOOK_EVERY || now < at);
        if may {
            *looked_at = Some(now);
        }
        may
    }

    fn current(&self) -> Arc<TokenVerifier> {
        Arc::clone(&self.verifier.read().unwrap_or_else(PoisonError::into_inner))
    }
}
