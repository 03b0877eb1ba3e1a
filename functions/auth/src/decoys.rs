//! What stands for the account of an address that has none, so that an answer takes as long as for one that has (threat T04).
//!
//! There is a fixed number of them, so that nothing grows however many addresses are tried, and each try takes one by chance, so that few meet.

use std::iter::repeat_n;

use domain::TenantId;
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
pub(crate) struct Decoys(Partition);

impl Decoys {
    pub(crate) fn one(state: &AuthState) -> Self {
        let [chance] = state.random();
        Self(state.data(TenantId::SYSTEM).in_shard(format!("decoy-{:02}", chance % COUNT)))
    }

    /// In the place of reading the credential that a password is compared with.
    pub(crate) async fn read(&self) -> Result<(), StoreError> {
        self.0.find::<Decoy>(Decoy::ID).await.map(|_| ())
    }

    /// In the place of counting a wrong password: reads again, and writes. Two who meet write once.
    pub(crate) async fn count(&self) -> Result<(), StoreError> {
        let decoy = Decoy { filling: repeat_n('x', BYTES).collect() };
        let attempt = Housekeeping::new(HousekeepingKind::Attempt);
        let attempt = match self.0.find::<Decoy>(Decoy::ID).await? {
            Some(Found { etag, .. }) => attempt.replace(&decoy, etag),
            None => attempt.create(&decoy),
        };
        match self.0.keep(attempt).await {
            Ok(()) | Err(StoreError::Conflict | StoreError::Exists) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
