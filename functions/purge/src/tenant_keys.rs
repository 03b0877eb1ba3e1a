//! Destroying keys of tenants: all of them when the tenant is closed for good, and with them whatever was sealed under them (addresses, TOTP
//! secrets); one version when nothing is sealed under it any more.

use domain::{AuditEvent, EventKind, Target, TenantState, Timestamp};
use ports::{Container, KeyPurpose, PartitionKey, Ports, REMOVALS_MAX};
use serde::{Deserialize, Serialize};
use store::{Change, Document, FieldKeys, Partition, StoreError, TenantRecord};

use crate::tick::actor;

/// What wraps the keys that go with a tenant.
const PURPOSE: KeyPurpose = KeyPurpose::AuthFields;

/// That keys of a tenant were destroyed, so that it is recorded once.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Destroyed {
    purpose: KeyPurpose,
    /// Which version; `None` for all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<u32>,
    at: Timestamp,
}

impl Document for Destroyed {
    const CONTAINER: Container = Container::Purges;
    const KIND: &'static str = "destroyed-keys";

    fn id(&self) -> String {
        let name = self.purpose.name();
        match self.version {
            None => format!("destroyed-{name}"),
            Some(version) => format!("destroyed-{name}-{version:06}"),
        }
    }
}

/// Destroys the keys of a closed tenant, and then records it. How many versions there were.
///
/// Whoever is killed in between finds no key the next time, and records it then. A process that still looked for the keys may have made new
/// ones, which open nothing that was sealed before: they go too.
pub(crate) async fn destroy(
    ports: &Ports,
    data: &Partition,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let Some(tenant) = data.find::<TenantRecord>(TenantRecord::ID).await? else { return Ok(0) };
    match tenant.document.state {
        TenantState::Closed => {}
        TenantState::Active | TenantState::Suspended | TenantState::Closing => {
            return destroy_unused(ports, data, now).await;
        }
    }
    let versions = FieldKeys::destroy(ports, PURPOSE, data.tenant()).await?;
    record(data, None, now).await?;
    Ok(versions)
}

/// Destroys versions under which nothing has been sealed for long enough, each after the row that says so, and wrappings that a newer one took
/// the place of. How many versions there were.
async fn destroy_unused(
    ports: &Ports,
    data: &Partition,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let unused = FieldKeys::unused(ports, PURPOSE, data.tenant(), now).await;
    let unused = unused.map_err(|error| StoreError::Unavailable(error.to_string()))?;
    let mut versions = 0;
    for (version, ids) in &unused.versions {
        record(data, Some(*version), now).await?;
        remove(ports, data, ids).await?;
        versions += 1;
    }
    remove(ports, data, &unused.wrappings).await?;
    Ok(versions)
}

async fn remove(ports: &Ports, data: &Partition, ids: &[String]) -> Result<(), StoreError> {
    let partition = PartitionKey::new(data.tenant(), "0");
    for some in ids.chunks(REMOVALS_MAX) {
        ports.removal.remove_documents(Container::Keyring, &partition, some).await?;
    }
    Ok(())
}

/// Once for each version, and once for all of them.
async fn record(data: &Partition, version: Option<u32>, now: Timestamp) -> Result<(), StoreError> {
    let destroyed = Destroyed { purpose: PURPOSE, version, at: now };
    if data.find::<Destroyed>(&destroyed.id()).await?.is_some() {
        return Ok(());
    }
    let event = AuditEvent::new(EventKind::KeyDestroyed, Target::new("key", PURPOSE.name()));
    let event = match version {
        Some(version) => event.with("version", version),
        None => event,
    };
    let change = Change::new(event).create(&destroyed);
    match data.commit(&actor(), now, change).await {
        // Another invocation recorded it.
        Ok(_) | Err(StoreError::Exists) => Ok(()),
        Err(error) => Err(error),
    }
}
