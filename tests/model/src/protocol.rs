//! The model itself: a scenario, what can happen next in it, and what becomes of it.

use stateright::{Model, Property};

use crate::{
    Action, Rule, Scenario, State,
    archive::Archive,
    state::{Change, Sealer, Sealing, Signer, Writer},
};

/// The protocol, as it is played in a scenario.
#[derive(Debug)]
pub struct Protocol {
    pub(crate) scenario: Scenario,
    /// Bytes behind the numbers of a state.
    pub(crate) archive: Archive,
}

impl Protocol {
    /// Nothing has happened yet.
    pub fn new(scenario: Scenario) -> Self {
        Self { scenario, archive: Archive::default() }
    }

    pub(crate) fn keeps(&self, rule: Rule) -> bool {
        self.scenario.without != Some(rule)
    }
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let writer = |(_, changes): &(usize, usize)| Writer {
            changes: vec![Change::NotBegun; *changes],
            ..Writer::default()
        };
        vec![State {
            writers: self.scenario.writers.iter().map(writer).collect(),
            sources: vec![Vec::new(); self.scenario.sources],
            sealers: vec![Sealer::default(); self.scenario.sealers],
            signers: vec![Signer::default(); self.scenario.signers],
            left: self.scenario.budget,
            ..State::default()
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.is_calm {
            return;
        }
        Self::writer_actions(state, actions);
        Self::sealer_actions(state, actions);
        Self::signer_actions(state, actions);
        actions.extend((0..state.network.len()).map(Action::Deliver));
        if state.left.ticks > 0 {
            actions.push(Action::Tick);
        }
        if state.left.lost_hints > 0 && state.hint.is_some() {
            actions.push(Action::LoseHint);
        }
        if state.left.rollbacks > 0 && !state.log.is_empty() {
            actions.push(Action::RollBack);
        }
        if Self::may_settle(state) {
            actions.push(Action::Settle);
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut state = state.clone();
        match action {
            Action::Number { writer, change } => self.number(&mut state, writer, change),
            Action::Commit { writer, change, fate } => {
                self.commit(&mut state, writer, change, fate);
            }
            Action::KillWriter(writer) => self.kill_writer(&mut state, writer),
            Action::Deliver(place) => self.deliver(&mut state, place),
            Action::Wake(sealer) => {
                state.left.wakes -= 1;
                Self::wake(&mut state, sealer);
            }
            Action::Seal(sealer) => self.seal(&mut state, sealer),
            Action::ReadAgain(sealer) => self.read_again(&mut state, sealer),
            Action::AppendUnheard { sealer, is_applied } => {
                self.append_unheard(&mut state, sealer, is_applied);
            }
            Action::KillSealer(sealer) => {
                state.left.crashes -= 1;
                state.sealers[sealer].step = Sealing::Idle;
            }
            Action::Sign(signer) => self.sign(&mut state, signer),
            Action::KillSigner(signer) => {
                state.left.crashes -= 1;
                state.signers[signer] = Signer::Idle;
            }
            Action::Tick => {
                state.left.ticks -= 1;
                state.now += 1;
            }
            Action::LoseHint => {
                state.left.lost_hints -= 1;
                state.hint = None;
                state.hint_version += 1;
            }
            Action::RollBack => {
                state.left.rollbacks -= 1;
                state.is_rolled_back = true;
                state.log.pop_last();
            }
            Action::Settle => self.settle(&mut state),
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        self.promises()
    }
}
