//! Built-in roles, and what each grants.

use serde::{Deserialize, Serialize};

use super::{Permission, Permission as P};

/// What a tenant makes of a user. A tenant can add roles of its own, which are sets of permissions.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Holds the tenant: everything a user can do.
    Owner,
    /// Runs the tenant's users and settings.
    Admin,
    /// Runs the compliance programme: procedures, Runners, drill-downs, holds.
    ComplianceManager,
    /// Writes procedures; does not publish them.
    ProcedureAuthor,
    /// Publishes what others wrote.
    Approver,
    /// Looks after Runners; somebody else approves them.
    RunnerOperator,
    /// Answers for controls, and looks at their evidence.
    ControlOwner,
    /// Reviews what AI drafted.
    AiReviewer,
    /// Looks after personal data: retention, holds, erasures.
    Dpo,
    /// Reads everything that is recorded, and exports it.
    Auditor,
    /// Reads runs and procedures.
    Viewer,
    /// Looks after the trust portal.
    TrustManager,
    /// Decides who sees the trust portal's documents.
    TrustAccessManager,
    /// Runs the deployment: plans, suspension, visits.
    PlatformOperator,
    /// Helps tenants who allow it.
    PlatformSupport,
}

impl Role {
    /// Every role: a tenant's, most powerful first, then the platform's.
    pub const ALL: [Self; 15] = [
        Self::Owner,
        Self::Admin,
        Self::ComplianceManager,
        Self::ProcedureAuthor,
        Self::Approver,
        Self::RunnerOperator,
        Self::ControlOwner,
        Self::AiReviewer,
        Self::Dpo,
        Self::Auditor,
        Self::Viewer,
        Self::TrustManager,
        Self::TrustAccessManager,
        Self::PlatformOperator,
        Self::PlatformSupport,
    ];

    /// Its name on the wire: add, never rename.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::ComplianceManager => "compliance_manager",
            Self::ProcedureAuthor => "procedure_author",
            Self::Approver => "approver",
            Self::RunnerOperator => "runner_operator",
            Self::ControlOwner => "control_owner",
            Self::AiReviewer => "ai_reviewer",
            Self::Dpo => "dpo",
            Self::Auditor => "auditor",
            Self::Viewer => "viewer",
            Self::TrustManager => "trust_manager",
            Self::TrustAccessManager => "trust_access_manager",
            Self::PlatformOperator => "platform_operator",
            Self::PlatformSupport => "platform_support",
        }
    }

    /// The role with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Whether it is only for those who run the deployment.
    pub const fn is_platform(self) -> bool {
        matches!(self, Self::PlatformOperator | Self::PlatformSupport)
    }

    /// Whether the role may do what `permission` names. What is not in its list is not granted.
    pub fn grants(self, permission: Permission) -> bool {
        permission.is_own()
            || match self {
                Self::Owner => !permission.is_platform(),
                Self::Admin
                | Self::ComplianceManager
                | Self::ProcedureAuthor
                | Self::Approver
                | Self::RunnerOperator
                | Self::ControlOwner
                | Self::AiReviewer
                | Self::Dpo
                | Self::Auditor
                | Self::Viewer
                | Self::TrustManager
                | Self::TrustAccessManager
                | Self::PlatformOperator
                | Self::PlatformSupport => self.list().contains(&permission),
            }
    }

    /// What it grants beside one's own account.
    const fn list(self) -> &'static [Permission] {
        match self {
            Self::Owner => &Permission::ALL,
            Self::Admin => ADMIN,
            Self::ComplianceManager => COMPLIANCE_MANAGER,
            Self::Approver => {
                &[P::TenantRead, P::RunnerRead, P::ProcedureRead, P::ProcedurePublish, P::RunRead]
            }
            Self::RunnerOperator => {
                &[P::TenantRead, P::RunnerEnrol, P::RunnerRead, P::ProcedureRead, P::RunRead]
            }
            Self::ControlOwner => {
                &[P::TenantRead, P::RunnerRead, P::ProcedureRead, P::RunRead, P::EvidenceDrill]
            }
            Self::Dpo => DPO,
            Self::Auditor => AUDITOR,
            Self::ProcedureAuthor | Self::AiReviewer | Self::TrustManager | Self::Viewer => {
                &[P::TenantRead, P::RunnerRead, P::ProcedureRead, P::RunRead]
            }
            Self::TrustAccessManager => &[P::TenantRead],
            Self::PlatformOperator => &[
                P::PlatformRead,
                P::PlatformTenantWrite,
                P::PlatformBreakGlass,
                P::PlatformImpersonate,
            ],
            Self::PlatformSupport => &[P::PlatformRead, P::PlatformImpersonate],
        }
    }
}

const ADMIN: &[Permission] = &[
    P::UserRead,
    P::UserInvite,
    P::UserManage,
    P::RoleGrant,
    P::RoleWrite,
    P::MfaResetRequest,
    P::MfaResetApprove,
    P::TenantRead,
    P::SettingsWrite,
    P::CustomerKeyWrite,
    P::RunnerEnrol,
    P::RunnerApprove,
    P::RunnerRead,
    P::ProcedureRead,
    P::RunRead,
    P::AuditRead,
    P::AuditExport,
    P::RetentionWrite,
];

const COMPLIANCE_MANAGER: &[Permission] = &[
    P::UserRead,
    P::TenantRead,
    P::RunnerEnrol,
    P::RunnerRead,
    P::ProcedureRead,
    P::ProcedurePublish,
    P::RunRead,
    P::EvidenceDrill,
    P::AuditRead,
    P::HoldWrite,
];

const DPO: &[Permission] = &[
    P::UserRead,
    P::TenantRead,
    P::AuditRead,
    P::AuditExport,
    P::RetentionWrite,
    P::HoldWrite,
    P::ErasureExecute,
];

const AUDITOR: &[Permission] = &[
    P::UserRead,
    P::TenantRead,
    P::RunnerRead,
    P::ProcedureRead,
    P::RunRead,
    P::EvidenceDrill,
    P::AuditRead,
    P::AuditExport,
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Mission §3.1, in its words.
    #[test]
    fn the_roles_are_those_of_the_design_under_the_names_that_are_stored() {
        let names: Vec<_> = Role::ALL.iter().map(|role| role.name()).collect();
        assert_eq!(
            names.join(", "),
            "owner, admin, compliance_manager, procedure_author, approver, runner_operator, \
             control_owner, ai_reviewer, dpo, auditor, viewer, trust_manager, \
             trust_access_manager, platform_operator, platform_support"
        );
        for role in Role::ALL {
            assert_eq!(serde_json::to_value(role).unwrap(), role.name());
            assert_eq!(Role::from_name(role.name()), Some(role));
        }
    }
}
