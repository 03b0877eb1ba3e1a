//! When a visit may begin, and how long it lasts.

use super::*;

const NOW: Timestamp = Timestamp::from_unix_s(1_795_219_200);

fn asked(access: SupportAccess, minutes: u16) -> Result<Visit, VisitError> {
    let request = VisitRequest {
        user: UserId::from_u128(3),
        ticket: "T-1".to_owned(),
        reason: "the owner cannot see a run".to_owned(),
        minutes,
    };
    let operator = (UserId::from_u128(1), TenantId::from_u128(2));
    Visit::request(VisitId::from_u128(4), operator, request, access, NOW).map(|(visit, _)| visit)
}

#[test]
fn a_tenant_that_says_nothing_is_not_visited() {
    assert_eq!(asked(SupportAccess::default(), 15), Err(VisitError::Off));
}

#[test]
fn where_the_tenant_is_asked_nothing_begins_before_it_answered() {
    let visit = asked(SupportAccess::Ask, 15).unwrap();
    assert_eq!(
        visit.clone().begin(SupportAccess::Ask, 0, NOW).unwrap_err(),
        VisitError::NotGranted
    );
    let (visit, _) = visit.answer(true, UserId::from_u128(3)).unwrap();
    let (visit, event) = visit.begin(SupportAccess::Ask, 0, NOW).unwrap();
    assert_eq!(event.kind, EventKind::ImpersonationStarted);
    assert!(visit.is_on(SupportAccess::Ask, NOW.plus(Duration::from_secs(15 * 60 - 1))));
    assert!(!visit.is_on(SupportAccess::Ask, NOW.plus(Duration::from_mins(15))));
    assert!(!visit.is_on(SupportAccess::Off, NOW), "the tenant changed its mind");
}

#[test]
fn a_grant_beforehand_holds_until_its_time_and_no_longer() {
    let until = SupportAccess::GrantedUntil(NOW.plus(Duration::from_secs(1)));
    assert_eq!(asked(until, 15).unwrap().state, VisitState::Granted);
    let past = SupportAccess::GrantedUntil(NOW);
    assert_eq!(asked(past, 15).unwrap().state, VisitState::Requested);
}

#[test]
fn what_a_grant_beforehand_allowed_does_not_begin_after_it() {
    let end = NOW.plus(Duration::from_secs(1));
    let until = SupportAccess::GrantedUntil(end);
    let visit = asked(until, 15).unwrap();
    assert!(visit.clone().begin(until, 0, NOW).is_ok());
    for (access, now) in [(until, end), (SupportAccess::Ask, NOW)] {
        assert_eq!(visit.clone().begin(access, 0, now).unwrap_err(), VisitError::NotGranted);
    }
    let asked = asked(SupportAccess::Ask, 15).unwrap();
    let (allowed, _) = asked.answer(true, UserId::from_u128(3)).unwrap();
    assert!(allowed.begin(until, 0, end).is_ok(), "a person said yes, whatever was granted before");
}

#[test]
fn a_visit_lasts_an_hour_at_most() {
    assert!(asked(SupportAccess::Ask, 60).is_ok());
    assert_eq!(asked(SupportAccess::Ask, 61), Err(VisitError::Minutes));
    assert_eq!(asked(SupportAccess::Ask, 0), Err(VisitError::Minutes));
}

#[test]
fn what_is_over_stays_over() {
    let visit = asked(SupportAccess::Ask, 15).unwrap();
    let (ended, _) = visit.end("tenant").unwrap();
    assert_eq!(ended.clone().end("tenant").unwrap_err(), VisitError::State(VisitState::Ended));
    assert!(ended.clone().answer(true, UserId::from_u128(3)).is_err());
    assert!(ended.begin(SupportAccess::Ask, 0, NOW).is_err());
}

#[test]
fn a_grant_that_nobody_used_is_void_after_a_day() {
    let (visit, _) =
        asked(SupportAccess::Ask, 15).unwrap().answer(true, UserId::from_u128(3)).unwrap();
    let late = NOW.plus(Visit::BEGINS_WITHIN);
    assert_eq!(visit.begin(SupportAccess::Ask, 0, late).unwrap_err(), VisitError::NotGranted);
}
