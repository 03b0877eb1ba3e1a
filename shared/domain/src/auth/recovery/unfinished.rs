//! A user who chose a password and never finished setting up the first factor. The password alone does not go on: whoever stole it would set
//! up a factor of their own (threat T14). The link of a letter goes on, as the invitation's did the first time.

use super::{Recovery, RecoveryState};
use crate::{AuditEvent, EventKind, Timestamp, UserId, auth::Ticket, kind};

impl Recovery {
    /// Offers the bearer of `ticket` to set up the first factor, and says what to record. It gets around no factor that counts by then.
    pub fn offer(
        ticket: &Ticket<kind::Recovery>,
        user: UserId,
        now: Timestamp,
    ) -> (Self, AuditEvent) {
        let offered = Self {
            ends_at: now.plus(Self::LINK_LIFETIME),
            state: RecoveryState::Offered { ticket_sha256: ticket.sha256() },
            ..Self::request(ticket.id, user, user, now).0
        };
        let event = offered.event(EventKind::MfaResetRequested).with("why", "enrolment_unfinished");
        (offered, event)
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            RecoveryError,
            tests::{DAY_S, admin, ticket},
        },
        *,
    };
    use crate::auth::{Needs, credential::tests::at};

    fn offered() -> Recovery {
        Recovery::offer(&ticket(1), UserId::from_u128(7), at(0)).0
    }

    /// Threat T14: it waits for nobody, and nobody approves it.
    #[test]
    fn the_link_of_an_unfinished_enrolment_counts_for_a_day_and_once() {
        let (recovery, event) = Recovery::offer(&ticket(1), UserId::from_u128(7), at(0));
        assert_eq!(event.data["why"], "enrolment_unfinished");
        assert_eq!(recovery.admits(&ticket(1), at(DAY_S - 1)), Ok(()));
        assert_eq!(recovery.admits(&ticket(1), at(DAY_S)), Err(RecoveryError::Invalid));
        assert_eq!(recovery.admits(&ticket(2), at(0)), Err(RecoveryError::Invalid));
        let decided = recovery.clone().approve(admin(8, -10 * DAY_S), &ticket(2), at(0));
        assert_eq!(decided.err(), Some(RecoveryError::NotOpen));
        let (done, _) = recovery.redeem(&ticket(1), Needs::Enrol, at(1)).unwrap();
        let again = done.redeem(&ticket(1), Needs::Enrol, at(1));
        assert_eq!(again.err(), Some(RecoveryError::Invalid));
    }

    /// Threats T14 and T20: once a factor counts, a link that nobody decided on takes it away no more.
    #[test]
    fn the_link_of_an_unfinished_enrolment_gets_around_no_factor() {
        let refused = offered().redeem(&ticket(1), Needs::Verify, at(1));
        assert_eq!(refused.err(), Some(RecoveryError::Invalid));
    }
}
