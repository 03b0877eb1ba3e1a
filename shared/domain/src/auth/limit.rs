//! Limits of how often: the generic cell rate algorithm (ITU-T I.371 annex A), which needs one time and no list of attempts.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Class, Fault, Timestamp};

/// `burst` at once, and as many again in each `period`, evenly.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limit {
    /// What is counted; part of the counter's name.
    pub name: &'static str,
    /// How many.
    pub burst: u32,
    /// In which time.
    pub period: Duration,
}

/// What a counter remembers: when it would be empty again.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Level(Timestamp);

/// What follows from one more attempt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Taken {
    /// It is within the limit; the counter is to be written.
    Within {
        /// What to write.
        level: Level,
        /// How many more there are at once.
        remaining: u32,
    },
    /// It is not; nothing is to be written.
    Over(LimitError),
}

/// Too often.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("too many attempts; try again in {} seconds", self.retry_after_s())]
pub struct LimitError {
    /// Until the next is taken.
    pub wait: Duration,
    /// Which limit it is.
    pub limit: Limit,
}

impl LimitError {
    /// Whole seconds until the next is taken, at least 1.
    pub fn retry_after_s(&self) -> u64 {
        let whole = self.wait.as_secs();
        if self.wait.subsec_nanos() > 0 { whole.saturating_add(1) } else { whole.max(1) }
    }
}

impl Fault for LimitError {
    fn class(&self) -> Class {
        Class::TooMany
    }

    fn code(&self) -> &'static str {
        "rate-limited"
    }
}

impl Limit {
    /// Logins of one network address: a burst of 20 a minute …
    pub const LOGIN_ADDRESS: Self = Self::new("login-address", 20, Duration::from_mins(1));
    /// … and not more than 200 an hour.
    pub const LOGIN_ADDRESS_HOUR: Self = Self::new("login-hour", 200, Duration::from_hours(1));
    /// Letters to one e-mail address that a stranger can cause.
    pub const LETTERS_EMAIL: Self = Self::new("letters-email", 3, Duration::from_hours(1));
    /// Invitations to one e-mail address, by whichever tenant: on a counter of their own, so that they keep no other letter from it.
    pub const INVITATIONS_EMAIL: Self = Self::new("invitations-email", 3, Duration::from_hours(1));
    /// Invitations that one tenant sends, to whomever.
    pub const INVITATIONS_TENANT: Self =
        Self::new("invitations-tenant", 20, Duration::from_hours(1));
    /// Letters that one network address can cause.
    pub const LETTERS_ADDRESS: Self = Self::new("letters-address", 20, Duration::from_hours(1));
    /// Logins of one instance, before anything is read or hashed.
    pub const LOGIN_INSTANCE: Self = Self::new("login-instance", 50, Duration::from_secs(1));
    /// Refreshes of one session.
    pub const REFRESH: Self = Self::new("refresh", 30, Duration::from_mins(1));

    /// A limit.
    pub const fn new(name: &'static str, burst: u32, period: Duration) -> Self {
        Self { name, burst, period }
    }

    /// Takes one attempt at `now`. A level from the future (another server's clock is ahead) counts as full, never as more than full; one
    /// from two periods ahead says nothing, since the clock was set back, and nobody is locked out until it has caught up.
    pub fn take(self, level: Option<Level>, now: Timestamp) -> Taken {
        let spacing = self.period.checked_div(self.burst.max(1)).unwrap_or(self.period);
        let far_ahead = now.plus(self.period).plus(self.period);
        let level = level.filter(|Level(at)| *at <= far_ahead);
        let empty_at = level.map_or(now, |Level(at)| at.max(now).min(now.plus(self.period)));
        let next = empty_at.plus(spacing);
        let allowed = now.plus(self.period);
        if next > allowed {
            let error = LimitError { wait: next.since(allowed), limit: self };
            return Taken::Over(error);
        }
        let left = allowed.since(next).as_nanos() / spacing.as_nanos().max(1);
        let remaining = u32::try_from(left).unwrap_or(self.burst);
        Taken::Within { level: Level(next), remaining }
    }
}

impl Level {
    /// From when on the counter says nothing.
    pub fn empty_at(self) -> Timestamp {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FIVE: Limit = Limit::new("five", 5, Duration::from_mins(1));

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_s(seconds)
    }

    /// As many as are taken at these times, in seconds.
    fn taken(times: impl IntoIterator<Item = i64>) -> usize {
        let mut level = None;
        let take = |time| match FIVE.take(level, at(time)) {
            Taken::Within { level: next, .. } => {
                level = Some(next);
                true
            }
            Taken::Over(_) => false,
        };
        times.into_iter().map(take).filter(|taken| *taken).count()
    }

    #[test]
    fn five_at_once_pass_and_the_sixth_does_not() {
        assert_eq!(taken([0; 5]), 5);
        assert_eq!(taken([0; 64]), 5);
    }

    #[test]
    fn each_twelfth_of_a_minute_gives_one_back() {
        assert_eq!(taken([0, 0, 0, 0, 0, 11]), 5);
        assert_eq!(taken([0, 0, 0, 0, 0, 12]), 6);
        assert_eq!(taken([0, 0, 0, 0, 0, 12, 12]), 6);
        assert_eq!(taken((0..5).chain([60; 5])), 10);
    }

    #[test]
    fn the_refusal_says_how_long_to_wait() {
        let mut level = None;
        for left in (0..5).rev() {
            let Taken::Within { level: next, remaining } = FIVE.take(level, at(0)) else {
                panic!("refused")
            };
            assert_eq!(remaining, left);
            level = Some(next);
        }
        let Taken::Over(error) = FIVE.take(level, at(5)) else { panic!("taken") };
        assert_eq!((error.retry_after_s(), error.limit), (7, FIVE));
        assert_eq!(error.to_string(), "too many attempts; try again in 7 seconds");
        assert!(matches!(FIVE.take(level, at(12)), Taken::Within { .. }));
    }

    /// The class of Keycloak CVE-2026-9802: a time that was written by a clock ahead of ours does not lock for ever.
    #[test]
    fn a_level_from_the_future_is_full_and_one_from_far_ahead_says_nothing() {
        for ahead in [61, 120] {
            let Taken::Over(error) = FIVE.take(Some(Level(at(ahead))), at(0)) else {
                panic!("taken")
            };
            assert_eq!(error.retry_after_s(), 12, "{ahead}");
        }
        let set_back = FIVE.take(Some(Level(at(121))), at(0));
        assert!(matches!(set_back, Taken::Within { remaining: 4, .. }), "{set_back:?}");
    }

    proptest! {
        /// In any minute at most as many as the burst and what a minute gives back.
        #[test]
        fn never_more_than_twice_the_burst_in_a_period(times in prop::collection::vec(0_i64..60, 1..200)) {
            let mut times = times;
            times.sort_unstable();
            prop_assert!(taken(times) <= 10);
        }
    }
}
