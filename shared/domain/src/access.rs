//! Who may do what: roles grant permissions, some permissions exclude each other. Plain tables, so that you can grep for them.

mod permission;
mod role;
mod separation;

pub use permission::Permission;
pub use role::Role;
pub use separation::{
    Separation, SeparationError, SeparationName, refuse_combination, refuse_raise,
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn granted(role: Role) -> BTreeSet<Permission> {
        Permission::ALL.into_iter().filter(|permission| role.grants(*permission)).collect()
    }

    #[test]
    fn a_viewer_may_do_nothing_that_an_auditor_may_not() {
        assert!(granted(Role::Viewer).is_subset(&granted(Role::Auditor)));
    }

    #[test]
    fn an_owner_may_do_whatever_anyone_of_the_tenant_may() {
        for role in Role::ALL.into_iter().filter(|role| !role.is_platform()) {
            assert!(granted(role).is_subset(&granted(Role::Owner)), "{role:?}");
        }
    }

    #[test]
    fn whoever_runs_the_users_can_neither_publish_procedures_nor_see_evidence() {
        assert!(!Role::Admin.grants(Permission::ProcedurePublish));
        assert!(!Role::Admin.grants(Permission::EvidenceDrill));
    }

    #[test]
    fn only_an_owner_closes_a_tenant() {
        let closers: Vec<_> =
            Role::ALL.into_iter().filter(|role| role.grants(Permission::TenantClose)).collect();
        assert_eq!(closers, [Role::Owner]);
    }

    /// Threat T76: an operator reaches a tenant through impersonation alone, and nobody of a tenant reaches the platform.
    #[test]
    fn platform_and_tenant_share_nothing_but_ones_own_account() {
        for role in Role::ALL {
            for permission in granted(role) {
                let own = permission.is_own();
                assert!(
                    own || permission.is_platform() == role.is_platform(),
                    "{role:?} {permission:?}"
                );
            }
        }
    }

    /// Reading roles change nothing: each permission of theirs reads, or is about their own account.
    #[test]
    fn reading_roles_hold_no_permission_that_writes() {
        for role in [Role::Viewer, Role::ControlOwner, Role::AiReviewer, Role::TrustAccessManager] {
            for permission in granted(role) {
                let reads = permission.is_own() || permission.only_reads();
                let drills = role == Role::ControlOwner && permission == Permission::EvidenceDrill;
                assert!(reads || drills, "{role:?} {permission:?}");
            }
        }
    }

    /// A role that may both ask and approve is held back by a rule about the same object.
    #[test]
    fn whoever_may_ask_and_approve_is_separated_on_the_same_object() {
        let pairs = [
            (Permission::RunnerEnrol, Permission::RunnerApprove),
            (Permission::MfaResetRequest, Permission::MfaResetApprove),
        ];
        for (ask, approve) in pairs {
            let both = Role::ALL.iter().any(|role| role.grants(ask) && role.grants(approve));
            let ruled = Separation::BUILT_IN
                .iter()
                .any(|rule| (rule.a, rule.b) == (ask, approve) && rule.same_object);
            assert!(!both || ruled, "{ask:?} and {approve:?}");
        }
    }
}
