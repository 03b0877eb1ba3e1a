//! The signer: continues from what it signed last, or refuses.

use crate::{Action, Protocol, Rule, State, archive::CommitId, state::Signer};

impl Protocol {
    pub(crate) fn signer_actions(state: &State, actions: &mut Vec<Action>) {
        for (signer, is) in state.signers.iter().enumerate() {
            if *is != Signer::Idle || state.left.signings > 0 {
                actions.push(Action::Sign(signer));
            }
            if *is != Signer::Idle && state.left.crashes > 0 {
                actions.push(Action::KillSigner(signer));
            }
        }
    }

    /// The next step of a signer.
    pub(crate) fn sign(&self, state: &mut State, signer: usize) {
        let step = std::mem::take(&mut state.signers[signer]);
        state.signers[signer] = match step {
            Signer::Idle => {
                state.left.signings = state.left.signings.saturating_sub(1);
                Signer::Follow(state.signed.0, state.signed.1)
            }
            Signer::Follow(before, version) => match self.follow(state, before) {
                Ok(Some(end)) if Some(end) != before => Signer::Put(end, version),
                // Nothing new, or nothing that continues what was signed: then it refuses, and raises an alarm.
                Ok(_) | Err(()) => Signer::Idle,
            },
            Signer::Put(end, version) => {
                if version == state.signed.1 || !self.keeps(Rule::SignerIsGuarded) {
                    state.signed = (Some(end), state.signed.1 + 1);
                    state.checkpoints.push(end);
                }
                Signer::Idle
            }
        };
    }

    /// The end of the log, if it continues what was signed.
    fn follow(&self, state: &State, signed: Option<CommitId>) -> Result<Option<CommitId>, ()> {
        if !self.keeps(Rule::SignerCompares) {
            return Ok(state.log.values().next_back().copied());
        }
        let (first, mut size) = self.archive.span(signed);
        if signed.is_some() && state.log.get(&first).copied() != signed {
            return Err(());
        }
        let mut head = signed;
        while let Some(next) = state.log.get(&size).copied() {
            if !self.archive.follows(head, next) {
                return Err(());
            }
            head = Some(next);
            size = self.archive.span(head).1;
        }
        Ok(head)
    }
}
