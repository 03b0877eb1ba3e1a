//! Numbers of intents: each is committed, or declared void by a later intent, so that the sealer misses none without a reason.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chain::Hash;
use domain::{TenantId, Timestamp};

/// A tenant's sealer is woken at most twice in this time: at once, and once more at its end.
const WAKE_EVERY: Duration = Duration::from_secs(1);

/// The most numbers that one intent declares void: 20 KB of the 64 KiB that a row may have, with the largest numbers.
const VOID_MAX: usize = 1_000;

/// An instance is not continued after it was idle for this long, or began this long ago; then numbers begin anew under another name.
///
/// Much less than the time after which the log forgets an instance (`chain::instances::FORGET_AFTER_HOURS`): what is forgotten never comes back.
const IDLE_MAX: Duration = Duration::from_hours(1);
const AGE_MAX: Duration = Duration::from_hours(24);

/// The numbers that one process gave out, for each tenant. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Numbers(Arc<Mutex<HashMap<TenantId, Counter>>>);

#[derive(Clone, Debug, Default)]
struct Counter(Arc<Mutex<Count>>);

#[derive(Debug, Default)]
struct Count {
    series: Option<Series>,
    woken: Option<(Timestamp, bool)>,
}

/// What is counted under one name.
#[derive(Debug)]
struct Series {
    instance: Arc<str>,
    begun: Timestamp,
    used: Timestamp,
    last: u64,
    /// The digest of the intent with the last number.
    prev: Option<Hash>,
    void: Vec<u64>,
}

/// A number that was given out, and what goes with it.
struct Ticket {
    instance: Arc<str>,
    number: u64,
    void: Vec<u64>,
}

/// What an intent says of where it stands in its instance.
#[derive(Debug)]
pub(crate) struct Place {
    /// The instance.
    pub(crate) instance: Arc<str>,
    /// The number, from 1.
    pub(crate) number: u64,
    /// The digest of the intent with the number before.
    pub(crate) prev: Option<Hash>,
    /// The earlier numbers that are declared void with it.
    pub(crate) void: Vec<u64>,
}

/// A number that was given out, and the earlier ones that its intent declares void.
///
/// Dropped without a commit, all of them are declared void by the next intent of the instance.
#[derive(Debug)]
pub(crate) struct Number {
    counter: Counter,
    instance: Arc<str>,
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
    /// The next number of `tenant`, and the text that `write` makes with it.
    ///
    /// The text is made while nobody else takes a number, so that numbers and digests are in one order. When `write` fails, no number was taken.
    pub(crate) fn take<E>(
        &self,
        tenant: TenantId,
        at: Timestamp,
        name: impl FnOnce() -> String,
        write: impl FnOnce(Place) -> Result<String, E>,
    ) -> Result<(Number, String, Hash), E> {
        let counter = self.counter(tenant);
        let (ticket, text, digest) = counter.with(|count| {
            let series = match count.series.take().filter(|series| series.goes_on(at)) {
                Some(series) => series,
                None => Series::begin(name().into(), at),
            };
            count.series.insert(series).take(at, write)
        })?;
        let Ticket { instance, number, void } = ticket;
        Ok((Number { counter, instance, number, void, fate: Fate::Nowhere }, text, digest))
    }

    /// Whether a number waits to be declared void although a later one was given out: until then the sealer waits for it.
    pub(crate) fn owes(&self, tenant: TenantId) -> bool {
        self.counter(tenant).with(|count| {
            count
                .series
                .as_ref()
                .is_some_and(|series| series.void.iter().any(|void| *void < series.last))
        })
    }

    /// The tenants of whom a number waits to be declared void.
    pub(crate) fn debtors(&self) -> Vec<TenantId> {
        let counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let tenants: Vec<_> = counters.keys().copied().collect();
        drop(counters);
        tenants.into_iter().filter(|tenant| self.owes(*tenant)).collect()
    }

    /// After how long to wake the sealer for what was committed at `now`; `None` when a message on its way will find it too.
    ///
    /// A clock that was set back wakes once too often, and never too late.
    pub(crate) fn wake_after(&self, tenant: TenantId, now: Timestamp) -> Option<Duration> {
        let is_recent = |at: Timestamp| now.since(at) < WAKE_EVERY && at.since(now) < WAKE_EVERY;
        self.counter(tenant).with(|count| match count.woken {
            Some((at, trailing)) if is_recent(at) => {
                count.woken = Some((at, true));
                (!trailing).then_some(WAKE_EVERY)
            }
            _ => {
                count.woken = Some((now, false));
                Some(Duration::ZERO)
            }
        })
    }

    fn counter(&self, tenant: TenantId) -> Counter {
        let mut counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counters.entry(tenant).or_default().clone()
    }
}

impl Counter {
    fn with<T>(&self, work: impl FnOnce(&mut Count) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Series {
    fn begin(instance: Arc<str>, at: Timestamp) -> Self {
        Self { instance, begun: at, used: at, last: 0, prev: None, void: Vec::new() }
    }

    /// What waits to be declared void is declared first, under the same name.
    fn goes_on(&self, at: Timestamp) -> bool {
        let is_young = at.since(self.used) <= IDLE_MAX && at.since(self.begun) <= AGE_MAX;
        is_young || !self.void.is_empty()
    }

    fn take<E>(
        &mut self,
        at: Timestamp,
        write: impl FnOnce(Place) -> Result<String, E>,
    ) -> Result<(Ticket, String, Hash), E> {
        let declared = self.void.len().min(VOID_MAX);
        let void = self.void.get(..declared).unwrap_or_default().to_vec();
        let (instance, number) = (Arc::clone(&self.instance), self.last + 1);
        let place =
            Place { instance: Arc::clone(&instance), number, prev: self.prev, void: void.clone() };
        let text = write(place)?;
        let digest = Hash::of(text.as_bytes());
        self.void.drain(..declared);
        (self.last, self.prev, self.used) = (number, Some(digest), self.used.max(at));
        Ok((Ticket { instance, number, void }, text, digest))
    }
}

impl Number {
    /// From now on it may be stored, whatever becomes of the caller.
    pub(crate) fn begin(&mut self) {
        self.fate = Fate::Unknown;
    }

    /// It is stored.
    pub(crate) fn stored(&mut self) {
        self.fate = Fate::Stored;
    }

    /// Storage refused it: it is to be declared void, with what it would have declared void.
    pub(crate) fn refused(&mut self) {
        self.fate = Fate::Nowhere;
        self.give_back();
    }

    fn give_back(&mut self) {
        if self.fate == Fate::Stored {
            return;
        }
        let mut void = std::mem::take(&mut self.void);
        if self.fate == Fate::Nowhere {
            void.push(self.number);
        }
        // Given back once.
        self.fate = Fate::Stored;
        let (counter, instance) = (&self.counter, &self.instance);
        counter.with(|count| {
            // Nobody counts under that name any more: what was its last number is missed by nobody.
            if let Some(series) =
                count.series.as_mut().filter(|series| series.instance == *instance)
            {
                // To declare a number void twice says nothing new.
                series.void.append(&mut void);
            }
        });
    }
}

impl Drop for Number {
    fn drop(&mut self) {
        self.give_back();
    }
}

#[cfg(test)]
mod tests;
