//! A version of a tenant's key at rest: wrapped, create-only.

use std::collections::BTreeMap;

use domain::{CustomerKey, TenantId, Timestamp};
use ports::{
    CommitError, Container, KeyPurpose, NewDocument, PartitionKey, Ports, Query, REMOVALS_MAX,
    Refusal, StorageError, Stored, Write,
};
use serde::{Deserialize, Serialize};

use crate::KeyringError;

pub(super) const KIND: &str = "field-key";
/// More versions than a tenant gets in two centuries.
const VERSIONS_MAX: usize = 1000;

/// Shape: `{"purpose":"auth_fields","version":1,"wrapped":"<base64>","created_at":…,"active_from":…}`; wrapped anew, also `"wrapping":2`, and by
/// a key of the tenant's own `"by":{…}`.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct Record {
    pub(super) purpose: KeyPurpose,
    pub(super) version: u32,
    pub(super) wrapped: String,
    pub(super) created_at: Timestamp,
    pub(super) active_from: Timestamp,
    /// 0 as it was made, one more each time that it was wrapped anew.
    #[serde(default, skip_serializing_if = "is_first")]
    pub(super) wrapping: u32,
    /// When that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) wrapped_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) by: Option<CustomerKey>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_first(wrapping: &u32) -> bool {
    *wrapping == 0
}

/// Whether the tenant has a key at all.
pub(super) async fn exists(
    ports: &Ports,
    purpose: KeyPurpose,
    tenant: TenantId,
) -> Result<bool, KeyringError> {
    let versions = list(ports, purpose, tenant).await.map_err(CommitError::from)?;
    Ok(!versions.is_empty())
}

/// Whether every version is wrapped by `key`, or by ours without one.
pub(super) async fn are_by(
    ports: &Ports,
    purpose: KeyPurpose,
    tenant: TenantId,
    key: Option<&CustomerKey>,
) -> Result<bool, KeyringError> {
    let records = last_wrapped(ports, purpose, tenant).await?;
    Ok(records.iter().all(|record| record.by.as_ref() == key))
}

/// Each version as it was wrapped last.
pub(super) async fn last_wrapped(
    ports: &Ports,
    purpose: KeyPurpose,
    tenant: TenantId,
) -> Result<Vec<Record>, KeyringError> {
    let mut last = BTreeMap::<u32, Record>::new();
    for (_, record) in records(ports, purpose, tenant).await? {
        let before = last.get(&record.version).map(|before| before.wrapping);
        if before.is_none_or(|before| before <= record.wrapping) {
            last.insert(record.version, record);
        }
    }
    Ok(last.into_values().collect())
}

/// Every version as often as it was wrapped, each with the id of its document.
pub(super) async fn records(
    ports: &Ports,
    purpose: KeyPurpose,
    tenant: TenantId,
) -> Result<Vec<(String, Record)>, KeyringError> {
    let stored = list(ports, purpose, tenant).await.map_err(CommitError::from)?;
    let parse = |stored: Stored| {
        let record = parse(purpose, &stored.document.body)?;
        Ok((stored.document.id, record))
    };
    stored.into_iter().map(parse).collect()
}

/// Removes every version. How many there were.
pub(super) async fn destroy(
    ports: &Ports,
    purpose: KeyPurpose,
    tenant: TenantId,
) -> Result<u64, StorageError> {
    let versions = list(ports, purpose, tenant).await?;
    let ids: Vec<_> = versions.into_iter().map(|stored| stored.document.id).collect();
    let mut removed = 0;
    for some in ids.chunks(REMOVALS_MAX) {
        let (removal, partition) = (&ports.removal, partition(tenant));
        removed += removal.remove_documents(Container::Keyring, &partition, some).await?;
    }
    Ok(removed)
}

async fn list(
    ports: &Ports,
    purpose: KeyPurpose,
    tenant: TenantId,
) -> Result<Vec<Stored>, StorageError> {
    let query = Query {
        kind: KIND.to_owned(),
        k1: Some(purpose.name().to_owned()),
        limit: VERSIONS_MAX,
        ..Query::default()
    };
    let page = ports.documents.query(Container::Keyring, &partition(tenant), &query).await?;
    Ok(page.documents)
}

pub(super) fn document(kind: &str, id: String, purpose: KeyPurpose, body: String) -> NewDocument {
    let k1 = Some(purpose.name().to_owned());
    NewDocument { id, kind: kind.to_owned(), k1, k2: None, body, expires_at: None }
}

/// Creates the document, and reads what is there: another process may have been first, or an answer lost.
pub(super) async fn create(
    ports: &Ports,
    tenant: TenantId,
    made: NewDocument,
) -> Result<Stored, KeyringError> {
    let (partition, id) = (partition(tenant), made.id.clone());
    match ports.documents.commit(Container::Keyring, &partition, vec![Write::Create(made)]).await {
        Ok(_)
        | Err(
            CommitError::Refused { refusal: Refusal::Exists, .. }
            | CommitError::Storage(StorageError::Unavailable(_)),
        ) => {}
        Err(error) => return Err(error.into()),
    }
    let stored = ports.documents.read(Container::Keyring, &partition, &id).await;
    stored.map_err(CommitError::from)?.ok_or(KeyringError::Unreadable(KIND))
}

pub(super) fn parse(purpose: KeyPurpose, body: &str) -> Result<Record, KeyringError> {
    serde_json::from_str(body).map_err(|_| KeyringError::Unreadable(purpose.name()))
}

pub(super) fn partition(tenant: TenantId) -> PartitionKey {
    PartitionKey::new(tenant, "0")
}
