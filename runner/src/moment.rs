//! What time it is where the control plane would profit from another answer: for quotas, for what is obeyed once, and for whether a request still counts.
//!
//! The control plane may say how far this machine's clock is off, and requests to it are signed by its clock. But whoever could set the time of the
//! quotas would begin a new day with each word, and whoever could set it back would make yesterday's requests count again.

use std::time::Duration;

use domain::Timestamp;

use crate::vault::{Vault, VaultError};

/// The control plane's clock is followed so far and no further.
pub(crate) const OFFSET_MAX: Duration = Duration::from_mins(5);

/// A moment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Moment {
    /// By this machine's clock, and never earlier than any before: quotas and nonces are counted by it.
    pub(crate) now: Timestamp,
    /// By the control plane's clock, at most [`OFFSET_MAX`] from `now`: whether a request counts is judged by it.
    pub(crate) asked: Timestamp,
    /// Whether the control plane's clock is further off than that.
    pub(crate) is_off: bool,
}

impl Vault {
    /// The moment at which this machine's clock says `local`.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn moment(&self, local: Timestamp) -> Result<Moment, VaultError> {
        let now = self.latest(local)?;
        let offset_us = self.clock(local)?.offset_ms.saturating_mul(1_000);
        let claimed = Timestamp::from_unix_us(local.unix_us().saturating_add(offset_us));
        let asked = claimed.clamp(now.minus(OFFSET_MAX), now.plus(OFFSET_MAX));
        Ok(Moment { now, asked, is_off: asked != claimed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::tests::vault;

    const MINUTE: i64 = 60;
    const DAY: i64 = 86_400;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_s(seconds)
    }

    #[test]
    fn the_control_plane_moves_the_time_of_requests_by_minutes_and_that_of_quotas_never() {
        let dir = tempfile::tempdir().unwrap();
        let vault = vault(dir.path());
        for (says, asked, is_off) in [
            (DAY + 5 * MINUTE, DAY + 5 * MINUTE, false),
            (DAY + 5 * MINUTE + 1, DAY + 5 * MINUTE, true),
            (2 * DAY, DAY + 5 * MINUTE, true),
            (DAY - 5 * MINUTE, DAY - 5 * MINUTE, false),
            (0, DAY - 5 * MINUTE, true),
        ] {
            vault.remember_clock(at(says), at(DAY), at(DAY)).unwrap();
            let expected = Moment { now: at(DAY), asked: at(asked), is_off };
            assert_eq!(vault.moment(at(DAY)).unwrap(), expected, "{says}");
        }
    }

    #[test]
    fn a_clock_that_is_set_back_begins_no_day_again_even_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(vault(dir.path()).moment(at(DAY)).unwrap().now, at(DAY));
        let reopened = vault(dir.path());
        let moment = reopened.moment(at(DAY - 2 * MINUTE)).unwrap();
        assert_eq!((moment.now, moment.asked), (at(DAY), at(DAY - 2 * MINUTE)));
        let moment = reopened.moment(at(0)).unwrap();
        assert_eq!((moment.now, moment.asked), (at(DAY), at(DAY - 5 * MINUTE)));
        assert_eq!(reopened.moment(at(DAY + 1)).unwrap().now, at(DAY + 1));
    }
}
