//! What guards read, remembered for a few seconds: every request asks who is asking, and the promise is that a revocation takes effect within ten.
//!
//! What this process writes itself it does not remember from before.

use std::{
    any::Any,
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::{TenantId, Timestamp};

/// Half of the promised ten seconds.
pub(crate) const KEPT: Duration = Duration::from_secs(5);
/// Records that are remembered: beyond, all are forgotten.
const REMEMBERED_MAX: usize = 10_000;

type Record = Arc<dyn Any + Send + Sync>;

/// The records of one tenant.
#[derive(Default)]
struct OfTenant {
    /// How often this process wrote them.
    writes: u64,
    records: HashMap<(&'static str, String), (Timestamp, Record)>,
}

#[derive(Default)]
struct Remembered {
    tenants: HashMap<TenantId, OfTenant>,
    /// At least as many as there are.
    count: usize,
}

/// What one process remembers.
#[derive(Default)]
pub(crate) struct Recent(Mutex<Remembered>);

/// A record that is to be read: if this process writes in between, what was read is not remembered.
pub(crate) struct Missing {
    tenant: TenantId,
    name: (&'static str, String),
    writes: u64,
}

impl Recent {
    /// The record, if it was read less than [`KEPT`] ago.
    pub(crate) fn recall<T: Send + Sync + 'static>(
        &self,
        tenant: TenantId,
        (kind, id): (&'static str, &str),
        now: Timestamp,
    ) -> Result<Arc<T>, Missing> {
        let all = self.all();
        let (of, name) = (all.tenants.get(&tenant), (kind, id.to_owned()));
        let writes = of.map_or(0, |of| of.writes);
        let kept = of.and_then(|of| of.records.get(&name));
        // A clock that was set back makes nothing younger.
        let young = kept.filter(|(read_at, _)| now >= *read_at && now.since(*read_at) < KEPT);
        let record = young.and_then(|(_, record)| Arc::downcast(Arc::clone(record)).ok());
        record.ok_or(Missing { tenant, name, writes })
    }

    /// Remembers what was read.
    pub(crate) fn remember<T: Send + Sync + 'static>(
        &self,
        Missing { tenant, name, writes }: Missing,
        record: &Arc<T>,
        now: Timestamp,
    ) {
        let mut all = self.all();
        if all.count >= REMEMBERED_MAX {
            *all = Remembered::default();
        }
        all.count += 1;
        let of = all.tenants.entry(tenant).or_default();
        if of.writes == writes {
            let record: Record = Arc::<T>::clone(record);
            of.records.insert(name, (now, record));
        }
    }

    /// This process writes records of `tenant`, or just did.
    pub(crate) fn forget(&self, tenant: TenantId) {
        let mut all = self.all();
        let of = all.tenants.entry(tenant).or_default();
        of.writes = of.writes.wrapping_add(1);
        of.records.clear();
    }

    fn all(&self) -> MutexGuard<'_, Remembered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: TenantId = TenantId::from_u128(1);

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_unix_us(ms * 1_000)
    }

    fn recall(recent: &Recent, id: &str, ms: i64) -> Option<u32> {
        recent.recall::<u32>(ONE, ("guard", id), at(ms)).ok().map(|record| *record)
    }

    fn with_one() -> Recent {
        let recent = Recent::default();
        let missing = recent.recall::<u32>(ONE, ("guard", "a"), at(10_000)).unwrap_err();
        recent.remember(missing, &Arc::new(7_u32), at(10_000));
        recent
    }

    #[test]
    fn a_record_is_remembered_for_five_seconds_and_under_its_own_name() {
        let recent = with_one();
        assert_eq!(recall(&recent, "a", 10_000), Some(7));
        assert_eq!(recall(&recent, "a", 14_999), Some(7));
        assert_eq!(recall(&recent, "a", 15_000), None);
        assert_eq!(recall(&recent, "a", 9_999), None, "a clock that was set back");
        assert_eq!(recall(&recent, "b", 10_000), None);
        assert!(recent.recall::<u32>(ONE, ("tenant", "a"), at(10_000)).is_err());
        assert!(recent.recall::<u32>(TenantId::from_u128(2), ("guard", "a"), at(10_000)).is_err());
        assert!(recent.recall::<u64>(ONE, ("guard", "a"), at(10_000)).is_err(), "another type");
    }

    #[test]
    fn what_this_process_writes_is_not_remembered_from_before() {
        let recent = with_one();
        recent.forget(ONE);
        assert_eq!(recall(&recent, "a", 10_000), None);
        let begun = recent.recall::<u32>(ONE, ("guard", "a"), at(10_000)).unwrap_err();
        recent.forget(ONE);
        recent.remember(begun, &Arc::new(7_u32), at(10_000));
        assert_eq!(recall(&recent, "a", 10_000), None, "read before the write, kept after it");
    }

    #[test]
    fn memory_is_bounded() {
        let recent = Recent::default();
        for n in 0..=REMEMBERED_MAX {
            let id = n.to_string();
            let missing = recent.recall::<u32>(ONE, ("guard", &id), at(0)).unwrap_err();
            recent.remember(missing, &Arc::new(7_u32), at(0));
        }
        assert_eq!(recall(&recent, "0", 0), None);
        assert_eq!(recall(&recent, &REMEMBERED_MAX.to_string(), 0), Some(7));
    }
}
