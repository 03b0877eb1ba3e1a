//! The records that are there, each compared with what the log says of it.

use domain::{EventId, Timestamp};
use ports::{Container, Stored};
use serde_json::Value;
use store::{Document, Guard, Partition, StoreError, TenantRecord};

use super::{Verdict, told::Told};

/// Records of one tenant that are compared.
const RECORDS_MAX: usize = 10_000;

/// What comparing them gave.
pub(super) async fn verdicts(
    data: &Partition,
    told: &Told,
    now: Timestamp,
) -> Result<Vec<Verdict>, StoreError> {
    let (mut verdicts, mut cursor, mut count) = (Vec::new(), None, 0);
    while count < RECORDS_MAX {
        let changes = data.changes(Container::Access, "0", cursor.as_ref(), 200).await?;
        count += changes.documents.len();
        for stored in changes.documents {
            verdicts.extend(verdict(data, told, &stored, now).await?);
        }
        if !changes.more {
            break;
        }
        cursor = Some(changes.cursor);
    }
    Ok(verdicts)
}

async fn verdict(
    data: &Partition,
    told: &Told,
    stored: &Stored,
    now: Timestamp,
) -> Result<Option<Verdict>, StoreError> {
    let id = stored.document.id.as_str();
    let why = match stored.document.kind.as_str() {
        Guard::KIND => {
            read::<Guard>(data, id).await?.map_or(Some("refused"), |guard| told.differs(&guard))
        }
        TenantRecord::KIND => read::<TenantRecord>(data, id)
            .await?
            .map_or(Some("refused"), |tenant| told.differs_of(&tenant)),
        _ => None,
    };
    Ok(why.map(|why| Verdict::of(id, why, [told.changed_at(id), made_at(stored)], now)))
}

/// The record; `None` when its signature was refused.
async fn read<T: Document>(data: &Partition, id: &str) -> Result<Option<T>, StoreError> {
    match data.find::<T>(id).await {
        Ok(found) => Ok(found.map(|found| found.document)),
        Err(StoreError::Forged(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// When the event that a record names was made: its identifier says so (RFC 9562 §5.7).
fn made_at(stored: &Stored) -> Option<Timestamp> {
    let body: Value = serde_json::from_str(&stored.document.body).ok()?;
    let event: EventId = body.get("event")?.as_str()?.parse().ok()?;
    // The first 48 of its 128 bits are the milliseconds.
    let millis = i64::try_from(u128::from_be_bytes(event.to_bytes()) >> 80).ok()?;
    Some(Timestamp::from_unix_us(millis.saturating_mul(1000)))
}
