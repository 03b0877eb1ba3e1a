//! The versions of one tenant's key, unwrapped: which one counts when is a matter of time alone.

use std::{collections::BTreeMap, sync::Arc};

use domain::{CustomerKey, Timestamp};
use seal::FieldKey;

use super::SETTLED_AFTER;

/// One version, unwrapped.
pub(super) struct Version {
    pub(super) key: FieldKey,
    /// As it is stored.
    pub(super) wrapped: String,
    /// How often it was wrapped anew.
    pub(super) wrapping: u32,
    /// Wrapped by this key of the tenant's own, if not by ours.
    pub(super) by: Option<CustomerKey>,
    pub(super) created_at: Timestamp,
    /// From when fields are sealed under it.
    pub(super) active_from: Timestamp,
}

/// Every version of one tenant's key.
#[derive(Default)]
pub(super) struct TenantKeys(pub(super) BTreeMap<u32, Arc<Version>>);

impl TenantKeys {
    pub(super) fn insert(&mut self, version: Arc<Version>) {
        self.0.insert(version.key.version(), version);
    }

    pub(super) fn newest(&self) -> Option<&Version> {
        self.0.last_key_value().map(|(_, version)| &**version)
    }

    /// The newest version that everybody knows; the very first one at once.
    pub(super) fn active(&self, now: Timestamp) -> Option<&FieldKey> {
        let known = self.0.values().rev().find(|version| version.active_from <= now);
        known.or_else(|| self.0.values().next()).map(|version| &version.key)
    }

    /// The newest version that has counted for long enough that nothing is written under an older one any more.
    pub(super) fn settled(&self, now: Timestamp) -> Option<u32> {
        let known = self.0.values().rev();
        let mut settled = known.filter(|version| version.active_from.plus(SETTLED_AFTER) <= now);
        settled.next().map(|version| version.key.version())
    }

    pub(super) fn version(&self, number: u32) -> Option<&FieldKey> {
        self.0.get(&number).map(|version| &version.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{KEPT_FOR, KNOWN_AFTER};

    fn version(number: u32, active_from_s: i64) -> Arc<Version> {
        let at = Timestamp::from_unix_s(active_from_s);
        let (key, wrapped) = (FieldKey::new(number, [0; 32]), String::new());
        let (wrapping, by) = (0, None);
        Arc::new(Version { key, wrapped, wrapping, by, created_at: at, active_from: at })
    }

    #[test]
    fn a_version_counts_from_its_time_on_and_the_first_at_once() {
        let keys =
            TenantKeys([version(1, 100), version(2, 200)].map(|v| (v.key.version(), v)).into());
        let active = |s| keys.active(Timestamp::from_unix_s(s)).map(FieldKey::version);
        assert_eq!([99, 100, 199, 200, 900].map(active), [1, 1, 1, 2, 2].map(Some));
        assert!(TenantKeys::default().active(Timestamp::from_unix_s(0)).is_none());
    }

    #[test]
    fn a_version_is_sealed_to_once_it_has_counted_for_an_hour() {
        let keys =
            TenantKeys([version(1, 0), version(2, 100)].map(|v| (v.key.version(), v)).into());
        let settled = |s| keys.settled(Timestamp::from_unix_s(s));
        assert_eq!([3_599, 3_600, 3_699, 3_700].map(settled), [None, Some(1), Some(1), Some(2)]);
    }

    /// A process that read just before a version was made reads again before anybody seals under it.
    #[test]
    fn a_version_is_used_only_when_every_process_has_read_it() {
        assert!(KNOWN_AFTER >= KEPT_FOR * 2);
    }
}
