//! Who takes part, and what may go wrong how often. Everything has an end: a model that is checked in full must be finite.

use crate::Rule;

/// Who takes part, and what may go wrong.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// For each writer: the source that it writes to, and how many changes it makes, all of which may be on their way at once.
    pub writers: Vec<(usize, usize)>,
    /// How many places intents are written to.
    pub sources: usize,
    /// How many sealers.
    pub sealers: usize,
    /// How many signers.
    pub signers: usize,
    /// Intents that a sealer reads in one go.
    pub room: usize,
    /// How often each thing may happen.
    pub budget: Budget,
    /// The rule that is not kept, if any.
    pub without: Option<Rule>,
}

/// How often each thing may happen.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Budget {
    /// A sealer is woken: by a message, by the same message again, or by its timer.
    pub wakes: u8,
    /// A signer is woken.
    pub signings: u8,
    /// A process dies between two of its steps. A writer's comes back as another one.
    pub crashes: u8,
    /// A write whose client hears nothing: applied, applied later, or never.
    pub lost_answers: u8,
    /// A write that storage refuses: a precondition, or too many requests.
    pub refusals: u8,
    /// The time after which an intent is late passes.
    pub ticks: u8,
    /// A source gives something again that it gave before.
    pub repetitions: u8,
    /// The hint gets lost.
    pub lost_hints: u8,
    /// An operator puts an older state of the log in the place of this one.
    pub rollbacks: u8,
}

impl Scenario {
    /// One writer with one change, one sealer that is woken once, and nothing that goes wrong.
    pub fn new() -> Self {
        Self {
            writers: vec![(0, 1)],
            sources: 1,
            sealers: 1,
            signers: 0,
            room: 2,
            budget: Budget { wakes: 1, ..Budget::default() },
            without: None,
        }
    }

    /// The same, with one rule not kept.
    #[must_use]
    pub fn without(self, rule: Rule) -> Self {
        Self { without: Some(rule), ..self }
    }
}

impl Default for Scenario {
    fn default() -> Self {
        Self::new()
    }
}
