//! A sealer: the steps of `audit::sealing`, each of which reads or writes once.

use std::collections::BTreeMap;

use crate::{
    Action, Protocol, Rule, State,
    archive::{CommitId, Draft, GapKey, Said},
    state::{Kept, Message, Reading, Sealing},
};

impl Protocol {
    pub(crate) fn sealer_actions(state: &State, actions: &mut Vec<Action>) {
        for (sealer, is) in state.sealers.iter().enumerate() {
            if is.step == Sealing::Idle {
                // Which of two idle ones is woken makes no difference.
                let is_first =
                    state.sealers[..sealer].iter().all(|other| other.step != Sealing::Idle);
                if state.left.wakes > 0 && is_first {
                    actions.push(Action::Wake(sealer));
                }
                continue;
            }
            actions.push(Action::Seal(sealer));
            if state.left.crashes > 0 {
                actions.push(Action::KillSealer(sealer));
            }
            if state.left.repetitions > 0
                && let Sealing::Source(reading) = &is.step
                && reading.cursors[reading.next] > 0
            {
                actions.push(Action::ReadAgain(sealer));
            }
            if state.left.lost_answers > 0 && matches!(is.step, Sealing::Append(_)) {
                actions.extend(
                    [true, false].map(|is_applied| Action::AppendUnheard { sealer, is_applied }),
                );
            }
        }
    }

    pub(crate) fn wake(state: &mut State, sealer: usize) {
        state.sealers[sealer].woken = state.now;
        state.sealers[sealer].step = Sealing::Head;
    }

    /// The next step of a sealer, when nothing goes wrong.
    pub(crate) fn seal(&self, state: &mut State, sealer: usize) {
        let step = std::mem::take(&mut state.sealers[sealer].step);
        state.sealers[sealer].step = match step {
            Sealing::Idle => Sealing::Idle,
            Sealing::Head => Sealing::Hint(state.log.values().next_back().copied()),
            Sealing::Hint(head) => Sealing::Source(Box::new(self.begin(state, head))),
            Sealing::Source(reading) => self.read(state, sealer, *reading),
            Sealing::Append(commit) => {
                // Created, or another sealer was first: either way it looks again.
                self.create(state, commit);
                Sealing::Head
            }
            Sealing::Keep(kept, version) => {
                if version == state.hint_version {
                    state.hint = Some(kept);
                    state.hint_version += 1;
                }
                Sealing::Idle
            }
        };
    }

    pub(crate) fn read_again(&self, state: &mut State, sealer: usize) {
        state.left.repetitions -= 1;
        if let Sealing::Source(reading) = &mut state.sealers[sealer].step {
            reading.cursors[reading.next] -= 1;
        }
        self.seal(state, sealer);
    }

    pub(crate) fn append_unheard(&self, state: &mut State, sealer: usize, is_applied: bool) {
        state.left.lost_answers -= 1;
        let step = std::mem::take(&mut state.sealers[sealer].step);
        let Sealing::Append(commit) = step else { return };
        if is_applied {
            self.create(state, commit);
        } else {
            state.send(Message::Commit(commit));
        }
    }

    fn begin(&self, state: &State, head: Option<CommitId>) -> Reading {
        let kept = state.hint.clone().unwrap_or_default();
        let mut cursors = self.archive.cursors(head, self.scenario.sources);
        if kept.size == self.archive.span(head).1 && !kept.cursors.is_empty() {
            cursors.clone_from(&kept.cursors);
        }
        Reading { head, kept, version: state.hint_version, next: 0, page: Vec::new(), cursors }
    }

    /// Reads one source, and decides what to do once enough was read.
    fn read(&self, state: &mut State, sealer: usize, mut reading: Reading) -> Sealing {
        let source = &state.sources[reading.next];
        let from = reading.cursors[reading.next].min(source.len());
        let count = (source.len() - from).min(self.scenario.room - reading.page.len());
        reading.page.extend(source[from..from + count].iter().map(|stored| stored.intent));
        reading.cursors[reading.next] = from + count;
        let is_at_end = from + count == source.len();
        reading.next += 1;
        let is_full = reading.page.len() >= self.scenario.room;
        if reading.next < self.scenario.sources && !is_full {
            return Sealing::Source(Box::new(reading));
        }
        let is_all_read = is_at_end && reading.next == self.scenario.sources;
        self.decide(state, sealer, reading, is_all_read)
    }

    fn decide(
        &self,
        state: &mut State,
        sealer: usize,
        reading: Reading,
        is_all_read: bool,
    ) -> Sealing {
        let woken = state.sealers[sealer].woken;
        let Reading { head, kept, version, mut page, cursors, .. } = reading;
        if !self.keeps(Rule::LateIntentsAreSealed) {
            page.retain(|intent| !self.archive.is_late(head, *intent));
        }
        if head.is_none() {
            if page.is_empty() {
                return Sealing::Idle;
            }
            page.insert(0, self.archive.intent(Said::Genesis { sealer }));
        }
        let may_miss = is_all_read || !self.keeps(Rule::MissingIsWhatNoSourceHas);
        let late = if may_miss { self.late(head, &kept.gaps, woken) } else { Vec::new() };
        let asks = self.keeps(Rule::NumbersAreRemembered);
        let draft = Draft { sealer, head, page, late, cursors: cursors.clone(), now: woken, asks };
        let Some(commit) = self.archive.next(draft) else {
            let is_exact = self.keeps(Rule::WaitingBeginsWhenSeen);
            let seen = if is_exact { state.now } else { woken };
            return self.keep(head, kept, version, cursors, seen);
        };
        if !self.keeps(Rule::CursorsComeWithRows) {
            let size = self.archive.span(Some(commit)).1;
            state.hint = Some(Kept { size, cursors, gaps: kept.gaps });
            state.hint_version += 1;
        }
        Sealing::Append(commit)
    }

    /// Numbers that have been missing for too long.
    fn late(&self, head: Option<CommitId>, since: &BTreeMap<GapKey, u8>, woken: u8) -> Vec<GapKey> {
        let is_late = |gap: &GapKey| {
            let waits = self.keeps(Rule::MissingNumbersAreWaitedFor);
            !waits || since.get(gap).is_some_and(|since| woken > *since)
        };
        self.archive.gaps(head).into_iter().filter(is_late).collect()
    }

    /// What to remember when nothing is to be sealed.
    fn keep(
        &self,
        head: Option<CommitId>,
        kept: Kept,
        version: u8,
        cursors: Vec<usize>,
        seen: u8,
    ) -> Sealing {
        let since = |gap: GapKey| (gap.clone(), kept.gaps.get(&gap).copied().unwrap_or(seen));
        let gaps = self.archive.gaps(head).into_iter().map(since).collect();
        let next = Kept { size: self.archive.span(head).1, cursors, gaps };
        if next == kept { Sealing::Idle } else { Sealing::Keep(next, version) }
    }
}
