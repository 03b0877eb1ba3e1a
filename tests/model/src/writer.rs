//! A process that numbers, signs and commits: the rules of `store::numbers` and `store::partition`.

use crate::{
    Action, Fate, Protocol, Rule, State,
    archive::Said,
    state::{Change, Message, Stored, Writer},
};

impl Protocol {
    pub(crate) fn writer_actions(state: &State, actions: &mut Vec<Action>) {
        for (writer, is) in state.writers.iter().enumerate() {
            for (change, at) in is.changes.iter().enumerate() {
                match at {
                    // Which of two that are alike comes first makes no difference.
                    Change::NotBegun if is.changes[..change].contains(&Change::NotBegun) => {}
                    Change::NotBegun => actions.push(Action::Number { writer, change }),
                    Change::Numbered(_) => {
                        let fates = fates(state).into_iter();
                        actions.extend(fates.map(|fate| Action::Commit { writer, change, fate }));
                    }
                    Change::Ended => {}
                }
            }
            if state.left.crashes > 0
                && is.last > 0
                && is.changes.iter().any(|at| *at != Change::Ended)
            {
                actions.push(Action::KillWriter(writer));
            }
        }
    }

    pub(crate) fn number(&self, state: &mut State, writer: usize, change: usize) {
        let is = &mut state.writers[writer];
        is.last += 1;
        let said = Said::Change {
            writer,
            life: is.life,
            change,
            number: is.last,
            void: std::mem::take(&mut is.void),
            previous: is.previous,
        };
        let intent = self.archive.intent(said);
        is.previous = Some(intent);
        is.changes[change] = Change::Numbered(intent);
    }

    pub(crate) fn commit(&self, state: &mut State, writer: usize, change: usize, fate: Fate) {
        let Change::Numbered(intent) = state.writers[writer].changes[change] else { return };
        let source = self.scenario.writers[writer].0;
        match fate {
            Fate::Stored | Fate::StoredUnheard => {
                state.sources[source].push(Stored { intent, at: state.now });
            }
            Fate::OnItsWay | Fate::OnItsWayThenThrottled => {
                state.send(Message::Intent { source, intent });
            }
            Fate::LostUnheard | Fate::Refused => {}
        }
        match fate {
            Fate::Stored | Fate::Refused => {}
            Fate::StoredUnheard | Fate::OnItsWay | Fate::LostUnheard => {
                state.left.lost_answers -= 1;
            }
            Fate::OnItsWayThenThrottled => {
                state.left.lost_answers -= 1;
                state.left.refusals -= 1;
            }
        }
        if fate == Fate::Refused {
            state.left.refusals -= 1;
            state.refused.push(intent);
            state.refused.sort_unstable();
        }
        let (number, void) = self.archive.number(intent);
        let is = &mut state.writers[writer];
        is.changes[change] = Change::Ended;
        if fate == Fate::Stored {
            return;
        }
        if self.keeps(Rule::VoidIsSaidUntilStored) {
            is.void.extend(void);
        }
        if self.is_void(fate) {
            is.void.push(number);
        }
        is.void.sort_unstable();
        let owes = is.void.iter().any(|void| *void < is.last);
        if fate == Fate::Refused && owes && self.keeps(Rule::OwedVoidIsSaid) {
            is.changes.push(Change::NotBegun);
        }
    }

    /// Whether a number is declared void after `fate`, as far as its client knows it.
    fn is_void(&self, fate: Fate) -> bool {
        let is_careless = !self.keeps(Rule::OnlyRefusedNumbersAreVoid);
        match fate {
            Fate::Refused => true,
            Fate::OnItsWayThenThrottled => is_careless,
            Fate::Stored | Fate::StoredUnheard | Fate::OnItsWay | Fate::LostUnheard => false,
        }
    }

    /// What was numbered and not sent is gone with its process.
    pub(crate) fn kill_writer(&self, state: &mut State, writer: usize) {
        state.left.crashes -= 1;
        let is = &mut state.writers[writer];
        let begun = |change: &Change| matches!(change, Change::Numbered(_));
        let changes =
            is.changes.iter().map(|change| if begun(change) { Change::Ended } else { *change });
        let life = if self.keeps(Rule::InstancesAreNew) { is.life + 1 } else { is.life };
        *is = Writer { life, changes: changes.collect(), ..Writer::default() };
    }
}

fn fates(state: &State) -> Vec<Fate> {
    let mut fates = vec![Fate::Stored];
    if state.left.lost_answers > 0 {
        fates.extend([Fate::StoredUnheard, Fate::OnItsWay, Fate::LostUnheard]);
    }
    if state.left.refusals > 0 {
        fates.push(Fate::Refused);
    }
    if state.left.lost_answers > 0 && state.left.refusals > 0 {
        fates.push(Fate::OnItsWayThenThrottled);
    }
    fates
}
