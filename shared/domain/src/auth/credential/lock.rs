//! Passwords, and the lock that too many wrong ones put on: one for unknown devices, one for each device that signed in before, and one for whoever is
//! signed in and shows the password again.

use super::Credential;
use crate::{
    AuditEvent, EventKind, Timestamp,
    auth::{DeviceId, Lockout, Needs, Schedule},
};

/// Devices whose failures are counted apart; the one that failed least is forgotten first.
const DEVICES_MAX: usize = 16;

/// Which failures a password is counted with.
#[derive(Clone, Copy)]
enum Place {
    /// Those of devices that are not known.
    Anywhere,
    /// Those of one device that signed in before.
    Device(DeviceId),
    /// Those of whoever is signed in. One for all sessions: whoever holds several has no more guesses.
    Session,
}

/// What follows from a password. The credential is to be written in either case.
#[derive(Debug)]
pub enum PasswordAnswer {
    /// It is right; a login may begin.
    Accepted {
        /// With its failures forgotten.
        credential: Credential,
        /// What the login needs next.
        needs: Needs,
    },
    /// It is wrong, or no attempt is taken now. The caller is not told which: during a lock even the right password is refused, or the
    /// answer would say which guess to keep for later.
    Refused {
        /// With the failure counted, unless it was locked.
        credential: Credential,
        /// What to record.
        event: AuditEvent,
        /// Whether the user is told by mail: from the 20th failure in a row on, once for each step of the lock.
        notify: bool,
    },
}

impl Credential {
    /// Decides on a password; `right` is what `PasswordRecord::verify` said of this very record. A known device has a lock of its own.
    pub fn password_checked(
        self,
        right: bool,
        device: Option<DeviceId>,
        now: Timestamp,
    ) -> PasswordAnswer {
        self.decided(right, device.map_or(Place::Anywhere, Place::Device), now)
    }

    /// Decides on the password that a signed-in user shows again, to change it. A wrong one counts as at a login, but with its like alone: strangers
    /// who fail at the account's logins do not keep its user from another password, which is what helps against them.
    pub fn password_shown_again(self, right: bool, now: Timestamp) -> PasswordAnswer {
        match self.decided(right, Place::Session, now) {
            PasswordAnswer::Refused { credential, event, notify } => {
                let is_lock = event.kind == EventKind::AccountLocked;
                let kind = if is_lock { event.kind } else { EventKind::StepUpFailed };
                let event = AuditEvent { kind, ..event };
                PasswordAnswer::Refused { credential, event, notify }
            }
            accepted @ PasswordAnswer::Accepted { .. } => accepted,
        }
    }

    fn decided(self, right: bool, place: Place, now: Timestamp) -> PasswordAnswer {
        let lock = self.lock_of(place);
        if lock.is_locked(now) {
            let event = self.denied(EventKind::LoginFailed, "locked");
            return PasswordAnswer::Refused { credential: self, event, notify: false };
        }
        if right {
            let needs = self.needs();
            return PasswordAnswer::Accepted {
                credential: self.with_lock(place, lock.succeeded()),
                needs,
            };
        }
        let failed = lock.failed(Schedule::PASSWORD, now);
        let credential = self.with_lock(place, failed);
        let event = credential.failure(failed, EventKind::LoginFailed, "password", now);
        let notify = Schedule::PASSWORD.is_told_at(failed.failures());
        PasswordAnswer::Refused { credential, event, notify }
    }

    /// An administrator lets attempts at the password be taken again.
    #[must_use]
    pub fn unlocked(self) -> Self {
        let (password_lock, session_lock) = (Lockout::default(), Lockout::default());
        Self { password_lock, device_locks: Vec::new(), session_lock, ..self }
    }

    /// Whether passwords are refused at `now`, those from unknown devices, from one that signed in before, or in a session.
    pub fn is_password_locked(&self, now: Timestamp) -> bool {
        let mut devices = self.device_locks.iter().map(|(_, lock)| lock);
        let locks = [self.password_lock, self.session_lock];
        locks.iter().any(|lock| lock.is_locked(now)) || devices.any(|lock| lock.is_locked(now))
    }

    fn lock_of(&self, place: Place) -> Lockout {
        match place {
            Place::Anywhere => self.password_lock,
            Place::Session => self.session_lock,
            Place::Device(device) => {
                let lock = self.device_locks.iter().find(|(known, _)| *known == device);
                lock.map(|(_, lock)| *lock).unwrap_or_default()
            }
        }
    }

    fn with_lock(self, place: Place, lock: Lockout) -> Self {
        match place {
            Place::Anywhere => Self { password_lock: lock, ..self },
            Place::Session => Self { session_lock: lock, ..self },
            Place::Device(device) => self.with_device_lock(device, lock),
        }
    }

    fn with_device_lock(mut self, device: DeviceId, lock: Lockout) -> Self {
        self.device_locks.retain(|(known, _)| *known != device);
        if lock != Lockout::default() {
            self.device_locks.push((device, lock));
            self.device_locks.sort_by_key(|(_, lock)| std::cmp::Reverse(lock.failures()));
            self.device_locks.truncate(DEVICES_MAX);
        }
        self
    }

    pub(super) fn failure(
        &self,
        lockout: Lockout,
        kind: EventKind,
        what: &str,
        now: Timestamp,
    ) -> AuditEvent {
        let kind = if lockout.is_locked(now) { EventKind::AccountLocked } else { kind };
        self.denied(kind, what).with("failures", lockout.failures())
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{CODES, at, credential, enrolled, secret},
        *,
    };
    use crate::Outcome;

    fn refused(answer: PasswordAnswer) -> (Credential, AuditEvent) {
        let PasswordAnswer::Refused { credential, event, .. } = answer else { panic!("accepted") };
        (credential, event)
    }

    fn after_wrong_passwords(times: u32) -> (Credential, AuditEvent) {
        let first = refused(credential().password_checked(false, None, at(0)));
        (1..times).fold(first, |(credential, _), _| {
            refused(credential.password_checked(false, None, at(0)))
        })
    }

    #[test]
    fn the_right_password_is_accepted_and_forgets_the_failures() {
        let (credential, event) = after_wrong_passwords(4);
        assert_eq!((event.kind, event.outcome), (EventKind::LoginFailed, Outcome::Denied));
        let PasswordAnswer::Accepted { credential, needs } =
            credential.password_checked(true, None, at(0))
        else {
            panic!("refused")
        };
        assert_eq!(needs, Needs::Enrol);
        let (_, event) = refused(credential.password_checked(false, None, at(0)));
        assert_eq!(event.data["failures"], 1);
    }

    #[test]
    fn the_fifth_failure_locks_and_says_so() {
        let (_, event) = after_wrong_passwords(5);
        assert_eq!(
            (event.kind, event.data["failures"].as_u64()),
            (EventKind::AccountLocked, Some(5))
        );
    }

    #[test]
    fn during_a_lock_the_right_password_is_refused_like_a_wrong_one_and_nothing_is_counted() {
        let (locked, _) = after_wrong_passwords(5);
        for right in [true, false] {
            let (after, event) = refused(locked.clone().password_checked(right, None, at(59)));
            assert_eq!(after, locked);
            assert_eq!(event.reason.as_deref(), Some("locked"));
        }
        assert!(matches!(
            locked.password_checked(true, None, at(60)),
            PasswordAnswer::Accepted { .. }
        ));
    }

    /// Threat T02: nobody else's failures lock out a device that signed in before.
    #[test]
    fn a_thousand_failures_elsewhere_do_not_lock_a_known_device_out() {
        let mine = Some(DeviceId::new([1; 16]));
        let mut credential = credential();
        for failure in 0..1_000 {
            let now = at(failure * 7_200);
            credential = refused(credential.password_checked(false, None, now)).0;
        }
        let now = at(8_000_000);
        let (credential, event) = refused(credential.password_checked(true, None, now));
        assert_eq!(event.reason.as_deref(), Some("locked"), "unknown devices wait for a reset");
        let PasswordAnswer::Accepted { credential, .. } =
            credential.password_checked(true, mine, now)
        else {
            panic!("the victim is locked out")
        };
        let (_, event) = refused(credential.clone().password_checked(true, None, now));
        assert_eq!(
            event.reason.as_deref(),
            Some("locked"),
            "a success resets its own counter only"
        );
        let (credential, _) = (0..5).fold((credential, event), |(credential, _), _| {
            refused(credential.password_checked(false, mine, now))
        });
        let (credential, event) = refused(credential.password_checked(true, mine, now));
        assert_eq!(event.reason.as_deref(), Some("locked"), "a stolen device has a lock, too");
        let other = Some(DeviceId::new([2; 16]));
        let other = credential.password_checked(true, other, now);
        assert!(matches!(other, PasswordAnswer::Accepted { .. }));
    }

    /// Threat T02, of whoever is signed in already: the other way round, too.
    #[test]
    fn failures_at_logins_and_in_sessions_do_not_lock_each_other() {
        let mine = Some(DeviceId::new([1; 16]));
        let wrong =
            |credential: Credential, _| refused(credential.password_shown_again(false, at(0))).0;
        let accepted = |answer| matches!(answer, PasswordAnswer::Accepted { .. });
        let (locked, _) = after_wrong_passwords(5);
        assert!(accepted(locked.password_shown_again(true, at(0))), "strangers shut nobody out");
        let locked = (0..5).fold(credential(), wrong);
        for device in [None, mine] {
            assert!(accepted(locked.clone().password_checked(true, device, at(0))));
        }
        let (after, event) = refused(locked.clone().password_shown_again(true, at(59)));
        assert_eq!((after, event.kind), (locked.clone(), EventKind::StepUpFailed));
        assert_eq!(event.reason.as_deref(), Some("locked"));
        assert!(accepted(locked.password_shown_again(true, at(60))));
    }

    #[test]
    fn wrong_passwords_in_a_session_are_recorded_as_such_and_told() {
        let seen = (1..=20).scan(credential(), |credential, failure| {
            let answer = credential.clone().password_shown_again(false, at(failure * 7_200));
            let PasswordAnswer::Refused { credential: next, event, notify } = answer else {
                panic!("accepted")
            };
            *credential = next;
            Some((failure, event.kind, notify))
        });
        for (failure, kind, notify) in seen {
            let is_lock = failure >= 5;
            let wanted = if is_lock { EventKind::AccountLocked } else { EventKind::StepUpFailed };
            assert_eq!((kind, notify), (wanted, failure == 20), "{failure}");
        }
    }

    #[test]
    fn an_administrator_lifts_every_lock_of_passwords() {
        let device = Place::Device(DeviceId::new([1; 16]));
        for place in [Place::Anywhere, device, Place::Session] {
            let wrong =
                |credential: Credential, _| refused(credential.decided(false, place, at(0))).0;
            assert!(!(0..4).fold(credential(), wrong).is_password_locked(at(0)));
            let locked = (0..5).fold(credential(), wrong);
            assert!(locked.is_password_locked(at(59)) && !locked.is_password_locked(at(60)));
            let unlocked = locked.unlocked();
            assert!(!unlocked.is_password_locked(at(0)));
            let answer = unlocked.decided(true, place, at(0));
            assert!(matches!(answer, PasswordAnswer::Accepted { .. }));
        }
    }

    #[test]
    fn the_user_is_told_once_when_a_long_lock_begins() {
        let told = (1..=100).scan(credential(), |credential, failure| {
            let now = at(failure * 7_200);
            let answer = credential.clone().password_checked(false, None, now);
            let PasswordAnswer::Refused { credential: next, notify, .. } = answer else {
                panic!("accepted")
            };
            *credential = next;
            Some((failure, notify))
        });
        let told: Vec<_> = told.filter(|(_, told)| *told).map(|(n, _)| n).collect();
        assert_eq!(told, [20, 100]);
    }

    /// Threat T12.
    #[test]
    fn neither_lock_lifts_the_other() {
        let (_, shown) = enrolled().check_code(&secret(), "000000", at(130));
        assert!(shown.is_err());
        let (failed, _) = enrolled().check_code(&secret(), "000000", at(130));
        let (failed, _) = refused(failed.password_checked(false, None, at(130)));
        let PasswordAnswer::Accepted { credential, .. } =
            failed.password_checked(true, None, at(130))
        else {
            panic!("refused")
        };
        assert_eq!(credential.code_lock.failures(), 1, "a right password leaves the codes counted");
        let (credential, _) = refused(credential.password_checked(false, None, at(130)));
        let (credential, shown) = credential.check_code(&secret(), CODES[4], at(130));
        assert!(shown.is_ok());
        assert_eq!(
            credential.password_lock.failures(),
            1,
            "a right code leaves the passwords counted"
        );
    }
}
