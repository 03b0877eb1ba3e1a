//! When nothing goes wrong any more: the timers fire, and whatever can be sealed is.

use crate::{
    Protocol, State,
    state::{Change, Sealing, Signer},
};

/// More than any scenario needs: each round seals or declares missing.
const ROUNDS_MAX: usize = 12;

impl Protocol {
    /// Whether everything that could still happen by itself has.
    pub(crate) fn may_settle(state: &State) -> bool {
        let is_done = |changes: &[Change]| changes.iter().all(|change| *change == Change::Ended);
        !state.is_calm
            && state.writers.iter().all(|writer| is_done(&writer.changes))
            && state.sealers.iter().all(|sealer| sealer.step == Sealing::Idle)
            && state.signers.iter().all(|signer| *signer == Signer::Idle)
    }

    /// Lets the timers of one sealer and one signer fire until there is nothing to do. What was on its way is lost.
    pub(crate) fn settle(&self, state: &mut State) {
        state.is_calm = true;
        state.network.clear();
        for _ in 0..ROUNDS_MAX {
            let before = (state.log.clone(), state.hint.clone());
            state.now += 1;
            Self::wake(state, 0);
            while state.sealers[0].step != Sealing::Idle {
                self.seal(state, 0);
            }
            let has_gaps = !self.archive.gaps(state.log.values().next_back().copied()).is_empty();
            if before == (state.log.clone(), state.hint.clone()) && !has_gaps {
                break;
            }
        }
        if !state.signers.is_empty() {
            self.sign(state, 0);
            while state.signers[0] != Signer::Idle {
                self.sign(state, 0);
            }
        }
    }
}
