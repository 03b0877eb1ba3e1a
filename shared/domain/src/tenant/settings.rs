//! What a tenant decides for itself.

use std::{collections::BTreeSet, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{Class, Fault, SeparationName, Timestamp, auth::Method};

/// Who needs a second factor of ours.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MfaPolicy {
    /// Whoever signs in with a password.
    #[default]
    PasswordUsers,
    /// Everyone, also who signs in elsewhere.
    Everyone,
}

impl MfaPolicy {
    /// Whether a session counts that began with this second factor. One that only somebody else saw does under
    /// [`PasswordUsers`](Self::PasswordUsers) alone.
    pub const fn admits(self, method: Method) -> bool {
        match self {
            Self::PasswordUsers => true,
            Self::Everyone => method.is_ours(),
        }
    }

    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PasswordUsers => "password_users",
            Self::Everyone => "everyone",
        }
    }
}

/// Whether an operator may visit the tenant.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SupportAccess {
    /// Never: the default.
    #[default]
    Off,
    /// After one of the tenant allowed the visit that was asked for.
    Ask,
    /// Until then, without asking again.
    GrantedUntil(Timestamp),
}

impl SupportAccess {
    /// Its name in the log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Ask => "ask",
            Self::GrantedUntil(_) => "granted_until",
        }
    }
}

/// What a tenant decides for itself.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct TenantSettings {
    /// Who needs a second factor of ours.
    pub mfa_policy: MfaPolicy,
    /// Whether an operator may visit.
    pub support_access: SupportAccess,
    /// How many days' notice the tenant has at least before rows of its log are purged, and before a change of sub-processors: 14 to 365.
    pub notice_days: u16,
    /// After how many hours a session ends at the latest: 1 to 168.
    pub session_max_h: u16,
    /// After how many minutes without a sign of life a session ends: 15 to 10080.
    pub session_idle_min: u16,
    /// Rules of separation that the tenant switched on.
    pub separations: BTreeSet<SeparationName>,
}

impl Default for TenantSettings {
    fn default() -> Self {
        Self {
            mfa_policy: MfaPolicy::default(),
            support_access: SupportAccess::default(),
            notice_days: Self::NOTICE_DAYS.0,
            session_max_h: Self::SESSION_MAX_H.1,
            session_idle_min: Self::SESSION_IDLE_MIN_BY_DEFAULT,
            separations: BTreeSet::new(),
        }
    }
}

/// Why a setting was refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SettingError {
    /// Out of 14 to 365.
    #[error("notice_days is 14 to 365")]
    NoticeDays,
    /// Out of 1 to 168.
    #[error("session_max_h is 1 to 168: a session never lives longer than seven days")]
    SessionMax,
    /// Out of 15 to 10080.
    #[error(
        "session_idle_min is 15 to 10080: an access token lives for a quarter of an hour, and a session for seven days"
    )]
    SessionIdle,
    /// Not within the next 30 days.
    #[error("support access is granted until a time within the next 30 days")]
    SupportUntil,
}

impl Fault for SettingError {
    fn class(&self) -> Class {
        Class::Invalid
    }

    fn code(&self) -> &'static str {
        "validation"
    }
}

impl TenantSettings {
    /// The limits of `notice_days`.
    pub const NOTICE_DAYS: (u16, u16) = (14, 365);
    /// The limits of `session_max_h`.
    pub const SESSION_MAX_H: (u16, u16) = (1, 168);
    /// The limits of `session_idle_min`: as long as an access token lives, and as long as a session.
    pub const SESSION_IDLE_MIN: (u16, u16) = (15, 7 * 24 * 60);
    /// A day.
    pub const SESSION_IDLE_MIN_BY_DEFAULT: u16 = 24 * 60;
    /// For how long support access can be granted at once.
    pub const SUPPORT_MAX: Duration = Duration::from_hours(30 * 24);

    /// After how long a session ends at the latest.
    pub fn longest_session(&self) -> Duration {
        Duration::from_hours(self.session_max_h.into())
    }

    /// After how long without a sign of life.
    pub fn longest_idle(&self) -> Duration {
        Duration::from_mins(self.session_idle_min.into())
    }

    /// Refuses what is out of its limits at `now`.
    ///
    /// # Errors
    /// * [`SettingError`], one variant for each setting.
    pub fn check(&self, now: Timestamp) -> Result<(), SettingError> {
        let within = |(min, max): (u16, u16), value| (min..=max).contains(&value);
        if !within(Self::NOTICE_DAYS, self.notice_days) {
            return Err(SettingError::NoticeDays);
        }
        if !within(Self::SESSION_MAX_H, self.session_max_h) {
            return Err(SettingError::SessionMax);
        }
        if !within(Self::SESSION_IDLE_MIN, self.session_idle_min) {
            return Err(SettingError::SessionIdle);
        }
        match self.support_access {
            SupportAccess::GrantedUntil(until)
                if until <= now || until > now.plus(Self::SUPPORT_MAX) =>
            {
                Err(SettingError::SupportUntil)
            }
            SupportAccess::GrantedUntil(_) | SupportAccess::Off | SupportAccess::Ask => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_s(1_795_219_200);

    #[test]
    fn every_setting_is_taken_at_its_limits_and_refused_beyond() {
        let of = |notice_days, session_max_h| TenantSettings {
            notice_days,
            session_max_h,
            ..TenantSettings::default()
        };
        let idle =
            |session_idle_min| TenantSettings { session_idle_min, ..TenantSettings::default() };
        for (settings, expected) in [
            (of(14, 1), Ok(())),
            (of(365, 168), Ok(())),
            (of(13, 24), Err(SettingError::NoticeDays)),
            (of(366, 24), Err(SettingError::NoticeDays)),
            (of(14, 0), Err(SettingError::SessionMax)),
            (of(14, 169), Err(SettingError::SessionMax)),
            (idle(15), Ok(())),
            (idle(10_080), Ok(())),
            (idle(14), Err(SettingError::SessionIdle)),
            (idle(10_081), Err(SettingError::SessionIdle)),
        ] {
            assert_eq!(settings.check(NOW), expected, "{settings:?}");
        }
    }

    #[test]
    fn support_access_is_granted_for_thirty_days_at_most_and_never_for_the_past() {
        let until = |at: Timestamp| TenantSettings {
            support_access: SupportAccess::GrantedUntil(at),
            ..TenantSettings::default()
        };
        let last = NOW.plus(TenantSettings::SUPPORT_MAX);
        assert_eq!(until(last).check(NOW), Ok(()));
        assert_eq!(
            until(last.plus(Duration::from_micros(1))).check(NOW),
            Err(SettingError::SupportUntil)
        );
        assert_eq!(until(NOW).check(NOW), Err(SettingError::SupportUntil));
    }
}
