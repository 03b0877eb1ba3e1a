//! Receipts of the sealer: that an event is in the log, for whoever waits for that.

use std::time::Duration;

use domain::{EventId, Timestamp};
use ports::Container;
use serde::{Deserialize, Serialize};

use crate::{Document, Housekeeping, HousekeepingKind, Partition, StoreError};

/// A receipt is kept for this long: who asks later asks the log.
const KEPT_FOR: Duration = Duration::from_hours(7 * 24);

/// Where an event is in the log. Made for events of kinds that are awaited ([`domain::EventKind::is_awaited`]).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Sealed {
    /// The event.
    pub event: EventId,
    /// The epoch of the log that its row is in.
    #[serde(default)]
    pub epoch: u64,
    /// The number of its row.
    pub seq: u64,
    /// The hash of its row, in lower-case hexadecimal.
    pub hash: String,
    /// When it was sealed.
    pub rx: Timestamp,
}

impl Document for Sealed {
    const CONTAINER: Container = Container::Sealed;
    const KIND: &'static str = "sealed";

    fn id(&self) -> String {
        self.event.to_string()
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.rx.plus(KEPT_FOR))
    }
}

impl Partition {
    /// The receipt for `event`; `None` when it is not sealed yet, and later than a week after it was.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn sealed(&self, event: EventId) -> Result<Option<Sealed>, StoreError> {
        Ok(self.find::<Sealed>(&event.to_string()).await?.map(|found| found.document))
    }

    /// Makes the receipt unless it is there: a second sealer says the same.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn receipt(&self, sealed: &Sealed) -> Result<(), StoreError> {
        let keep = Housekeeping::new(HousekeepingKind::Follower).create(sealed);
        match self.keep(keep).await {
            Ok(()) | Err(StoreError::Exists) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
