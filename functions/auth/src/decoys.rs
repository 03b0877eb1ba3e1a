//! What stands for the account of an address that has none, so that an answer takes as long as for one that has (threat T04).
//!
//! There is a fixed number of them, so that nothing grows however many addresses are tried, and each try takes one by chance, so that few meet.

use std::iter::repeat_n;

use domain::{TenantId, Timestamp, auth::Email};
use ports::Container;
use serde::{Deserialize, Serialize};
use store::{Document, Found, Housekeeping, HousekeepingKind, Partition, StoreError};

use crate::AuthState;

/// How many there are.
const COUNT: u8 = 64;
/// About as much as a credential and the intent beside it.
const BYTES: usize = 3_000;

/// Is read and written where an account's credential would be.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Decoy {
    filling: String,
}

impl Decoy {
    const ID: &'static str = "decoy";
}

impl Document for Decoy {
    const CONTAINER: Container = Container::RateLimit;
    const KIND: &'static str = "decoy";

    fn id(&self) -> String {
        Self::ID.to_owned()
    }
}

/// The decoy of one try.
pub(crate) struct Decoys {
    data: Partition,
    /// In the place of the tenant of an address.
    tenant: TenantId,
}

impl Decoys {
    /// For a try with this address, if it is one.
    pub(crate) fn one(state: &AuthState, email: Option<&Email>) -> Self {
        let [chance] = state.random();
        let data = state.data(TenantId::SYSTEM).in_shard(format!("decoy-{:02}", chance % COUNT));
        Self { data, tenant: stand_in(email.map(|email| email.index(&state.keys.index))) }
    }

    /// In the place of reading the credential that a password is compared with.
    pub(crate) async fn read(&self) -> Result<(), StoreError> {
        self.data.find::<Decoy>(Decoy::ID).await.map(|_| ())
    }

    /// In the place of counting a wrong password: reads again, writes, and wakes the sealer, which finds nothing. Two who meet write once.
    pub(crate) async fn count(&self, now: Timestamp) -> Result<(), StoreError> {
        let decoy = Decoy { filling: repeat_n('x', BYTES).collect() };
        let attempt = Housekeeping::new(HousekeepingKind::Attempt);
        let attempt = match self.data.find::<Decoy>(Decoy::ID).await? {
            Some(Found { etag, .. }) => attempt.replace(&decoy, etag),
            None => attempt.create(&decoy),
        };
        match self.data.keep(attempt).await {
            Ok(()) | Err(StoreError::Conflict | StoreError::Exists) => {}
            Err(error) => return Err(error),
        }
        self.data.wake_as(self.tenant, now).await;
        Ok(())
    }
}

/// Nobody's tenant, and the same one at every try of an address: a tenant's sealer is woken twice a second at most, and if all addresses without
/// an account shared that, a try with one would say whether the next one has none, too. Its index begins with one of 64 letters, by a secret key.
fn stand_in(index: Option<String>) -> TenantId {
    let letter = index.and_then(|index| index.bytes().next()).unwrap_or_default();
    TenantId::from_u128(u128::MAX - u128::from(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_one_stand_in_and_few_share_it() {
        let of = |index: &str| stand_in(Some(index.to_owned()));
        assert_eq!(of("Abc"), of("Adef"));
        assert_ne!(of("Abc"), of("Bbc"));
        assert_ne!(of("Abc"), stand_in(None));
    }
}
