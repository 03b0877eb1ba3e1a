//! Which of the keys of access tokens signs: a new one every week, published before it signs and kept until nothing that the old one signed
//! counts any more (threat T39).

use std::time::Duration;

use crate::Timestamp;

/// A key as it is published: its number, from 1, and since when.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PublishedKey {
    /// Its number.
    pub version: u32,
    /// Since when it is published.
    pub published_at: Timestamp,
}

impl PublishedKey {
    /// How long a key signs.
    pub const SIGNS: Duration = Duration::from_hours(7 * 24);
    /// How long the next one is published before it signs: longer than anyone keeps the list of keys.
    pub const AHEAD: Duration = Duration::from_hours(24);
    /// How long a key is published after it signed: a token's life, and the clocks' difference.
    pub const BEHIND: Duration = Duration::from_mins(20);

    /// From when on it signs. The first has nothing to wait for.
    pub fn signs_from(self) -> Timestamp {
        if self.version <= 1 { self.published_at } else { self.published_at.plus(Self::AHEAD) }
    }

    /// The one that signs at `now`: the newest whose time has come; before that, the first.
    pub fn signing(keys: &[Self], now: Timestamp) -> Option<Self> {
        let due = keys.iter().filter(|key| key.signs_from() <= now);
        due.max_by_key(|key| key.version).or(keys.iter().min_by_key(|key| key.version)).copied()
    }

    /// The number of the next one, if it is time to publish it.
    pub fn next_due(keys: &[Self], now: Timestamp) -> Option<u32> {
        let newest = keys.iter().max_by_key(|key| key.version)?;
        let due = newest.signs_from().plus(Self::SIGNS).minus(Self::AHEAD);
        (due <= now).then(|| newest.version.saturating_add(1))
    }

    /// Whether nothing that it signed counts any more.
    pub fn is_retired(self, keys: &[Self], now: Timestamp) -> bool {
        let later = keys.iter().filter(|key| key.version > self.version);
        let replaced_at = later.map(|key| key.signs_from()).min();
        replaced_at.is_some_and(|at| at.plus(Self::BEHIND) <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::credential::tests::at, *};

    const HOUR_S: i64 = 3_600;
    const WEEK_S: i64 = 7 * 24 * HOUR_S;

    fn key(version: u32, published_s: i64) -> PublishedKey {
        PublishedKey { version, published_at: at(published_s) }
    }

    /// Threat T39, as time goes by: at every minute of five weeks, what signs was published long enough, and what was signed in the last
    /// quarter of an hour is still published.
    #[test]
    fn no_token_is_ever_signed_with_a_key_that_is_not_published() {
        let (mut keys, mut signed): (Vec<PublishedKey>, Vec<(i64, u32)>) =
            (vec![key(1, 0)], vec![]);
        for now_s in (0..5 * WEEK_S).step_by(60) {
            // A timer once an hour.
            if now_s % HOUR_S == 0
                && let Some(version) = PublishedKey::next_due(&keys, at(now_s))
            {
                keys.push(key(version, now_s));
            }
            let signing = PublishedKey::signing(&keys, at(now_s)).unwrap();
            let published_s = signing.published_at.unix_s();
            assert!(signing.version == 1 || now_s - published_s >= 24 * HOUR_S);
            signed.push((now_s, signing.version));
            signed.retain(|(at_s, _)| now_s - at_s <= 15 * 60);
            for (_, version) in &signed {
                let key = keys.iter().find(|key| key.version == *version).unwrap();
                assert!(!key.is_retired(&keys, at(now_s)), "{version} at {now_s}");
            }
        }
        assert_eq!(keys.len(), 6, "one a week, and the next: {keys:?}");
        let alive: Vec<_> =
            keys.iter().filter(|key| !key.is_retired(&keys, at(5 * WEEK_S - 60))).collect();
        assert_eq!(alive.len(), 2, "the one that signs and the next: {alive:?}");
    }

    #[test]
    fn a_key_is_retired_twenty_minutes_after_the_next_one_signs() {
        let keys = [key(1, 0), key(2, 6 * 24 * HOUR_S)];
        assert_eq!(PublishedKey::signing(&keys, at(WEEK_S - 1)).unwrap().version, 1);
        assert_eq!(PublishedKey::signing(&keys, at(WEEK_S)).unwrap().version, 2);
        assert!(!keys[0].is_retired(&keys, at(WEEK_S + 1_199)));
        assert!(keys[0].is_retired(&keys, at(WEEK_S + 1_200)));
        assert!(!keys[1].is_retired(&keys, at(100 * WEEK_S)));
    }

    #[test]
    fn without_a_key_nothing_signs_and_nothing_follows() {
        assert_eq!(PublishedKey::signing(&[], at(0)), None);
        assert_eq!(PublishedKey::next_due(&[], at(0)), None);
    }
}
