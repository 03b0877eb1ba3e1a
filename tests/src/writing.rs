//! Rows of the log as an app writes them, for tests of what becomes of rows, not of how they come.

use std::sync::Arc;

use domain::{Actor, AuditEvent, TenantId};
use ports::{Identity, KeyPurpose};
use store::{Change, IntentSource, Keyring, SystemCap};

use crate::world::World;

/// An app that writes, and the key of its intents.
pub type Writer = (Identity, KeyPurpose);

/// The app of accounts.
pub const AUTH: Writer = (Identity::Auth, KeyPurpose::AuthIntent);
/// The app of runs.
pub const RUNS: Writer = (Identity::Runs, KeyPurpose::RunsIntent);

impl World {
    /// Commits each event by itself, signed by `writer`; nothing is sealed.
    pub async fn write(
        &self,
        (identity, purpose): Writer,
        tenant: TenantId,
        actor: &Actor,
        events: impl IntoIterator<Item = AuditEvent>,
    ) {
        let ports = self.store.ports(identity);
        let keyring = Keyring::open(&ports).await.unwrap();
        let key = keyring.material(purpose).unwrap();
        let source = IntentSource::new(identity, key, Arc::clone(&ports.randomness));
        #[expect(clippy::disallowed_methods, reason = "a test writes as an app would")]
        let cap = SystemCap::mint(ports, Some(Arc::new(source)));
        let data = cap.partition(tenant, "test");
        for event in events {
            data.commit(actor, self.now(), Change::new(event)).await.unwrap();
        }
    }
}
