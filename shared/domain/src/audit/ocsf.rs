//! Which class and activity of the Open Cybersecurity Schema Framework (OCSF 1.5) an event is.

/// The version of the schema.
pub const OCSF_VERSION: &str = "1.5.0";

/// The classes that our events belong to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OcsfClass {
    /// Account Change: something about a user's account.
    AccountChange,
    /// Authentication: someone signed in or out, or tried to.
    Authentication,
    /// API Activity: something was created, read, changed or ended.
    ApiActivity,
}

impl OcsfClass {
    /// Its `class_uid`.
    pub const fn uid(self) -> u32 {
        match self {
            Self::AccountChange => 3001,
            Self::Authentication => 3002,
            Self::ApiActivity => 6003,
        }
    }

    /// Its `category_uid`: Identity & Access Management, or Application Activity.
    pub const fn category(self) -> u32 {
        self.uid() / 1000
    }
}

/// What was done, as the class of the event counts it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ocsf {
    /// The class.
    pub class: OcsfClass,
    /// Its `activity_id`.
    pub activity: u32,
}

impl Ocsf {
    /// An event that this version does not know.
    pub const UNKNOWN: Self = api(OTHER);

    /// Its `type_uid`.
    pub const fn type_uid(self) -> u32 {
        self.class.uid() * 100 + self.activity
    }
}

// The activities that events have; their numbers are the schema's.
pub(super) const OTHER: u32 = 99;
pub(super) const CREATE: u32 = 1;
pub(super) const READ: u32 = 2;
pub(super) const UPDATE: u32 = 3;
pub(super) const DELETE: u32 = 4;
pub(super) const LOGON: u32 = 1;
pub(super) const LOGOFF: u32 = 2;
pub(super) const ENABLE: u32 = 2;
pub(super) const PASSWORD_CHANGE: u32 = 3;
pub(super) const PASSWORD_RESET: u32 = 4;
pub(super) const DISABLE: u32 = 5;
pub(super) const ACCOUNT_DELETE: u32 = 6;
pub(super) const ATTACH_POLICY: u32 = 7;
pub(super) const DETACH_POLICY: u32 = 8;
pub(super) const LOCK: u32 = 9;
pub(super) const MFA_FACTOR_ENABLE: u32 = 10;
pub(super) const MFA_FACTOR_DISABLE: u32 = 11;
/// `account_change` has no "unlock": 12 in later versions of the schema, other in this one.
pub(super) const UNLOCK: u32 = OTHER;

pub(super) const fn api(activity: u32) -> Ocsf {
    Ocsf { class: OcsfClass::ApiActivity, activity }
}

pub(super) const fn authentication(activity: u32) -> Ocsf {
    Ocsf { class: OcsfClass::Authentication, activity }
}

pub(super) const fn account(activity: u32) -> Ocsf {
    Ocsf { class: OcsfClass::AccountChange, activity }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EventKind;

    /// The activities of `events/iam/account_change.json`, `events/iam/authentication.json` and `events/application/api_activity.json`
    /// of `ocsf/ocsf-schema`; 99 is "other" in each.
    #[test]
    fn every_event_has_an_activity_that_its_class_has() {
        for kind in EventKind::ALL {
            let ocsf = kind.ocsf();
            let known = match ocsf.class {
                OcsfClass::AccountChange => 1..=11,
                OcsfClass::Authentication => 1..=5,
                OcsfClass::ApiActivity => 1..=4,
            };
            assert!(known.contains(&ocsf.activity) || ocsf.activity == 99, "{kind}: {ocsf:?}");
        }
    }

    /// `type_uid = class_uid * 100 + activity_id`, as the schema's base event has it.
    #[test]
    fn types_are_counted_as_the_schema_counts_them() {
        assert_eq!(EventKind::LoginFailed.ocsf().type_uid(), 300_201);
        assert_eq!(EventKind::AccountLocked.ocsf().type_uid(), 300_109);
        assert_eq!(EventKind::AuditExported.ocsf().type_uid(), 600_302);
        assert_eq!(Ocsf::UNKNOWN.type_uid(), 600_399);
        assert_eq!(OcsfClass::AccountChange.category(), 3);
        assert_eq!(OcsfClass::ApiActivity.category(), 6);
    }
}
