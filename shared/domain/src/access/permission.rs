//! Permissions: what a role allows, one for each thing that an endpoint can ask for.

use serde::{Deserialize, Serialize};

/// How much a permission weighs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Weight {
    /// It shows something.
    Reads,
    /// It changes something.
    Writes,
    /// It changes or shows what an attacker wants most: a second factor within the last five minutes is needed (RFC 9470).
    Sensitive,
}

macro_rules! permissions {
    ($($variant:ident = $name:literal, $weight:ident: $doc:literal;)*) => {
        /// What a role allows.
        #[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        pub enum Permission {
            $(#[doc = $doc] #[serde(rename = $name)] $variant,)*
        }

        /// How many there are.
        const COUNT: usize = [$($name),*].len();

        impl Permission {
            /// Every permission.
            pub const ALL: [Self; COUNT] = [$(Self::$variant),*];

            /// Its name on the wire and in guards: add, never rename.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// What it is for, in one sentence.
            pub const fn describe(self) -> &'static str {
                match self {
                    $(Self::$variant => $doc,)*
                }
            }

            const fn weight(self) -> Weight {
                match self {
                    $(Self::$variant => Weight::$weight,)*
                }
            }
        }
    };
}

permissions! {
    OwnAccount = "own_account", Writes: "See one's own account and sessions, and end sessions.";
    OwnCredentials = "own_credentials", Sensitive: "Change one's own password, second factor or backup codes.";
    TokenIssue = "token_issue", Sensitive: "Issue a personal access token to oneself.";
    UserRead = "user_read", Reads: "See users, their roles and open invitations.";
    UserInvite = "user_invite", Sensitive: "Invite a user, send an invitation again, revoke one.";
    UserManage = "user_manage", Sensitive: "Disable, enable, lock and unlock users, and end their sessions.";
    RoleGrant = "role_grant", Sensitive: "Give roles to users and take them away.";
    RoleWrite = "role_write", Sensitive: "Create, change and delete roles of the tenant's own.";
    MfaResetRequest = "mfa_reset_request", Writes: "Ask for the reset of another user's second factor.";
    MfaResetApprove = "mfa_reset_approve", Sensitive: "Approve the reset of a second factor that someone else asked for.";
    TenantRead = "tenant_read", Reads: "See the tenant's settings, plan and entitlements.";
    SettingsWrite = "settings_write", Sensitive: "Change the tenant's settings, and end an operator's visit.";
    TenantClose = "tenant_close", Sensitive: "Close the tenant, or take the closing back.";
    CustomerKeyWrite = "customer_key_write", Sensitive: "Register the public keys of the customer: authority, procedure signers, viewers.";
    RunnerEnrol = "runner_enrol", Sensitive: "Issue an enrolment for a Runner.";
    RunnerApprove = "runner_approve", Sensitive: "Approve a Runner that enrolled, or revoke one.";
    RunnerRead = "runner_read", Reads: "See the Runners.";
    ProcedureRead = "procedure_read", Reads: "See procedures, and lint one.";
    ProcedurePublish = "procedure_publish", Writes: "Publish a version that the customer signed, or withdraw one.";
    RunRead = "run_read", Reads: "See runs and their statements.";
    EvidenceDrill = "evidence_drill", Sensitive: "Ask a Runner for a raw value.";
    AuditRead = "audit_read", Reads: "Read and verify the audit log.";
    AuditExport = "audit_export", Sensitive: "Export the audit log.";
    RetentionWrite = "retention_write", Sensitive: "Set how long records are kept.";
    HoldWrite = "hold_write", Sensitive: "Set a legal hold, or release one.";
    ErasureExecute = "erasure_execute", Sensitive: "Erase a person's fields from the audit log.";
    PlatformRead = "platform_read", Reads: "See tenants, their plans and states.";
    PlatformTenantWrite = "platform_tenant_write", Sensitive: "Set a tenant's plan and entitlements, suspend and resume it.";
    PlatformBreakGlass = "platform_break_glass", Sensitive: "Agree that a tenant's only administrator sets up a new second factor; it takes two operators.";
    PlatformImpersonate = "platform_impersonate", Sensitive: "Visit a tenant that allows it.";
}

impl Permission {
    /// The permission with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|permission| permission.name() == name)
    }

    /// Whether it needs a step-up: a second factor within the last five minutes (RFC 9470).
    pub const fn is_sensitive(self) -> bool {
        matches!(self.weight(), Weight::Sensitive)
    }

    /// Whether it changes nothing, and shows nothing that needs a step-up.
    pub const fn only_reads(self) -> bool {
        matches!(self.weight(), Weight::Reads)
    }

    /// Whether it concerns the caller's own account alone.
    pub const fn is_own(self) -> bool {
        matches!(self, Self::OwnAccount | Self::OwnCredentials | Self::TokenIssue)
    }

    /// Whether it is for whoever runs the deployment, never for a tenant.
    pub const fn is_platform(self) -> bool {
        matches!(
            self,
            Self::PlatformRead
                | Self::PlatformTenantWrite
                | Self::PlatformBreakGlass
                | Self::PlatformImpersonate
        )
    }

    /// Whether an operator who visits a tenant may use it: reading, and neither evidence nor the log's export.
    pub const fn is_for_visits(self) -> bool {
        self.only_reads() && !self.is_platform()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_again_and_is_the_serialised_one() {
        for permission in Permission::ALL {
            assert_eq!(Permission::from_name(permission.name()), Some(permission));
            assert_eq!(serde_json::to_value(permission).unwrap(), permission.name());
        }
        assert_eq!(Permission::from_name("OwnAccount"), None);
    }

    /// The list of auth.md §7.4 as far as there are endpoints: MFA, roles, keys, retention, impersonation, tokens, enrolment, exports, closing.
    /// An invitation gives a role.
    #[test]
    fn what_the_design_calls_sensitive_is_sensitive() {
        for name in [
            "own_credentials",
            "token_issue",
            "user_invite",
            "role_grant",
            "role_write",
            "mfa_reset_approve",
            "settings_write",
            "tenant_close",
            "customer_key_write",
            "runner_enrol",
            "runner_approve",
            "evidence_drill",
            "audit_export",
            "retention_write",
            "platform_impersonate",
        ] {
            assert!(Permission::from_name(name).unwrap().is_sensitive(), "{name}");
        }
    }

    /// Threat T76: whatever an operator does on a visit, it is no signature, no drill-down, no evidence, no role and no factor.
    #[test]
    fn a_visit_neither_changes_nor_drills_nor_exports() {
        let visits: Vec<_> =
            Permission::ALL.into_iter().filter(|permission| permission.is_for_visits()).collect();
        for permission in &visits {
            assert!(permission.only_reads() && !permission.is_sensitive(), "{permission:?}");
        }
        assert_eq!(visits.len(), 6, "a new one is decided on here: {visits:?}");
    }
}
