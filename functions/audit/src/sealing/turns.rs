//! One sealer of a tenant at a time, in one process.
//!
//! Several are right as well: storage lets one of them create the next commit. But while intents keep coming, no sealer reaches the end, each
//! wake-up adds another, and all but one verify every signature in vain.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use domain::TenantId;

/// Who seals now: the tenants, and whether somebody asked for each of them meanwhile.
#[derive(Clone, Debug, Default)]
pub(crate) struct Turns(Arc<Mutex<BTreeMap<TenantId, bool>>>);

/// The turn to seal one tenant's intents; over when it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    turns: Turns,
    tenant: TenantId,
    is_held: bool,
}

impl Turns {
    /// The turn for `tenant`; `None` when somebody has it, who will look once more before it is over.
    pub(crate) fn take(&self, tenant: TenantId) -> Option<Turn> {
        let mut sealing = self.lock();
        if let Some(is_asked) = sealing.get_mut(&tenant) {
            *is_asked = true;
            return None;
        }
        sealing.insert(tenant, false);
        Some(Turn { turns: self.clone(), tenant, is_held: true })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<TenantId, bool>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// Ends the turn, unless somebody asked since it was last asked about: then what there was to seal must be looked for again.
    pub(crate) fn is_over(&mut self) -> bool {
        let mut sealing = self.turns.lock();
        if sealing.insert(self.tenant, false) == Some(true) {
            return false;
        }
        sealing.remove(&self.tenant);
        self.is_held = false;
        true
    }
}

impl Drop for Turn {
    /// Whoever asked was told that this sealer will look: its message, or its timer, comes again.
    fn drop(&mut self) {
        if self.is_held {
            self.turns.lock().remove(&self.tenant);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: TenantId = TenantId::from_u128(1);

    #[test]
    fn whoever_asks_meanwhile_makes_the_sealer_look_once_more() {
        let turns = Turns::default();
        let mut turn = turns.take(TENANT).unwrap();
        assert!(turns.take(TENANT).is_none() && turns.take(TENANT).is_none());
        assert!(turns.take(TenantId::from_u128(2)).is_some());
        assert!(!turn.is_over());
        assert!(turn.is_over());
        assert!(turns.take(TENANT).is_some());
    }

    #[test]
    fn a_sealer_that_failed_is_not_waited_for() {
        let turns = Turns::default();
        drop(turns.take(TENANT).unwrap());
        let mut turn = turns.take(TENANT).unwrap();
        assert!(turn.is_over());
        // Over already: dropping it must not take the turn of the next one.
        let next = turns.take(TENANT).unwrap();
        drop(turn);
        assert!(turns.take(TENANT).is_none());
        drop(next);
    }
}
