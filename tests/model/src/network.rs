//! Writes whose clients gave up, and storage that applies them all the same.

use crate::{
    Protocol, Rule, State,
    state::{Message, Stored},
};

impl State {
    /// Puts a write on its way. The order of those on their way means nothing.
    pub(crate) fn send(&mut self, message: Message) {
        self.network.push(message);
        self.network.sort_unstable();
    }
}

impl Protocol {
    pub(crate) fn deliver(&self, state: &mut State, place: usize) {
        match state.network.remove(place) {
            Message::Intent { source, intent } => {
                let at = state.now;
                // Created once: its identifier is the event's.
                if state.sources.iter().flatten().all(|stored| stored.intent != intent) {
                    state.sources[source].push(Stored { intent, at });
                }
            }
            Message::Commit(commit) => {
                self.create(state, commit);
            }
        }
    }

    /// Creates a commit; `false` when there is one already.
    pub(crate) fn create(&self, state: &mut State, commit: crate::archive::CommitId) -> bool {
        let first = self.archive.span(Some(commit)).0;
        if self.keeps(Rule::CommitsAreCreated) && state.log.contains_key(&first) {
            return false;
        }
        state.log.insert(first, commit);
        true
    }
}
