//! How often a stranger may try: a shield in memory before anything is read, then counters in the store, one for each thing that is counted.

use std::{
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    TenantId, Timestamp,
    auth::{Email, Level, Limit, LimitError, Taken},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use ports::Container;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use store::{Document, Housekeeping, HousekeepingKind, Partition, StoreError};
use web::Problem;
pub(crate) use web::too_many as refused;

use crate::AuthState;

/// How often a counter is tried against others who write it. Whoever loses that often is one of a flood.
const ATTEMPTS_MAX: u32 = 12;

/// One counter. Its partition is `[system, MAC of what is counted]`: no address is stored.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Counter {
    level: Level,
}

impl Counter {
    const ID: &'static str = "counter";
}

impl Document for Counter {
    const CONTAINER: Container = Container::RateLimit;
    const KIND: &'static str = "counter";

    fn id(&self) -> String {
        Self::ID.to_owned()
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.level.empty_at())
    }
}

/// The shield of one instance.
#[derive(Default)]
pub(crate) struct Shield(Mutex<Option<Level>>);

impl Shield {
    /// Takes one attempt.
    ///
    /// # Errors
    /// * [`LimitError`].
    pub(crate) fn take(&self, limit: Limit, now: Timestamp) -> Result<(), LimitError> {
        let mut level = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match limit.take(*level, now) {
            Taken::Within { level: next, .. } => {
                *level = Some(next);
                Ok(())
            }
            Taken::Over(error) => Err(error),
        }
    }
}

impl AuthState {
    /// Lets a login of this network address through, or says how long to wait. On one machine there is no address, and the shield alone counts.
    pub(crate) async fn limit_login(
        &self,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<(), Problem> {
        self.shield.take(Limit::LOGIN_INSTANCE, now).map_err(refused)?;
        let Some(address) = address else { return Ok(()) };
        let address = web::network(address).to_string();
        self.take(Limit::LOGIN_ADDRESS, &address, now).await?.map_err(refused)?;
        self.take(Limit::LOGIN_ADDRESS_HOUR, &address, now).await?.map_err(refused)
    }

    /// The same for letters that a stranger causes; whether this address gets one now, which the stranger is not told.
    pub(crate) async fn limit_letters(
        &self,
        address: Option<IpAddr>,
        email: &Email,
        now: Timestamp,
    ) -> Result<bool, Problem> {
        self.shield.take(Limit::LOGIN_INSTANCE, now).map_err(refused)?;
        if let Some(address) = address {
            let address = web::network(address).to_string();
            self.take(Limit::LETTERS_ADDRESS, &address, now).await?.map_err(refused)?;
        }
        Ok(self.take(Limit::LETTERS_EMAIL, email.as_str(), now).await?.is_ok())
    }

    /// Lets one more invitation of this tenant to this address through, or says how long to wait. The tenant's counter comes first: one that sent
    /// too many uses up nothing of what others may send to an address.
    pub(crate) async fn limit_invitations(
        &self,
        tenant: TenantId,
        email: &str,
        now: Timestamp,
    ) -> Result<(), Problem> {
        self.take(Limit::INVITATIONS_TENANT, &tenant.to_string(), now).await?.map_err(refused)?;
        self.take(Limit::INVITATIONS_EMAIL, email, now).await?.map_err(refused)
    }

    /// Takes one attempt of `what` from its counter. If the store is away, the shield has decided.
    async fn take(
        &self,
        limit: Limit,
        what: &str,
        now: Timestamp,
    ) -> Result<Result<(), LimitError>, Problem> {
        let counter = self.data(TenantId::SYSTEM).in_shard(self.counted(limit, what));
        match take(&counter, limit, now).await {
            Ok(taken) => Ok(taken),
            Err(StoreError::Unavailable(_) | StoreError::Throttled) => Ok(Ok(())),
            Err(error) => Err(error.into()),
        }
    }

    /// The name of a counter, under the key of the look-up of addresses: both find without storing.
    fn counted(&self, limit: Limit, what: &str) -> String {
        let mac = Hmac::<Sha256>::new_from_slice(self.keys.index.expose_secret()).map(|mut mac| {
            mac.update(format!("limit\0{}\0{what}", limit.name).as_bytes());
            mac.finalize().into_bytes()
        });
        URL_SAFE_NO_PAD.encode(mac.expect("HMAC takes keys of any length"))
    }
}

/// One attempt on what is stored: many at once are taken one after the other, so that not more pass than may (CVE-2024-1722).
async fn take(
    counter: &Partition,
    limit: Limit,
    now: Timestamp,
) -> Result<Result<(), LimitError>, StoreError> {
    let mut over = LimitError { wait: limit.period, limit };
    for _ in 0..ATTEMPTS_MAX {
        let found = counter.find::<Counter>(Counter::ID).await?;
        let level = match limit.take(found.as_ref().map(|found| found.document.level), now) {
            Taken::Within { level, .. } => level,
            Taken::Over(error) => return Ok(Err(error)),
        };
        let write = Housekeeping::new(HousekeepingKind::Attempt);
        let write = match found {
            Some(found) => write.replace(&Counter { level }, found.etag),
            None => write.create(&Counter { level }),
        };
        match counter.keep(write).await {
            Ok(()) => return Ok(Ok(())),
            Err(StoreError::Conflict | StoreError::Exists) => over.wait = limit.period,
            Err(error) => return Err(error),
        }
    }
    Ok(Err(over))
}
