//! Which class and activity of the Open Cybersecurity Schema Framework (OCSF 1.5) an event is.

use crate::EventKind;

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

const OTHER: u32 = 99;
const CREATE: u32 = 1;
const READ: u32 = 2;
const UPDATE: u32 = 3;
const DELETE: u32 = 4;
const LOGON: u32 = 1;
const LOGOFF: u32 = 2;
const LOCK: u32 = 9;
const MFA_FACTOR_ENABLE: u32 = 10;

const fn api(activity: u32) -> Ocsf {
    Ocsf { class: OcsfClass::ApiActivity, activity }
}

const fn authentication(activity: u32) -> Ocsf {
    Ocsf { class: OcsfClass::Authentication, activity }
}

const fn account(activity: u32) -> Ocsf {
    Ocsf { class: OcsfClass::AccountChange, activity }
}

impl EventKind {
    /// Its class and activity.
    pub const fn ocsf(self) -> Ocsf {
        match self {
            Self::LoginSucceeded | Self::LoginFailed | Self::MfaChallengeFailed => {
                authentication(LOGON)
            }
            Self::SessionCreated => authentication(LOGON),
            Self::SessionRevoked | Self::RefreshReused => authentication(LOGOFF),
            Self::StepUpSucceeded | Self::StepUpFailed => authentication(OTHER),
            Self::AccountLocked => account(LOCK),
            Self::MfaEnrolled => account(MFA_FACTOR_ENABLE),
            Self::UserCreated => account(CREATE),
            Self::UserInvited => account(OTHER),
            Self::TenantCreated | Self::EnrolmentIssued | Self::EnrolmentRedeemed => api(CREATE),
            Self::CommandIssued | Self::VersionPublished | Self::RunCompleted => api(CREATE),
            Self::DrilldownRequested | Self::LogGenesis => api(CREATE),
            Self::AuditViewed | Self::AuditExported | Self::AuditVerified => api(READ),
            Self::ProcedureLinted | Self::DrilldownDelivered => api(READ),
            Self::CustomerKeysChanged | Self::RunnerActivated | Self::RunnerQuarantined => {
                api(UPDATE)
            }
            Self::DrilldownDispatched => api(UPDATE),
            Self::RunnerRevoked | Self::VersionWithdrawn => api(DELETE),
            Self::AccessDenied | Self::EnrolmentDenied | Self::CommandRefused => api(OTHER),
            Self::VersionRejected | Self::RunRejected | Self::DrilldownDenied => api(OTHER),
            Self::ForkDetected | Self::GapDetected | Self::LogIncomplete => api(OTHER),
            Self::IngestDuplicate | Self::IngestConflict => api(OTHER),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
