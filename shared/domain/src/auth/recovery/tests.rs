//! Who approves, and when the link counts.

use super::{super::credential::tests::at, *};
use crate::TenantId;

pub(super) const DAY_S: i64 = 86_400;

pub(super) fn ticket(secret: u8) -> Ticket<kind::Recovery> {
    Ticket::new(TenantId::from_u128(1), RecoveryId::from_u128(2), [secret; 32])
}

pub(super) fn requested_by(user: u128) -> Recovery {
    let (id, lost) = (RecoveryId::from_u128(2), UserId::from_u128(7));
    Recovery::request(id, lost, UserId::from_u128(user), at(10 * DAY_S)).0
}

pub(super) fn requested() -> Recovery {
    requested_by(7)
}

pub(super) fn admin(user: u128, since: i64) -> Approver {
    Approver { user: UserId::from_u128(user), since: at(since) }
}

fn approved() -> Recovery {
    requested().approve(admin(8, 0), &ticket(1), at(10 * DAY_S)).unwrap().0
}

/// Threat T17.
#[test]
fn nobody_approves_their_own_recovery() {
    let own = requested().approve(admin(7, 0), &ticket(1), at(10 * DAY_S));
    assert_eq!(own.err(), Some(RecoveryError::Own));
    let asked = requested_by(8).approve(admin(8, 0), &ticket(1), at(10 * DAY_S));
    assert_eq!(asked.err(), Some(RecoveryError::Own));
    assert!(requested_by(9).approve(admin(8, 0), &ticket(1), at(10 * DAY_S)).is_ok());
}

/// Threat T17: whoever took over an administrator's account invites no accomplice.
#[test]
fn whoever_came_less_than_a_day_ago_approves_nothing() {
    let approve = |since| requested().approve(admin(8, since), &ticket(1), at(10 * DAY_S));
    assert_eq!(approve(9 * DAY_S + 1).err(), Some(RecoveryError::TooNew));
    assert!(approve(9 * DAY_S).is_ok());
}

#[test]
fn it_is_decided_on_once_and_within_three_days() {
    let again = approved().approve(admin(8, 0), &ticket(1), at(10 * DAY_S));
    assert_eq!(again.err(), Some(RecoveryError::NotOpen));
    let by = UserId::from_u128(8);
    assert_eq!(approved().deny(by, at(10 * DAY_S)).err(), Some(RecoveryError::NotOpen));
    let (denied, event) = requested().deny(by, at(10 * DAY_S)).unwrap();
    assert_eq!(event.outcome, crate::Outcome::Denied);
    let late = denied.approve(admin(8, 0), &ticket(1), at(10 * DAY_S));
    assert_eq!(late.err(), Some(RecoveryError::NotOpen));
    assert!(requested().is_open(at(13 * DAY_S - 1)) && !requested().is_open(at(13 * DAY_S)));
}

#[test]
fn the_link_counts_for_a_day_and_once() {
    assert_eq!(requested().admits(&ticket(1), at(10 * DAY_S)), Err(RecoveryError::Invalid));
    assert_eq!(approved().admits(&ticket(2), at(10 * DAY_S)), Err(RecoveryError::Invalid));
    assert_eq!(approved().admits(&ticket(1), at(11 * DAY_S - 1)), Ok(()));
    assert_eq!(approved().admits(&ticket(1), at(11 * DAY_S)), Err(RecoveryError::Invalid));
    let redeem = |recovery: Recovery| recovery.redeem(&ticket(1), Needs::Verify, at(10 * DAY_S));
    let (done, event) = redeem(approved()).unwrap();
    assert_eq!(event.kind, EventKind::MfaResetCompleted);
    assert_eq!(redeem(done).err(), Some(RecoveryError::Invalid));
}
