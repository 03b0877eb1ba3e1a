//! What every request passes before its handler runs.

use std::{
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use async_trait::async_trait;
use domain::{RunnerId, TenantId, Timestamp, auth::PersonalToken};
use ports::Ports;
use protocol::key::PublicKey;
use store::{IntentSource, Partition, PublicKeys, Records, StoreError};
use tokio::sync::Mutex as Turn;

use crate::{ACR_TOKEN, AccessClaims, Cookies, TokenError, TokenVerifier, api_limit::Requests};

/// How often an unknown key is looked for, while none is known: `auth` may have started after us.
const FIRST_LOOK_EVERY: Duration = Duration::from_secs(1);
/// And afterwards: tokens with invented keys cost no storage (threat T38).
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// How old the keys may become that tokens are verified with; the next key is published a day before it signs.
const KEYS_KEPT: Duration = Duration::from_mins(10);

/// When the keys were looked for last.
#[derive(Default)]
struct Looks(Mutex<Option<Timestamp>>);

impl Looks {
    /// Whether the last look was so long ago, or in the future of a clock that was set back; then this is one.
    fn may(&self, every: Duration, now: Timestamp) -> bool {
        let mut looked_at = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let may = is_due(*looked_at, every, now);
        if may {
            *looked_at = Some(now);
        }
        may
    }

    /// The same; but it is none.
    fn might(&self, every: Duration, now: Timestamp) -> bool {
        is_due(*self.0.lock().unwrap_or_else(PoisonError::into_inner), every, now)
    }
}

fn is_due(looked_at: Option<Timestamp>, every: Duration, now: Timestamp) -> bool {
    looked_at.is_none_or(|at| now.since(at) >= every || now < at)
}

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
    records: Arc<Records>,
    /// The base URL that Runners sign, without a slash at its end; never taken from `Host`.
    pub(crate) public_url: Arc<str>,
    pub(crate) cookies: Cookies,
    /// How many proxies of ours a request passes.
    pub(crate) proxy_hops: u8,
    /// What tenants used of the requests that their plans include.
    pub(crate) requests: Arc<Requests>,
    deployment: Arc<str>,
    restore_epoch: u64,
    verifier: Arc<RwLock<Arc<TokenVerifier>>>,
    looks: Arc<Looks>,
    /// Held while keys are looked for.
    looking: Arc<Turn<()>>,
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
        let cookies = Cookies::of(public_url);
        let public_url = public_url.trim_end_matches('/').into();
        let records = Records::reading(&ports);
        Self {
            ports,
            source,
            runners,
            records,
            public_url,
            cookies,
            proxy_hops: 0,
            requests: Arc::default(),
            deployment: deployment.into(),
            restore_epoch: 0,
            verifier,
            looks: Arc::default(),
            looking: Arc::default(),
        }
    }

    /// The same, behind `hops` proxies of ours, each of which appends to `X-Forwarded-For` whom it saw.
    #[must_use]
    pub fn behind(self, hops: u8) -> Self {
        Self { proxy_hops: hops, ..self }
    }

    /// The same, in this restore epoch: tokens of another one are dead.
    #[must_use]
    pub fn in_restore_epoch(self, epoch: u64) -> Self {
        Self { restore_epoch: epoch, ..self }
    }

    /// The same, with records that are signed or were verified by `records`.
    #[must_use]
    pub fn with_records(self, records: Arc<Records>) -> Self {
        Self { records, ..self }
    }

    pub(crate) const fn restore_epoch(&self) -> u64 {
        self.restore_epoch
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
            Arc::clone(&self.records),
            tenant,
        )
    }

    /// The claims of a token that counts. Its keys are looked for when they are old, and when they do not have the token's.
    pub(crate) async fn claims(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<AccessClaims, TokenError> {
        if self.looks.might(KEYS_KEPT, now) {
            let _turn = self.looking.lock().await;
            if self.looks.may(KEYS_KEPT, now) {
                self.look(now).await;
            }
        }
        match self.current().verify(token, now) {
            Err(TokenError::UnknownKey) => self.look_again(token, now).await,
            other => other,
        }
    }

    /// Whoever comes while somebody else looks waits for what is found: of many first tokens of a process, one starts the look and all count.
    async fn look_again(&self, token: &str, now: Timestamp) -> Result<AccessClaims, TokenError> {
        let _turn = self.looking.lock().await;
        match self.current().verify(token, now) {
            Err(TokenError::UnknownKey) => {}
            other => return other,
        }
        let every = if self.current().knows_keys() { LOOK_EVERY } else { FIRST_LOOK_EVERY };
        if self.looks.may(every, now) {
            self.look(now).await;
        }
        self.current().verify(token, now)
    }

    /// Reads the public keys. If that fails, those that are known go on counting.
    async fn look(&self, now: Timestamp) {
        match PublicKeys::read(&self.ports).await {
            Ok(keys) => {
                let keys = keys.access_tokens(now).into_iter().map(|(_, jwk)| jwk);
                let fresh =
                    TokenVerifier::new(&self.deployment, keys).in_restore_epoch(self.restore_epoch);
                *self.verifier.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(fresh);
            }
            Err(error) => tracing::warn!(error = %error, "the keys of access tokens were not read"),
        }
    }

    /// What a personal access token says, in the words of an access token: nobody showed a second factor for it.
    pub(crate) fn claims_of(&self, token: &PersonalToken, tenant: TenantId) -> AccessClaims {
        AccessClaims {
            iss: self.deployment.to_string(),
            aud: self.deployment.to_string(),
            sub: token.user,
            tid: tenant,
            sid: None,
            act: None,
            scope: None,
            epo: token.epoch,
            rep: self.restore_epoch,
            acr: ACR_TOKEN.to_owned(),
            amr: Vec::new(),
            auth_time: 0,
            iat: token.created_at.unix_s(),
            nbf: token.created_at.unix_s(),
            exp: token.ends_at.unix_s(),
            jti: token.token.to_string(),
        }
    }

    fn current(&self) -> Arc<TokenVerifier> {
        Arc::clone(&self.verifier.read().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Threat T38: ten thousand tokens with invented keys in five minutes are ten looks.
    #[test]
    fn invented_keys_cost_a_look_every_half_minute() {
        let looks = Looks::default();
        let at = |n: i64| Timestamp::from_unix_us(n * 30_000);
        let count = (0..10_000).filter(|n| looks.may(LOOK_EVERY, at(*n))).count();
        assert_eq!(count, 10);
        let set_back = Timestamp::from_unix_s(-1_000);
        assert!(looks.may(LOOK_EVERY, set_back) && !looks.may(LOOK_EVERY, set_back));
    }
}
