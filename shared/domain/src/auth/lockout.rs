//! Lockout: after too many failures in a row, wait; graduated, so that a slip costs a minute and an attack costs hours.
//!
//! Failures at the password and at the second factor are counted apart, so that neither lock can be used to lift the other.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// From how many failures in a row each further one locks, and for how long; `None` is until a reset.
#[derive(Clone, Copy, Debug)]
pub struct Schedule(&'static [(u32, Option<Duration>)]);

impl Schedule {
    /// At the password. One hundred is the most that NIST SP 800-63B §3.2.2 allows.
    pub const PASSWORD: Self = Self(&[
        (5, Some(Duration::from_mins(1))),
        (10, Some(Duration::from_mins(15))),
        (20, Some(Duration::from_hours(1))),
        (100, None),
    ]);

    /// At the second factor, which only someone who knows the password reaches: ten guesses of three codes in 10⁶ find it with 3·10⁻⁵.
    pub const CODE: Self = Self(&[(10, None)]);

    /// Whether the user is told by mail at this failure: when a lock of an hour or more begins.
    pub(super) fn is_told_at(self, failures: u32) -> bool {
        let is_long =
            |lock: Option<Duration>| lock.is_none_or(|wait| wait >= Duration::from_hours(1));
        self.0.iter().any(|(from, lock)| *from == failures && is_long(*lock))
    }

    fn lock_after(self, failures: u32, now: Timestamp) -> Lock {
        let reached = self.0.iter().rev().find(|(from, _)| failures >= *from);
        match reached {
            None => Lock::Open,
            Some((_, Some(wait))) => Lock::Until(now.plus(*wait)),
            Some((_, None)) => Lock::UntilReset,
        }
    }
}

/// Whether attempts are taken; ordered from lax to strict.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Lock {
    /// They are.
    #[default]
    Open,
    /// They are at and after this time.
    Until(Timestamp),
    /// They are once an administrator or the owner of the address has reset it.
    UntilReset,
}

/// Failures in a row, and the lock they led to.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Lockout {
    failures: u32,
    lock: Lock,
}

impl Lockout {
    /// Failures since the last success.
    pub const fn failures(self) -> u32 {
        self.failures
    }

    /// Whether no attempt is taken at `now`.
    pub fn is_locked(self, now: Timestamp) -> bool {
        match self.lock {
            Lock::Open => false,
            Lock::Until(at) => now < at,
            Lock::UntilReset => true,
        }
    }

    /// The lock.
    pub const fn lock(self) -> Lock {
        self.lock
    }

    /// One more failure. A lock is never shortened, whatever the clock says.
    #[must_use]
    pub fn failed(self, schedule: Schedule, now: Timestamp) -> Self {
        let failures = self.failures.saturating_add(1);
        Self { failures, lock: self.lock.max(schedule.lock_after(failures, now)) }
    }

    /// A success: everything is forgotten.
    #[must_use]
    pub fn succeeded(self) -> Self {
        Self::default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_s(seconds)
    }

    fn failed(times: u32, schedule: Schedule) -> Lockout {
        (0..times).fold(Lockout::default(), |lockout, _| lockout.failed(schedule, at(0)))
    }

    #[test]
    fn the_lock_grows_with_the_failures() {
        for (failures, lock) in [
            (0, Lock::Open),
            (4, Lock::Open),
            (5, Lock::Until(at(60))),
            (9, Lock::Until(at(60))),
            (10, Lock::Until(at(900))),
            (19, Lock::Until(at(900))),
            (20, Lock::Until(at(3_600))),
            (99, Lock::Until(at(3_600))),
            (100, Lock::UntilReset),
        ] {
            assert_eq!(failed(failures, Schedule::PASSWORD).lock(), lock, "{failures}");
        }
        assert_eq!(failed(9, Schedule::CODE).lock(), Lock::Open);
        assert_eq!(failed(10, Schedule::CODE).lock(), Lock::UntilReset);
    }

    #[test]
    fn a_lock_ends_on_the_microsecond() {
        let lockout = failed(5, Schedule::PASSWORD);
        assert!(lockout.is_locked(Timestamp::from_unix_us(59_999_999)));
        assert!(!lockout.is_locked(at(60)));
        assert!(failed(100, Schedule::PASSWORD).is_locked(at(i64::from(u32::MAX))));
    }

    #[test]
    fn success_forgets_everything() {
        assert_eq!(failed(20, Schedule::PASSWORD).succeeded(), Lockout::default());
    }

    proptest! {
        /// Failures at any times, in any order, as a clock that is set back would give them.
        #[test]
        fn a_failure_never_shortens_a_lock(times in prop::collection::vec(0_i64..100_000, 1..130)) {
            let mut lockout = Lockout::default();
            for time in times {
                let next = lockout.failed(Schedule::PASSWORD, at(time));
                prop_assert!(next.lock() >= lockout.lock());
                prop_assert_eq!(next.failures(), lockout.failures() + 1);
                lockout = next;
            }
        }
    }
}
