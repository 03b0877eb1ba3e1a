//! A day of the timer that looks after tenants' keys, where each tenant has its hour; and a quarter of a year of the one that looks after the key
//! of access records.

use std::time::Duration;

use domain::TenantId;
use ports::Identity;
use store::{
    KNOWN_AFTER, ROTATED_AFTER, Records, SETTLED_AFTER, StoreError, SystemCap, TenantRecord,
};

use crate::world::World;

impl World {
    /// Every tenant's turn comes once.
    pub async fn keys_story(&self) {
        for _hour in 0..24 {
            self.clock.advance(Duration::from_hours(1));
            self.tick("sweep_keys").await;
            self.drain().await;
        }
        self.clock.advance(ROTATED_AFTER);
        self.tick("rotate_record_keys").await;
        self.clock.advance(KNOWN_AFTER + SETTLED_AFTER);
        self.tick("rotate_record_keys").await;
        self.settle().await;
    }

    /// What a process of `runs` with these pins says to the tenant's record.
    ///
    /// # Errors
    /// Why it does not believe it.
    pub async fn reads_pinned(&self, tenant: TenantId, pinned: &[&str]) -> Result<(), StoreError> {
        let ports = self.store.ports(Identity::Runs);
        let pinned = pinned.iter().map(|pin| (*pin).to_owned()).collect();
        let records = Records::reading_pinned(&ports, pinned);
        #[expect(clippy::disallowed_methods, reason = "a test looks at what is stored")]
        let cap = SystemCap::mint(ports, None).with_records(records);
        cap.partition(tenant, "test").get::<TenantRecord>(TenantRecord::ID).await.map(|_| ())
    }
}
