//! What nothing needs any more of a tenant's keys: versions under which nothing is sealed, and wrappings that a newer one took the place of.

use std::{collections::BTreeMap, time::Duration};

use domain::{TenantId, Timestamp};
use ports::{CommitError, Container, KeyPurpose, Ports, Query};
use serde::{Deserialize, Serialize};

use super::{KNOWN_AFTER, version};
use crate::KeyringError;

/// How long a version is kept after nothing was sealed under it any more: longer than a backup of the fields is.
pub const UNUSED_KEPT_FOR: Duration = Duration::from_hours(24 * 35);

const KIND: &str = "field-key-unused";
const NOTES_MAX: usize = 1000;

/// Shape: `{"purpose":"auth_fields","below":2,"at":…}`.
#[derive(Deserialize, Serialize)]
struct Note {
    purpose: KeyPurpose,
    below: u32,
    at: Timestamp,
}

/// What can be destroyed of a tenant's keys. Versions go with their record in the log, wrappings without: the key that they wrap stays.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Unused {
    /// The ids of the documents of each version, by its number.
    pub versions: BTreeMap<u32, Vec<String>>,
    /// The ids of the documents of earlier wrappings.
    pub wrappings: Vec<String>,
}

/// Notes that nothing is sealed under a version below this one.
pub(super) async fn note(
    ports: &Ports,
    purpose: KeyPurpose,
    tenant: TenantId,
    below: u32,
    at: Timestamp,
) -> Result<(), KeyringError> {
    let body = serde_json::to_string(&Note { purpose, below, at });
    let body = body.map_err(|_| KeyringError::Unreadable(KIND))?;
    let id = format!("{}-unused-{below:06}", purpose.name());
    version::create(ports, tenant, version::document(KIND, id, purpose, body)).await?;
    Ok(())
}

/// Nothing is sealed under a version below this one; 0 when nobody knows.
pub(super) async fn below(
    ports: &Ports,
    purpose: KeyPurpose,
    tenant: TenantId,
) -> Result<u32, KeyringError> {
    let notes = notes(ports, purpose, tenant).await?;
    Ok(notes.iter().map(|note| note.below).max().unwrap_or_default())
}

/// What can be destroyed at `now`.
pub(super) async fn find(
    ports: &Ports,
    purpose: KeyPurpose,
    tenant: TenantId,
    now: Timestamp,
) -> Result<Unused, KeyringError> {
    let notes = notes(ports, purpose, tenant).await?;
    let over = notes.iter().filter(|note| note.at.plus(UNUSED_KEPT_FOR) <= now);
    let below = over.map(|note| note.below).max().unwrap_or_default();
    let records = version::records(ports, purpose, tenant).await?;
    // A wrapping that every process has read by now.
    let known = records.iter().filter(|(_, record)| {
        record.wrapped_at.is_some_and(|wrapped_at| wrapped_at.plus(KNOWN_AFTER) <= now)
    });
    let mut last_known = BTreeMap::<u32, u32>::new();
    for (_, record) in known {
        let last = last_known.entry(record.version).or_default();
        *last = (*last).max(record.wrapping);
    }
    let mut unused = Unused::default();
    for (id, record) in &records {
        if record.version < below {
            unused.versions.entry(record.version).or_default().push(id.clone());
        } else if last_known.get(&record.version).is_some_and(|last| record.wrapping < *last) {
            unused.wrappings.push(id.clone());
        }
    }
    Ok(unused)
}

async fn notes(
    ports: &Ports,
    purpose: KeyPurpose,
    tenant: TenantId,
) -> Result<Vec<Note>, KeyringError> {
    let query = Query {
        kind: KIND.to_owned(),
        k1: Some(purpose.name().to_owned()),
        limit: NOTES_MAX,
        ..Query::default()
    };
    let partition = version::partition(tenant);
    let page = ports.documents.query(Container::Keyring, &partition, &query).await;
    let page = page.map_err(CommitError::from)?;
    let parse = |body: &str| serde_json::from_str(body);
    let notes = page.documents.iter().map(|stored| parse(&stored.document.body));
    notes.collect::<Result<_, _>>().map_err(|_| KeyringError::Unreadable(KIND))
}
