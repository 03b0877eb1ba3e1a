//! Published versions, as far as ingestion needs them: kept for seconds, so that a statement costs no read of its procedure.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use domain::{TenantId, Timestamp, ingest::CheckFact, procedure::Procedure};
use protocol::{Digest, dsse::PAYLOAD_MAX, strict_json};
use store::{Partition, StoreError};

use crate::procedures::VersionRecord;

/// A withdrawal in another process is seen within this time.
const FRESH_FOR: Duration = Duration::from_secs(10);
/// More than a busy process meets in that time.
const KEPT_MAX: usize = 1_000;

/// What a statement is compared with.
#[derive(Debug)]
pub(crate) struct PublishedVersion {
    /// Its checks, in ascending order.
    pub(crate) checks: Vec<CheckFact>,
    pub(crate) is_withdrawn: bool,
}

/// The versions that were looked at lately.
#[derive(Default)]
pub(crate) struct Versions {
    kept: Mutex<HashMap<(TenantId, Digest), Kept>>,
}

/// A version, and when it was read.
type Kept = (Timestamp, Arc<PublishedVersion>);

impl Versions {
    /// The version with this digest, if the tenant published it. What does not exist is not remembered: it may, at any moment.
    pub(crate) async fn published(
        &self,
        data: &Partition,
        digest: Digest,
        now: Timestamp,
    ) -> Result<Option<Arc<PublishedVersion>>, StoreError> {
        let key = (data.tenant(), digest);
        if let Some(kept) = self.fresh(&key, now) {
            return Ok(Some(kept));
        }
        let Some(found) = data.find::<VersionRecord>(&VersionRecord::id_of(&digest)).await? else {
            return Ok(None);
        };
        let version = Arc::new(published(&found.document)?);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(key, (now, Arc::clone(&version)));
        Ok(Some(version))
    }

    fn fresh(&self, key: &(TenantId, Digest), now: Timestamp) -> Option<Arc<PublishedVersion>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, version) = kept.get(key)?;
        (now.since(*at) < FRESH_FOR).then(|| Arc::clone(version))
    }

    /// Looks again the next time.
    pub(crate) fn forget(&self, tenant: TenantId, digest: &Digest) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).remove(&(tenant, *digest));
    }
}

fn published(record: &VersionRecord) -> Result<PublishedVersion, StoreError> {
    let unreadable = |error| StoreError::Unreadable(format!("version {}: {error}", record.digest));
    let procedure: Procedure =
        strict_json::parse(record.envelope.unverified_payload(), PAYLOAD_MAX)
            .map_err(unreadable)?;
    let mut checks: Vec<CheckFact> = procedure
        .checks()
        .map(|(step, check)| CheckFact {
            step: step.id.clone(),
            check: check.id.clone(),
            severity: check.severity,
            weight: check.weight,
        })
        .collect();
    checks.sort();
    Ok(PublishedVersion { checks, is_withdrawn: record.withdrawn.is_some() })
}
