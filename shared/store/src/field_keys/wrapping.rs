//! Wrapping a version by the key that should wrap it, the tenant's own or ours, and unwrapping it.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::{TenantId, Timestamp};
use ports::{KeyPurpose, OwnKey, Ports};
use seal::FieldKey;
use secrecy::ExposeSecret as _;

use super::{
    KNOWN_AFTER, OwnKeys,
    version::{KIND, Record, create, document, last_wrapped, parse},
    versions::{TenantKeys, Version},
};
use crate::KeyringError;

/// Reads every version as it was wrapped last, and unwraps those that are not `known`.
pub(super) async fn read(
    ports: &Ports,
    purpose: KeyPurpose,
    tenant: TenantId,
    own: &OwnKeys,
    known: Option<&TenantKeys>,
) -> Result<TenantKeys, KeyringError> {
    let mut keys = TenantKeys::default();
    for record in last_wrapped(ports, purpose, tenant).await? {
        let known = known.and_then(|known| known.0.get(&record.version));
        // A customer is asked each time: their key may have been taken away since.
        let known = known.filter(|known| known.by.is_none() && known.wrapped == record.wrapped);
        keys.insert(match known {
            Some(known) => Arc::clone(known),
            None => Arc::new(unwrap(ports, purpose, tenant, own, record).await?),
        });
    }
    Ok(keys)
}

/// Makes the version after `newest`. Of two processes one makes it, and both use that one.
pub(super) async fn make(
    ports: &Ports,
    purpose: KeyPurpose,
    tenant: TenantId,
    own: &OwnKeys,
    newest: Option<&Version>,
    now: Timestamp,
) -> Result<Version, KeyringError> {
    let number = newest.map_or(1, |newest| newest.key.version() + 1);
    let active_from = if newest.is_some() { now.plus(KNOWN_AFTER) } else { now };
    let material = ports.randomness.bytes::<32>();
    let wrapped = wrap(ports, purpose, tenant, own, &material).await?;
    let record = Record {
        purpose,
        version: number,
        wrapped,
        created_at: now,
        active_from,
        wrapping: 0,
        wrapped_at: None,
        by: own.current.clone(),
    };
    let id = format!("{}-{number:06}", purpose.name());
    keep(ports, tenant, own, id, record).await
}

/// Wraps a version by the key that should wrap it. Of two processes one does, and both use that.
pub(super) async fn rewrap(
    ports: &Ports,
    purpose: KeyPurpose,
    tenant: TenantId,
    own: &OwnKeys,
    version: &Version,
    now: Timestamp,
) -> Result<Version, KeyringError> {
    let (number, wrapping) = (version.key.version(), version.wrapping + 1);
    let record = Record {
        purpose,
        version: number,
        wrapped: wrap(ports, purpose, tenant, own, version.key.material()).await?,
        created_at: version.created_at,
        active_from: version.active_from,
        wrapping,
        wrapped_at: Some(now),
        by: own.current.clone(),
    };
    // What does not open again is never stored: it would take the place of what does.
    let again = unwrap(ports, purpose, tenant, own, record.clone()).await?;
    if again.key.material() != version.key.material() {
        return Err(KeyringError::Unreadable(purpose.name()));
    }
    let id = format!("{}-{number:06}-w{wrapping:04}", purpose.name());
    keep(ports, tenant, own, id, record).await
}

/// Whether the current version of the key that should wrap it wrapped this version.
pub(super) async fn is_current(
    ports: &Ports,
    purpose: KeyPurpose,
    tenant: TenantId,
    own: &OwnKeys,
    version: &Version,
) -> Result<bool, KeyringError> {
    if version.by != own.current {
        return Ok(false);
    }
    let wrapped = STANDARD.decode(&version.wrapped);
    let wrapped = wrapped.map_err(|_| KeyringError::Unreadable(purpose.name()))?;
    let own = own.current.as_ref().map(|key| OwnKey { tenant, key });
    let is_current = ports.keys.is_current(purpose, own, &wrapped).await;
    is_current.map_err(|error| KeyringError::Key(purpose.name(), error))
}

async fn keep(
    ports: &Ports,
    tenant: TenantId,
    own: &OwnKeys,
    id: String,
    record: Record,
) -> Result<Version, KeyringError> {
    let purpose = record.purpose;
    let body =
        serde_json::to_string(&record).map_err(|_| KeyringError::Unreadable(purpose.name()))?;
    let stored = create(ports, tenant, document(KIND, id, purpose, body)).await?;
    unwrap(ports, purpose, tenant, own, parse(purpose, &stored.document.body)?).await
}

/// By the tenant's own key if it has one, and by ours if not; base64.
async fn wrap(
    ports: &Ports,
    purpose: KeyPurpose,
    tenant: TenantId,
    own: &OwnKeys,
    material: &[u8; 32],
) -> Result<String, KeyringError> {
    let wrapped = match &own.current {
        Some(key) => ports.keys.wrap_by(purpose, OwnKey { tenant, key }, material).await,
        None => ports.keys.wrap(purpose, material).await,
    };
    let wrapped = wrapped.map_err(|error| KeyringError::Key(purpose.name(), error))?;
    Ok(STANDARD.encode(wrapped))
}

async fn unwrap(
    ports: &Ports,
    purpose: KeyPurpose,
    tenant: TenantId,
    own: &OwnKeys,
    record: Record,
) -> Result<Version, KeyringError> {
    let unreadable = || KeyringError::Unreadable(purpose.name());
    let wrapped = STANDARD.decode(&record.wrapped).map_err(|_| unreadable())?;
    let material = match &record.by {
        // Whoever can write here could have wrapped keys of his own choice by a key of his own.
        Some(key) if !own.names(key) => return Err(KeyringError::Foreign(purpose.name())),
        Some(key) => ports.keys.unwrap_by(purpose, OwnKey { tenant, key }, &wrapped).await,
        None => ports.keys.unwrap(purpose, &wrapped).await,
    };
    let material = material.map_err(|error| KeyringError::Key(purpose.name(), error))?;
    let material = <[u8; 32]>::try_from(material.expose_secret()).map_err(|_| unreadable())?;
    let key = FieldKey::new(record.version, material);
    let Record { wrapped, wrapping, by, created_at, active_from, .. } = record;
    Ok(Version { key, wrapped, wrapping, by, created_at, active_from })
}
