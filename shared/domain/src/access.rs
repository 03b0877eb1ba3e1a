//! Who may do what: roles grant permissions, plans include features. Plain `match`es, so that you can grep for them.

use serde::{Deserialize, Serialize};

/// What a tenant makes of a user.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Holds the tenant: everything a user can do.
    Owner,
    /// Runs the tenant's users and settings.
    Admin,
    /// Runs the compliance programme: procedures, Runners, drill-downs.
    ComplianceManager,
    /// Reads everything that is recorded, and exports it.
    Auditor,
    /// Reads runs and procedures.
    Viewer,
}

impl Role {
    /// Every role, most powerful first.
    pub const ALL: [Self; 5] =
        [Self::Owner, Self::Admin, Self::ComplianceManager, Self::Auditor, Self::Viewer];

    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::ComplianceManager => "compliance_manager",
            Self::Auditor => "auditor",
            Self::Viewer => "viewer",
        }
    }

    /// Whether the role may do what `permission` names.
    pub const fn grants(self, permission: Permission) -> bool {
        use Permission as P;
        match self {
            Self::Owner => true,
            Self::Admin => match permission {
                P::OwnAccount
                | P::UserInvite
                | P::CustomerKeyWrite
                | P::RunnerEnrol
                | P::RunnerApprove
                | P::RunnerRead => true,
                P::ProcedureRead | P::RunRead | P::AuditRead | P::AuditExport => true,
                P::ProcedurePublish | P::EvidenceDrill => false,
            },
            Self::ComplianceManager => match permission {
                P::OwnAccount
                | P::RunnerEnrol
                | P::RunnerRead
                | P::ProcedureRead
                | P::ProcedurePublish => true,
                P::RunRead | P::EvidenceDrill | P::AuditRead => true,
                P::UserInvite | P::CustomerKeyWrite | P::RunnerApprove | P::AuditExport => false,
            },
            Self::Auditor => match permission {
                P::OwnAccount
                | P::RunnerRead
                | P::ProcedureRead
                | P::RunRead
                | P::EvidenceDrill => true,
                P::AuditRead | P::AuditExport => true,
                P::UserInvite
                | P::CustomerKeyWrite
                | P::RunnerEnrol
                | P::RunnerApprove
                | P::ProcedurePublish => false,
            },
            Self::Viewer => match permission {
                P::OwnAccount | P::RunnerRead | P::ProcedureRead | P::RunRead => true,
                P::UserInvite | P::CustomerKeyWrite | P::RunnerEnrol | P::RunnerApprove => false,
                P::ProcedurePublish | P::EvidenceDrill | P::AuditRead | P::AuditExport => false,
            },
        }
    }
}

/// What a role allows.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// See and change one's own account and sessions.
    OwnAccount,
    /// Invite a user.
    UserInvite,
    /// Register the public keys of the customer: authority, procedure signers, viewers.
    CustomerKeyWrite,
    /// Issue an enrolment for a Runner.
    RunnerEnrol,
    /// Approve a Runner that enrolled, or revoke one.
    RunnerApprove,
    /// See the Runners.
    RunnerRead,
    /// See procedures, and lint one.
    ProcedureRead,
    /// Publish a version that the customer signed.
    ProcedurePublish,
    /// See runs and their statements.
    RunRead,
    /// Ask a Runner for a raw value.
    EvidenceDrill,
    /// Read the audit log.
    AuditRead,
    /// Export the audit log.
    AuditExport,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 12] = [
        Self::OwnAccount,
        Self::UserInvite,
        Self::CustomerKeyWrite,
        Self::RunnerEnrol,
        Self::RunnerApprove,
        Self::RunnerRead,
        Self::ProcedureRead,
        Self::ProcedurePublish,
        Self::RunRead,
        Self::EvidenceDrill,
        Self::AuditRead,
        Self::AuditExport,
    ];

    /// Whether it needs a step-up: a second factor within the last five minutes (RFC 9470).
    ///
    /// The list is that of `auth`'s design: Runner enrolment, keys, evidence and exports.
    pub const fn is_sensitive(self) -> bool {
        match self {
            Self::CustomerKeyWrite
            | Self::RunnerEnrol
            | Self::RunnerApprove
            | Self::EvidenceDrill
            | Self::AuditExport => true,
            Self::OwnAccount | Self::UserInvite | Self::RunnerRead | Self::ProcedureRead => false,
            Self::ProcedurePublish | Self::RunRead | Self::AuditRead => false,
        }
    }
}

/// What a tenant pays for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Plan {
    /// To try it.
    Free,
    /// One team.
    Pro,
    /// Runners and self-service audit.
    Business,
    /// Everything; the default of a self-hosted deployment.
    Enterprise,
}

impl Plan {
    /// Every plan, smallest first.
    pub const ALL: [Self; 4] = [Self::Free, Self::Pro, Self::Business, Self::Enterprise];

    /// Whether the plan includes `feature` (the table of the design, `mission` §3.1).
    pub const fn includes(self, feature: Feature) -> bool {
        match feature {
            Feature::Runner | Feature::AuditRead => match self {
                Self::Free | Self::Pro => false,
                Self::Business | Self::Enterprise => true,
            },
        }
    }
}

/// What a plan includes.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum Feature {
    /// Customer-controlled Runners.
    #[serde(rename = "runner")]
    Runner,
    /// Reading, verifying and exporting the audit log without asking us.
    #[serde(rename = "audit.read")]
    AuditRead,
}

impl Feature {
    /// The name that entitlement refusals carry.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Runner => "runner",
            Self::AuditRead => "audit.read",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mission §3.1: Runners and audit access start at Business.
    #[test]
    fn runners_and_audit_access_start_at_business() {
        for feature in [Feature::Runner, Feature::AuditRead] {
            let included = Plan::ALL.map(|plan| plan.includes(feature));
            assert_eq!(included, [false, false, true, true], "{feature:?}");
        }
    }

    #[test]
    fn a_viewer_may_do_nothing_that_an_auditor_may_not() {
        for permission in Permission::ALL {
            assert!(
                !Role::Viewer.grants(permission) || Role::Auditor.grants(permission),
                "{permission:?}"
            );
        }
    }

    #[test]
    fn whoever_runs_the_users_can_neither_publish_procedures_nor_see_evidence() {
        assert!(!Role::Admin.grants(Permission::ProcedurePublish));
        assert!(!Role::Admin.grants(Permission::EvidenceDrill));
    }
}
