//! Numbers of intents: each is committed, or declared void by a later intent, so that the sealer misses none without a reason.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use domain::TenantId;

/// A tenant's sealer is woken at most twice in this time: at once, and once more at its end.
const WAKE_EVERY: Duration = Duration::from_secs(1);

/// The most numbers that one intent declares void: 20 KB of the 64 KiB that a row may have, with the largest numbers.
const VOID_MAX: usize = 1_000;

/// The numbers that one process gave out, for each tenant. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Numbers(Arc<Mutex<HashMap<TenantId, Counter>>>);

#[derive(Debug, Default)]
struct Counter {
    last: u64,
    void: Vec<u64>,
    woken: Option<(Instant, bool)>,
}

/// A number that was given out, and the earlier ones that its intent declares void.
///
/// Dropped without a commit, all of them are declared void by the next intent of the tenant.
#[derive(Debug)]
pub(crate) struct Number {
    numbers: Numbers,
    tenant: TenantId,
    number: u64,
    void: Vec<u64>,
    fate: Fate,
}

/// What is known of an intent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fate {
    /// It is not stored, and never will be.
    Nowhere,
    /// It may be stored: only the sealer can tell.
    Unknown,
    /// It is stored.
    Stored,
}

impl Numbers {
    /// The next number of `tenant`.
    pub(crate) fn take(&self, tenant: TenantId) -> Number {
        let (number, void) = self.with(tenant, |counter| {
            counter.last += 1;
            let rest = counter.void.split_off(counter.void.len().min(VOID_MAX));
            (counter.last, std::mem::replace(&mut counter.void, rest))
        });
        Number { numbers: self.clone(), tenant, number, void, fate: Fate::Nowhere }
    }

    /// After how long to wake the sealer; `None` when a message on its way will find this commit too.
    pub(crate) fn wake_after(&self, tenant: TenantId) -> Option<Duration> {
        let now = Instant::now();
        self.with(tenant, |counter| match counter.woken {
            Some((at, trailing)) if now < at + WAKE_EVERY => {
                counter.woken = Some((at, true));
                (!trailing).then_some(WAKE_EVERY)
            }
            _ => {
                counter.woken = Some((now, false));
                Some(Duration::ZERO)
            }
        })
    }

    fn with<T>(&self, tenant: TenantId, work: impl FnOnce(&mut Counter) -> T) -> T {
        let mut counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        work(counters.entry(tenant).or_default())
    }
}

impl Number {
    /// The number, from 1.
    pub(crate) fn get(&self) -> u64 {
        self.number
    }

    /// The earlier numbers that are declared void with it.
    pub(crate) fn void(&self) -> &[u64] {
        &self.void
    }

    /// From now on it may be stored, whatever becomes of the caller.
    pub(crate) fn begin(&mut self) {
        self.fate = Fate::Unknown;
    }

    /// It is stored.
    pub(crate) fn stored(&mut self) {
        self.fate = Fate::Stored;
    }

    /// Storage refused it.
    pub(crate) fn refused(&mut self) {
        self.fate = Fate::Nowhere;
    }
}

impl Drop for Number {
    fn drop(&mut self) {
        if self.fate == Fate::Stored {
            return;
        }
        let mut void = std::mem::take(&mut self.void);
        if self.fate == Fate::Nowhere {
            void.push(self.number);
        }
        // To declare a number void twice says nothing new.
        self.numbers.with(self.tenant, |counter| counter.void.append(&mut void));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: TenantId = TenantId::from_u128(1);

    #[test]
    fn a_number_that_was_not_committed_is_declared_void_by_the_next() {
        let numbers = Numbers::default();
        drop(numbers.take(TENANT));
        let next = numbers.take(TENANT);
        assert_eq!((next.get(), next.void()), (2, &[1][..]));
        let elsewhere = numbers.take(TenantId::from_u128(2));
        assert_eq!((elsewhere.get(), elsewhere.void()), (1, &[][..]));
    }

    /// Two refusals in a row: the second intent would have declared the first one void, and is not stored either.
    #[test]
    fn what_a_refused_intent_declared_void_is_declared_again() {
        let numbers = Numbers::default();
        for _ in 0..2 {
            let mut number = numbers.take(TENANT);
            number.begin();
            number.refused();
        }
        assert_eq!(numbers.take(TENANT).void(), [1, 2]);
    }

    /// Storage may have it although nobody waited for the answer. What it declares void is void in any case.
    #[test]
    fn a_number_that_may_be_stored_is_never_declared_void() {
        let numbers = Numbers::default();
        drop(numbers.take(TENANT));
        let mut number = numbers.take(TENANT);
        number.begin();
        drop(number);
        assert_eq!(numbers.take(TENANT).void(), [1]);
    }

    #[test]
    fn a_stored_intent_declares_void_once() {
        let numbers = Numbers::default();
        drop(numbers.take(TENANT));
        let mut number = numbers.take(TENANT);
        number.begin();
        number.stored();
        drop(number);
        assert!(numbers.take(TENANT).void().is_empty());
    }

    #[test]
    fn an_intent_declares_a_thousand_numbers_void_and_leaves_the_rest_to_the_next() {
        let numbers = Numbers::default();
        let refused: Vec<_> = (0..=VOID_MAX).map(|_| numbers.take(TENANT)).collect();
        drop(refused);
        let (first, second) = (numbers.take(TENANT), numbers.take(TENANT));
        assert_eq!((first.void().len(), second.void()), (VOID_MAX, &[1_001][..]));
    }

    #[test]
    fn the_sealer_is_woken_at_once_and_once_more() {
        let numbers = Numbers::default();
        let wakes = [(); 3].map(|()| numbers.wake_after(TENANT));
        assert_eq!(wakes, [Some(Duration::ZERO), Some(WAKE_EVERY), None]);
    }
}
