//! What each refresh token leads to, and what ends a session.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::{
    super::{
        StepUpAnswer,
        credential::tests::{CODES, at, enrolled, secret},
        login::tests::verified,
    },
    *,
};
use crate::MfaPolicy;

const DAY_S: i64 = 86_400;

static SETTINGS: LazyLock<TenantSettings> = LazyLock::new(TenantSettings::default);

fn then() -> Bounds<'static> {
    Bounds { epoch: 3, settings: &SETTINGS }
}

fn laptop() -> SigningIn<'static> {
    let longest = Session::LIFETIME;
    SigningIn { device: "Ada's laptop", binding: None, network: None, longest }
}

pub(in crate::auth) fn session() -> Session {
    let (session, event) = Session::open(verified(), SessionId::from_u128(9), laptop(), at(1_000));
    assert_eq!(event.kind, EventKind::SessionCreated);
    session
}

fn rotated(session: Session, generation: u32, now: i64) -> Session {
    let Rotation::Rotate(next) = session.rotate(generation, None, then(), at(now)) else {
        panic!("not rotated")
    };
    next
}

#[test]
fn the_current_token_gives_the_next_one() {
    let next = rotated(session(), 0, 2_000);
    assert_eq!((next.generation, next.rotated_at), (1, at(2_000)));
    assert_eq!(next.ends_at, session().ends_at, "seven days are absolute");
}

#[test]
fn the_token_before_gives_the_same_successor_for_ten_seconds() {
    let next = rotated(session(), 0, 2_000);
    assert_eq!(next.clone().rotate(0, None, then(), at(2_000)), Rotation::SameAgain);
    assert_eq!(next.clone().rotate(0, None, then(), at(2_010)), Rotation::SameAgain);
    let late = next.rotate(0, None, then(), Timestamp::from_unix_us(2_010_000_001));
    let Rotation::Reused(dead, event) = late else { panic!("{late:?}") };
    assert_eq!(dead.revoked_at, Some(Timestamp::from_unix_us(2_010_000_001)));
    assert_eq!(
        (event.kind, &event.data["why"]),
        (EventKind::RefreshReused, &"refresh_reused".into())
    );
    assert_eq!(
        dead.rotate(1, None, then(), at(2_011)),
        Rotation::Expired,
        "the whole family is dead"
    );
}

#[test]
fn an_older_token_and_one_from_the_future_kill_the_session_at_once() {
    let next = rotated(rotated(session(), 0, 2_000), 1, 2_001);
    assert!(matches!(next.clone().rotate(0, None, then(), at(2_001)), Rotation::Reused(..)));
    let Rotation::Reused(_, event) = next.rotate(3, None, then(), at(2_001)) else {
        panic!("taken")
    };
    assert_eq!(event.data["why"], "generation_ahead");
}

#[test]
fn a_day_without_refresh_ends_it_and_so_do_seven_days_with() {
    let rotate = |session: Session, now| session.rotate(0, None, then(), at(now));
    assert!(matches!(rotate(session(), 1_000 + DAY_S - 1), Rotation::Rotate(_)));
    assert_eq!(rotate(session(), 1_000 + DAY_S), Rotation::Expired);
    let mut session = session();
    for (generation, half_day) in (1_i64..14).enumerate() {
        session =
            rotated(session, u32::try_from(generation).unwrap(), 1_000 + half_day * DAY_S / 2);
    }
    assert!(matches!(
        session.clone().rotate(13, None, then(), at(999 + 7 * DAY_S)),
        Rotation::Rotate(_)
    ));
    assert_eq!(session.rotate(13, None, then(), at(1_000 + 7 * DAY_S)), Rotation::Expired);
}

/// Threat T32: within the grace as at any other time.
#[test]
fn a_token_from_another_device_kills_the_session() {
    let mine = Some(DeviceId::new([1; 16]));
    let bound = Session { binding: mine, ..session() };
    let Rotation::Rotate(next) = bound.clone().rotate(0, mine, then(), at(1_001)) else {
        panic!("not rotated")
    };
    assert_eq!(next.clone().rotate(0, mine, then(), at(1_002)), Rotation::SameAgain);
    for device in [None, Some(DeviceId::new([2; 16]))] {
        for session in [bound.clone(), next.clone()] {
            let Rotation::Reused(dead, event) = session.rotate(0, device, then(), at(1_002)) else {
                panic!("taken from {device:?}")
            };
            assert_eq!(event.data["why"], "other_device");
            assert!(!dead.is_alive(then(), at(1_002)));
        }
    }
    let unbound = session().rotate(0, mine, then(), at(1_001));
    assert!(matches!(unbound, Rotation::Reused(..)), "a program's token in a cookie");
}

#[test]
fn thirty_refreshes_a_minute_are_enough_for_anybody() {
    let mut session = session();
    for generation in 0..30 {
        session = rotated(session, generation, 1_001);
    }
    let Rotation::TooOften(error) = session.clone().rotate(30, None, then(), at(1_001)) else {
        panic!("taken")
    };
    assert_eq!(error.retry_after_s(), 2);
    assert!(matches!(session.rotate(30, None, then(), at(1_003)), Rotation::Rotate(_)));
}

#[test]
fn a_new_epoch_ends_it() {
    let later = Bounds { epoch: 4, ..then() };
    assert_eq!(session().rotate(0, None, later, at(1_001)), Rotation::Expired);
}

/// What a tenant decides holds for the sessions that are there, too.
#[test]
fn a_tenant_that_shortens_its_sessions_shortens_those_that_began_before() {
    let lives = |change: fn(&mut TenantSettings), now| {
        let mut settings = TenantSettings::default();
        change(&mut settings);
        session().is_alive(Bounds { epoch: 3, settings: &settings }, at(now))
    };
    let (hour, quarter) = (
        |s: &mut TenantSettings| s.session_max_h = 1,
        |s: &mut TenantSettings| s.session_idle_min = 15,
    );
    assert!(lives(hour, 1_000 + 3_599) && !lives(hour, 1_000 + 3_600));
    assert!(lives(quarter, 1_000 + 899) && !lives(quarter, 1_000 + 900));
    let week = |s: &mut TenantSettings| s.session_idle_min = 10_080;
    assert!(lives(week, 1_000 + 7 * DAY_S - 1) && !lives(week, 1_000 + 7 * DAY_S));
}

/// Whoever signed in with a second factor of ours is admitted whatever the tenant decided; there is no session of another kind.
#[test]
fn every_session_that_there_is_keeps_the_strictest_policy() {
    for method in [Method::Totp, Method::BackupCode] {
        let session = Session { method, ..session() };
        let settings =
            TenantSettings { mfa_policy: MfaPolicy::Everyone, ..TenantSettings::default() };
        assert!(session.is_alive(Bounds { epoch: 3, settings: &settings }, at(1_001)));
        assert!(method.amr().contains(&"mfa") && method.is_ours());
    }
}

#[test]
fn it_is_revoked_once() {
    let (revoked, event) = session().revoke(Revocation::User, at(1_001)).unwrap();
    assert_eq!((event.kind, &event.data["why"]), (EventKind::SessionRevoked, &"user".into()));
    assert!(!revoked.is_alive(then(), at(1_001)));
    assert_eq!(revoked.revoke(Revocation::User, at(1_002)), None);
}

#[test]
fn a_second_factor_shown_again_refreshes_only_its_users_session() {
    let step_up = || match enrolled().step_up(&secret(), CODES[4], at(130)) {
        StepUpAnswer::Right { shown, .. } => CodeShown { at: at(5_000), ..shown },
        StepUpAnswer::Wrong { .. } => panic!("refused"),
    };
    assert_eq!(session().step_up(&step_up()).unwrap().authenticated_at, at(5_000));
    let others = Session { user: UserId::from_u128(8), ..session() };
    assert_eq!(others.step_up(&step_up()), None);
}

#[test]
fn a_device_name_is_cut_and_cleaned() {
    let (session, _) = Session::open(
        verified(),
        SessionId::from_u128(9),
        SigningIn { device: &format!("a\r\n{}", "b".repeat(300)), ..laptop() },
        at(0),
    );
    assert_eq!(session.device, format!("a{}", "b".repeat(199)));
}

proptest! {
    /// Whatever is presented whenever: at most one generation forward at a time, and no way back to life.
    #[test]
    fn a_dead_session_stays_dead(steps in prop::collection::vec((0_u32..6, 0_i64..20_000), 1..60)) {
        let (mut session, mut now) = (session(), 1_000);
        for (presented, wait) in steps {
            now += wait;
            let before = session.clone();
            match session.clone().rotate(presented, None, then(), at(now)) {
                Rotation::Rotate(next) => {
                    prop_assert_eq!(presented, before.generation);
                    prop_assert_eq!(next.generation, before.generation + 1);
                    session = next;
                }
                Rotation::SameAgain => prop_assert_eq!(presented + 1, before.generation),
                Rotation::Reused(dead, _) => {
                    prop_assert!(dead.revoked_at.is_some());
                    session = dead;
                }
                Rotation::Expired => prop_assert!(!before.is_alive(then(), at(now))),
                Rotation::TooOften(_) => prop_assert_eq!(presented, before.generation),
            }
            prop_assert!(before.revoked_at.is_none() || session.revoked_at.is_some());
        }
    }
}
