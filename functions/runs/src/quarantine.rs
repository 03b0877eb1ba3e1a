//! Events that nobody can be held to: put aside where they touch no tenant's data, so that an operator can look, and never in unlimited number.

use std::time::Duration;

use domain::{TenantId, Timestamp};
use ports::Container;
use protocol::Digest;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Document, Housekeeping, HousekeepingKind, StoreError};

use crate::RunsState;

/// The most events that are kept: 1024 of at most 64 KiB.
const SLOTS: u16 = 1_024;
/// The longest event that is kept whole; of a longer one the digest is.
const BYTES_MAX: usize = 64 * 1024;
/// How many places are tried for one event.
const TRIES: u16 = 8;
const KEPT_FOR: Duration = Duration::from_hours(24 * 30);

/// An event that was put aside.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct QuarantinedEvent {
    slot: u16,
    sha256: Digest,
    /// The stable code of the refusal.
    code: String,
    received_at: Timestamp,
    /// The event, unless it is too long.
    event: Option<Value>,
}

impl QuarantinedEvent {
    fn id_of(slot: u16) -> String {
        format!("quarantined-{slot:04}")
    }
}

impl Document for QuarantinedEvent {
    const CONTAINER: Container = Container::Runs;
    const KIND: &'static str = "quarantined";
    const SHARD: &'static str = "h";

    fn id(&self) -> String {
        Self::id_of(self.slot)
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.received_at.plus(KEPT_FOR))
    }
}

/// Puts `event` aside in the system's own partition. When it is there already, or there is no room, nothing happens.
pub(crate) async fn put_aside(
    state: &RunsState,
    event: &Value,
    code: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let bytes = event.to_string();
    let sha256 = Digest::of(&bytes);
    let data = state.data(TenantId::SYSTEM, "quarantine");
    let kept = (bytes.len() <= BYTES_MAX).then(|| event.clone());
    let Digest([high, low, ..]) = sha256;
    for attempt in 0..TRIES {
        let slot = u16::from_be_bytes([high, low]).wrapping_add(attempt) % SLOTS;
        let record = QuarantinedEvent {
            slot,
            sha256,
            code: code.to_owned(),
            received_at: now,
            event: kept.clone(),
        };
        match data.keep(Housekeeping::new(HousekeepingKind::Quarantine).create(&record)).await {
            Err(StoreError::Exists) => {}
            other => return other,
        }
        let there = data.find::<QuarantinedEvent>(&QuarantinedEvent::id_of(slot)).await?;
        if there.is_some_and(|found| found.document.sha256 == sha256) {
            return Ok(());
        }
    }
    tracing::warn!(code, sha256 = %sha256, "the quarantine is full; an event was dropped");
    Ok(())
}
