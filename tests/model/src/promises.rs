//! What the protocol promises, as properties of states.

use std::collections::HashSet;

use stateright::Property;

use crate::{
    Budget, Protocol, State,
    archive::{CommitId, GapKey, IntentId, Noted, Said},
};

/// The log has no fork and no gap, and `chain` finds that each commit follows.
pub const LINEAR: &str = "the log is one line";
/// No event has two rows.
pub const ONCE: &str = "each event is sealed once";
/// No cursor, of a commit or a hint, is beyond an intent that has no row.
pub const ROWS_FIRST: &str = "a cursor is never ahead of the rows";
/// A row that says that a number is missing is true: it was neither stored nor declared void in time.
pub const NO_FALSE_ALARM: &str = "no alarm is false";
/// Whatever was signed continues what was signed before.
pub const ONE_HISTORY: &str = "what is signed has one history";
/// Once nothing goes wrong any more, each stored intent has a row.
pub const SEALED: &str = "what is stored is sealed";
/// Once nothing goes wrong any more, the end of the log is signed.
pub const SIGNED: &str = "what is sealed is signed";

impl Protocol {
    /// All of them.
    pub(crate) fn promises(&self) -> Vec<Property<Self>> {
        let mut properties = vec![
            Property::always(LINEAR, |protocol: &Self, state: &State| {
                state.is_rolled_back || protocol.is_linear(state)
            }),
            Property::always(ONCE, |protocol: &Self, state: &State| {
                state.is_rolled_back || protocol.is_each_sealed_once(state)
            }),
            Property::always(ROWS_FIRST, |protocol: &Self, state: &State| {
                state.is_rolled_back || protocol.are_rows_before_cursors(state)
            }),
            Property::always(NO_FALSE_ALARM, |protocol: &Self, state: &State| {
                state.is_rolled_back || protocol.is_every_alarm_true(state)
            }),
            Property::always(ONE_HISTORY, |protocol: &Self, state: &State| {
                protocol.is_one_history(state)
            }),
            Property::eventually(SEALED, |protocol: &Self, state: &State| {
                state.is_calm && (state.is_rolled_back || protocol.is_all_sealed(state))
            }),
        ];
        if self.scenario.signers > 0 {
            properties.push(Property::eventually(SIGNED, |_: &Self, state: &State| {
                let end = state.log.values().next_back().copied();
                state.is_calm && (state.is_rolled_back || state.signed.0 == end)
            }));
        }
        properties
    }

    fn is_linear(&self, state: &State) -> bool {
        let (mut head, mut commits) = (None, 0);
        while let Some(next) = state.log.get(&self.archive.span(head).1).copied() {
            if !self.archive.follows(head, next) {
                return false;
            }
            (head, commits) = (Some(next), commits + 1);
        }
        commits == state.log.len()
    }

    fn is_each_sealed_once(&self, state: &State) -> bool {
        let rows = self.archive.rows(Self::end(state));
        rows.iter().collect::<HashSet<_>>().len() == rows.len()
    }

    fn are_rows_before_cursors(&self, state: &State) -> bool {
        let end = Self::end(state);
        let hint = state.hint.as_ref().filter(|hint| hint.size == self.archive.span(end).1);
        let hinted = hint.map(|hint| hint.cursors.clone()).unwrap_or_default();
        let committed = self.archive.cursors(end, self.scenario.sources);
        let rows: HashSet<_> = self.archive.rows(end).into_iter().collect();
        let is_before = |cursors: &[usize]| {
            let read = state
                .sources
                .iter()
                .zip(cursors)
                .flat_map(|(source, at)| &source[..(*at).min(source.len())]);
            read.into_iter().all(|stored| rows.contains(&stored.intent))
        };
        is_before(&hinted) && is_before(&committed)
    }

    fn is_every_alarm_true(&self, state: &State) -> bool {
        let rows = self.archive.rows(Self::end(state));
        rows.into_iter().all(|row| match self.archive.said(row) {
            Said::Remark { remark: Noted::Missing(gap), .. } => {
                self.is_missing(state, &gap) && !self.is_known_void(state, &gap)
            }
            Said::Remark { remark: Noted::Odd(_), .. } => false,
            Said::Remark { remark: Noted::Came { .. }, .. }
            | Said::Change { .. }
            | Said::Genesis { .. } => true,
        })
    }

    /// Whether storage refused one of the numbers to a process that lost no answer, did not die and was not slow: it had said so in time.
    fn is_known_void(&self, state: &State, (instance, from, to): &GapKey) -> bool {
        let harm = |budget: Budget| (budget.lost_answers, budget.crashes, budget.ticks);
        let is_it = |intent: &IntentId| {
            let number = self.archive.number(*intent).0;
            self.archive.instance(*intent) == *instance && (from..=to).contains(&&number)
        };
        harm(state.left) == harm(self.scenario.budget) && state.refused.iter().any(is_it)
    }

    /// Whether none of the numbers was stored or declared void before the time had passed for which they are waited for.
    fn is_missing(&self, state: &State, (instance, from, to): &GapKey) -> bool {
        let of_instance = state
            .sources
            .iter()
            .flatten()
            .filter(|stored| self.archive.instance(stored.intent) == *instance);
        let numbered: Vec<_> =
            of_instance.map(|stored| (self.archive.number(stored.intent), stored.at)).collect();
        let later = numbered.iter().filter(|((number, _), _)| number > to).map(|(_, at)| *at);
        let Some(seen) = later.min() else { return false };
        let mut in_time = numbered.iter().filter(|(_, at)| *at <= seen);
        !in_time.any(|((number, void), _)| {
            (from..=to).contains(&number) || void.iter().any(|void| (from..=to).contains(&void))
        })
    }

    fn is_one_history(&self, state: &State) -> bool {
        let mut signed = state.checkpoints.clone();
        signed.sort_by_key(|commit| self.archive.span(Some(*commit)).1);
        signed.windows(2).all(|pair| self.archive.continues(pair[0], pair[1]))
    }

    fn is_all_sealed(&self, state: &State) -> bool {
        let rows: HashSet<IntentId> = self.archive.rows(Self::end(state)).into_iter().collect();
        state.sources.iter().flatten().all(|stored| rows.contains(&stored.intent))
    }

    fn end(state: &State) -> Option<CommitId> {
        state.log.values().next_back().copied()
    }
}
