//! Sessions: a signed-in device, and the one refresh token of it that counts.
//!
//! A refresh token is used once. The one before it still gives the *same* successor for ten seconds, since two tabs or a lost answer are
//! no theft; any other means that someone else holds a copy, and the session dies.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{CodeShown, MfaVerified};
use crate::{AuditEvent, EventKind, SessionId, Target, Timestamp, UserId};

const DEVICE_CHARS_MAX: usize = 200;

/// A signed-in device. Only [`open`](Self::open) makes one.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Session {
    /// Which.
    pub session: SessionId,
    /// Whose.
    pub user: UserId,
    /// What the device calls itself, at most 200 characters.
    pub device: String,
    /// When it signed in.
    pub created_at: Timestamp,
    /// The refresh token that counts, from 0.
    pub generation: u32,
    /// When that token was issued.
    pub rotated_at: Timestamp,
    /// No refresh from then on.
    pub ends_at: Timestamp,
    /// The epoch of the user's guard when it signed in.
    pub epoch: u32,
    /// When the second factor was last shown.
    pub authenticated_at: Timestamp,
    /// Since when it is dead.
    pub revoked_at: Option<Timestamp>,
}

/// What follows from a refresh token.
#[derive(Clone, Debug, PartialEq)]
pub enum Rotation {
    /// Store this session, then hand out its generation.
    Rotate(Session),
    /// Hand out the generation that counts once more; nothing is to be stored.
    SameAgain,
    /// The session is dead from now on: store it with the event.
    Reused(Session, AuditEvent),
    /// Over, revoked, or of an earlier epoch: refuse; nothing is to be stored.
    Expired,
}

/// Why a session ends early.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Revocation {
    /// Its user ended it.
    User,
    /// A refresh token came back.
    RefreshReused,
    /// A refresh token came from the future: storage was set back.
    GenerationAhead,
}

impl Revocation {
    /// Its name in the log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::RefreshReused => "refresh_reused",
            Self::GenerationAhead => "generation_ahead",
        }
    }
}

impl Session {
    /// A session lives this long at most, however often it is refreshed.
    pub const LIFETIME: Duration = Duration::from_hours(7 * 24);
    /// And this long without a refresh.
    pub const IDLE: Duration = Duration::from_hours(24);
    /// The token before the current one gives the same successor for this long.
    pub const GRACE: Duration = Duration::from_secs(10);

    /// Signs a device in, and says what to record.
    pub fn open(
        verified: MfaVerified,
        session: SessionId,
        device: &str,
        epoch: u32,
        now: Timestamp,
    ) -> (Self, AuditEvent) {
        let MfaVerified(CodeShown { user, at }) = verified;
        let event = AuditEvent::new(EventKind::SessionCreated, Target::new("session", session))
            .with("user", user.to_string());
        let opened = Self {
            session,
            user,
            device: device
                .chars()
                .filter(|letter| !letter.is_control())
                .take(DEVICE_CHARS_MAX)
                .collect(),
            created_at: now,
            generation: 0,
            rotated_at: now,
            ends_at: now.plus(Self::LIFETIME),
            epoch,
            authenticated_at: at,
            revoked_at: None,
        };
        (opened, event)
    }

    /// Whether the session counts at `now` for a user whose guard has this epoch.
    pub fn is_alive(&self, epoch: u32, now: Timestamp) -> bool {
        let idle_until = self.rotated_at.plus(Self::IDLE);
        self.revoked_at.is_none() && self.epoch == epoch && now < self.ends_at && now < idle_until
    }

    /// Decides on a refresh token of `presented` generation, for a user whose guard has this epoch.
    pub fn rotate(self, presented: u32, epoch: u32, now: Timestamp) -> Rotation {
        if !self.is_alive(epoch, now) {
            return Rotation::Expired;
        }
        let is_previous = presented.checked_add(1) == Some(self.generation);
        if presented == self.generation {
            let generation = self.generation.saturating_add(1);
            Rotation::Rotate(Self { generation, rotated_at: now, ..self })
        } else if is_previous && now.since(self.rotated_at) <= Self::GRACE {
            Rotation::SameAgain
        } else if presented > self.generation {
            self.reused(Revocation::GenerationAhead, now)
        } else {
            self.reused(Revocation::RefreshReused, now)
        }
    }

    /// Ends it; `None` when it was over already.
    pub fn revoke(self, why: Revocation, now: Timestamp) -> Option<(Self, AuditEvent)> {
        if self.revoked_at.is_some() {
            return None;
        }
        let event = self.ended(EventKind::SessionRevoked, why);
        Some((Self { revoked_at: Some(now), ..self }, event))
    }

    /// Takes a second factor that was shown again: `None` when it was another user's.
    pub fn step_up(self, shown: &CodeShown) -> Option<Self> {
        let same = self.user == shown.user;
        same.then(|| Self { authenticated_at: self.authenticated_at.max(shown.at), ..self })
    }

    fn reused(self, why: Revocation, now: Timestamp) -> Rotation {
        let event = self.ended(EventKind::RefreshReused, why);
        Rotation::Reused(Self { revoked_at: Some(now), ..self }, event)
    }

    fn ended(&self, kind: EventKind, why: Revocation) -> AuditEvent {
        AuditEvent::new(kind, Target::new("session", self.session))
            .with("user", self.user.to_string())
            .with("why", why.name())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::{
        super::{
            StepUpAnswer,
            credential::tests::{CODES, at, enrolled, secret},
            login::tests::verified,
        },
        *,
    };

    const DAY_S: i64 = 86_400;

    pub(in crate::auth) fn session() -> Session {
        let (session, event) =
            Session::open(verified(), SessionId::from_u128(9), "Ada's laptop", 3, at(1_000));
        assert_eq!(event.kind, EventKind::SessionCreated);
        session
    }

    fn rotated(session: Session, generation: u32, now: i64) -> Session {
        let Rotation::Rotate(next) = session.rotate(generation, 3, at(now)) else {
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
        assert_eq!(next.clone().rotate(0, 3, at(2_000)), Rotation::SameAgain);
        assert_eq!(next.clone().rotate(0, 3, at(2_010)), Rotation::SameAgain);
        let late = next.rotate(0, 3, Timestamp::from_unix_us(2_010_000_001));
        let Rotation::Reused(dead, event) = late else { panic!("{late:?}") };
        assert_eq!(dead.revoked_at, Some(Timestamp::from_unix_us(2_010_000_001)));
        assert_eq!(
            (event.kind, &event.data["why"]),
            (EventKind::RefreshReused, &"refresh_reused".into())
        );
        assert_eq!(dead.rotate(1, 3, at(2_011)), Rotation::Expired, "the whole family is dead");
    }

    #[test]
    fn an_older_token_and_one_from_the_future_kill_the_session_at_once() {
        let next = rotated(rotated(session(), 0, 2_000), 1, 2_001);
        assert!(matches!(next.clone().rotate(0, 3, at(2_001)), Rotation::Reused(..)));
        let Rotation::Reused(_, event) = next.rotate(3, 3, at(2_001)) else { panic!("taken") };
        assert_eq!(event.data["why"], "generation_ahead");
    }

    #[test]
    fn a_day_without_refresh_ends_it_and_so_do_seven_days_with() {
        let rotate = |session: Session, now| session.rotate(0, 3, at(now));
        assert!(matches!(rotate(session(), 1_000 + DAY_S - 1), Rotation::Rotate(_)));
        assert_eq!(rotate(session(), 1_000 + DAY_S), Rotation::Expired);
        let mut session = session();
        for (generation, half_day) in (1_i64..14).enumerate() {
            session =
                rotated(session, u32::try_from(generation).unwrap(), 1_000 + half_day * DAY_S / 2);
        }
        assert!(matches!(session.clone().rotate(13, 3, at(999 + 7 * DAY_S)), Rotation::Rotate(_)));
        assert_eq!(session.rotate(13, 3, at(1_000 + 7 * DAY_S)), Rotation::Expired);
    }

    #[test]
    fn a_new_epoch_ends_it() {
        assert_eq!(session().rotate(0, 4, at(1_001)), Rotation::Expired);
    }

    #[test]
    fn it_is_revoked_once() {
        let (revoked, event) = session().revoke(Revocation::User, at(1_001)).unwrap();
        assert_eq!((event.kind, &event.data["why"]), (EventKind::SessionRevoked, &"user".into()));
        assert!(!revoked.is_alive(3, at(1_001)));
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
            &format!("a\r\n{}", "b".repeat(300)),
            0,
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
                match session.clone().rotate(presented, 3, at(now)) {
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
                    Rotation::Expired => prop_assert!(!before.is_alive(3, at(now))),
                }
                prop_assert!(before.revoked_at.is_none() || session.revoked_at.is_some());
            }
        }
    }
}
