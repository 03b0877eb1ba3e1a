//! Misfortune on request: handlers killed in the middle, invocations doubled, out of order and late. The same seed, the same misfortune.

use std::{collections::HashMap, str::FromStr, sync::Mutex, time::Duration};

/// How much of what. Nothing by default.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Misfortune {
    /// How many of 1 invocations or requests have the handler killed under them.
    pub kill: f64,
    /// How many of 1 events and messages are worked on twice at once.
    pub duplicate: f64,
    /// Whether invocations overtake each other.
    pub reorder: bool,
    /// The longest wait before an invocation.
    pub delay: Duration,
}

/// How far one that is overtaken falls back.
const OVERTAKEN_BY: Duration = Duration::from_millis(100);
/// When a handler is killed, at the latest: most answers take longer than nothing and less than this.
const KILLED_WITHIN: Duration = Duration::from_millis(5);

/// Decides, for each function on its own, what becomes of its first, second, … invocation.
#[derive(Debug)]
pub(crate) struct Chaos {
    misfortune: Misfortune,
    seed: u64,
    counts: Mutex<HashMap<String, u64>>,
}

/// What becomes of one invocation.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Fate {
    pub(crate) delay: Duration,
    /// Killed so long after it began, whatever it answered by then.
    pub(crate) killed_after: Option<Duration>,
    pub(crate) is_doubled: bool,
}

impl FromStr for Misfortune {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut misfortune = Self::default();
        for part in text.split(',').map(str::trim) {
            match part.split_once('=').unwrap_or((part, "")) {
                ("kill", share) => misfortune.kill = share_of_one(share)?,
                ("duplicate", share) => misfortune.duplicate = share_of_one(share)?,
                ("reorder", "") => misfortune.reorder = true,
                ("delay", wait) => misfortune.delay = milliseconds(wait)?,
                _ => {
                    return Err(format!(
                        "{part:?} is none of kill=0.1, duplicate=0.2, reorder, delay=50ms"
                    ));
                }
            }
        }
        Ok(misfortune)
    }
}

fn share_of_one(text: &str) -> Result<f64, String> {
    let share: Option<f64> = text.parse().ok();
    share
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or_else(|| format!("{text:?} is no number from 0 to 1"))
}

fn milliseconds(text: &str) -> Result<Duration, String> {
    let number = text.strip_suffix("ms").and_then(|number| number.parse().ok());
    number.map(Duration::from_millis).ok_or_else(|| format!("{text:?} is no wait such as 50ms"))
}

impl Chaos {
    pub(crate) fn new(misfortune: Misfortune, seed: u64) -> Self {
        Self { misfortune, seed, counts: Mutex::default() }
    }

    /// What becomes of the next invocation of `function`.
    pub(crate) fn next(&self, function: &str) -> Fate {
        if self.misfortune == Misfortune::default() {
            return Fate::default();
        }
        let count = {
            let mut counts = self.counts.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let count = counts.entry(function.to_owned()).or_default();
            *count = count.wrapping_add(1);
            *count
        };
        let roll = |what: u64| self.roll(function, count, what);
        let late = self.misfortune.delay.mul_f64(roll(0));
        let overtaken =
            if self.misfortune.reorder { OVERTAKEN_BY.mul_f64(roll(1)) } else { Duration::ZERO };
        let is_killed = roll(2) < self.misfortune.kill;
        Fate {
            delay: late + overtaken,
            killed_after: is_killed.then(|| KILLED_WITHIN.mul_f64(roll(3))),
            is_doubled: roll(4) < self.misfortune.duplicate,
        }
    }

    /// From 0 up to 1: `SplitMix64` (Steele, Lea, Flood 2014) over seed, function (FNV-1a), count and question.
    fn roll(&self, function: &str, count: u64, what: u64) -> f64 {
        let fnv = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        let name = function.bytes().fold(0xcbf2_9ce4_8422_2325, fnv);
        let at = self.seed ^ name ^ count.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17);
        let mut z = at.wrapping_add((what + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        f64::from(u32::try_from((z ^ (z >> 31)) >> 32).unwrap_or(u32::MAX)) / 4_294_967_296.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fates(text: &str, seed: u64) -> Vec<Fate> {
        let chaos = Chaos::new(text.parse().unwrap(), seed);
        (0..1000).map(|_| chaos.next("app/f")).collect()
    }

    #[test]
    fn the_same_seed_brings_the_same_misfortune() {
        let text = "kill=0.1,duplicate=0.2,reorder,delay=50ms";
        assert_eq!(fates(text, 7), fates(text, 7));
        assert_ne!(fates(text, 7), fates(text, 8));
    }

    /// Three standard deviations of 1000 tries around each share.
    #[test]
    fn as_much_happens_as_was_asked_for() {
        let fates = fates("kill=0.1,duplicate=0.2,delay=50ms", 7);
        let killed = fates.iter().filter(|fate| fate.killed_after.is_some()).count();
        let doubled = fates.iter().filter(|fate| fate.is_doubled).count();
        assert!(
            (72..=128).contains(&killed) && (162..=238).contains(&doubled),
            "{killed} {doubled}"
        );
        assert!(fates.iter().all(|fate| fate.delay < Duration::from_millis(50)));
        assert!(fates.iter().any(|fate| fate.delay > Duration::from_millis(40)));
    }

    #[test]
    fn nothing_happens_unasked() {
        let chaos = Chaos::new(Misfortune::default(), 7);
        assert_eq!(chaos.next("app/f"), Fate::default());
        assert!(
            fates("kill=1", 7).iter().all(|fate| fate.killed_after.is_some() && !fate.is_doubled)
        );
        for text in ["kill", "kill=2", "kill=-1", "delay=50", "reorder=1", "fire", ""] {
            assert!(text.parse::<Misfortune>().is_err(), "{text}");
        }
    }
}
