//! The only administrator of a tenant lost the second factor: nobody of the tenant can approve. Two operators can, and then everyone of the
//! tenant has three days to see it and to refuse (threat T18).

use std::time::Duration;

use super::{Recovery, RecoveryError, RecoveryState};
use crate::{AuditEvent, EventKind, Timestamp, UserId, auth::Ticket, kind};

impl Recovery {
    /// How long the tenant has to refuse what two operators agreed to.
    pub const OPENS_AFTER: Duration = Duration::from_hours(72);

    /// An operator agrees; the second one opens it for the bearer of `ticket`, [`OPENS_AFTER`](Self::OPENS_AFTER) later. `others` says
    /// whether somebody of the tenant could approve it.
    ///
    /// # Errors
    /// * [`RecoveryError::HasAdministrator`], [`RecoveryError::SameOperator`], [`RecoveryError::NotOpen`].
    pub fn break_glass(
        self,
        operator: UserId,
        others: bool,
        ticket: &Ticket<kind::Recovery>,
        now: Timestamp,
    ) -> Result<(Self, AuditEvent), RecoveryError> {
        if others {
            return Err(RecoveryError::HasAdministrator);
        }
        if !self.is_open(now) {
            return Err(RecoveryError::NotOpen);
        }
        let event = self.event(EventKind::BreakGlassUsed);
        match self.state {
            RecoveryState::Requested => {
                let (state, ends_at) =
                    (RecoveryState::Agreed { by: operator }, now.plus(Self::WAITS));
                Ok((Self { ends_at, state, ..self }, event.with("operators", 1)))
            }
            RecoveryState::Agreed { by } if by == operator => Err(RecoveryError::SameOperator),
            RecoveryState::Agreed { .. } => {
                let opens_at = now.plus(Self::OPENS_AFTER);
                let state =
                    RecoveryState::Approved { by: operator, ticket_sha256: ticket.sha256() };
                let ends_at = opens_at.plus(Self::LINK_LIFETIME);
                let event = event.with("operators", 2).with("opens_at", opens_at.to_string());
                Ok((Self { ends_at, opens_at: Some(opens_at), state, ..self }, event))
            }
            RecoveryState::Offered { .. }
            | RecoveryState::Approved { .. }
            | RecoveryState::Denied { .. }
            | RecoveryState::Done { .. } => Err(RecoveryError::NotOpen),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{DAY_S, admin, requested, ticket},
        *,
    };
    use crate::auth::{Needs, credential::tests::at};

    const NOW: i64 = 10 * DAY_S;

    fn agree(recovery: Recovery, operator: u128) -> Result<Recovery, RecoveryError> {
        let operator = UserId::from_u128(operator);
        recovery.break_glass(operator, false, &ticket(1), at(NOW)).map(|(recovery, _)| recovery)
    }

    /// Threat T18.
    #[test]
    fn it_takes_two_operators_and_nobody_of_the_tenant() {
        let others = requested().break_glass(UserId::from_u128(90), true, &ticket(1), at(NOW));
        assert_eq!(others.err(), Some(RecoveryError::HasAdministrator));
        let once = agree(requested(), 90).unwrap();
        assert_eq!(once.admits(&ticket(1), at(NOW)), Err(RecoveryError::Invalid));
        assert_eq!(agree(once.clone(), 90).err(), Some(RecoveryError::SameOperator));
        let twice = agree(once.clone(), 91).unwrap();
        assert_eq!(agree(twice, 92).err(), Some(RecoveryError::NotOpen));
        // Whoever became an administrator in the meantime decides as ever.
        assert!(once.approve(admin(8, 0), &ticket(1), at(NOW)).is_ok());
    }

    /// Threat T18, by the clock.
    #[test]
    fn it_opens_after_three_days_for_one_day() {
        let opened = agree(agree(requested(), 90).unwrap(), 91).unwrap();
        let redeem = |now| opened.clone().redeem(&ticket(1), Needs::Verify, at(now)).err();
        assert_eq!(redeem(NOW), Some(RecoveryError::Invalid));
        assert_eq!(redeem(NOW + 3 * DAY_S - 1), Some(RecoveryError::Invalid));
        assert_eq!(redeem(NOW + 3 * DAY_S), None);
        assert_eq!(redeem(NOW + 4 * DAY_S - 1), None);
        assert_eq!(redeem(NOW + 4 * DAY_S), Some(RecoveryError::Invalid));
    }

    /// Threat T18: whoever of the tenant sees it in time refuses it.
    #[test]
    fn what_operators_opened_is_refused_until_it_is_used() {
        let opened = agree(agree(requested(), 90).unwrap(), 91).unwrap();
        let by = UserId::from_u128(7);
        let (denied, _) = opened.clone().deny(by, at(NOW + 3 * DAY_S)).unwrap();
        let late = denied.redeem(&ticket(1), Needs::Verify, at(NOW + 3 * DAY_S));
        assert_eq!(late.err(), Some(RecoveryError::Invalid));
        let (done, _) = opened.redeem(&ticket(1), Needs::Verify, at(NOW + 3 * DAY_S)).unwrap();
        assert_eq!(done.deny(by, at(NOW + 3 * DAY_S)).err(), Some(RecoveryError::NotOpen));
    }
}
