//! What whoever invites may make of the people who come: an invitation gives a role, as giving one does.

use crate::{Class, Fault, Permission, Role};

/// Why somebody invites nobody to a role.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "the role allows more than your own roles do; whoever gives roles to users can invite somebody to it"
)]
pub struct InviterError;

impl Fault for InviterError {
    fn class(&self) -> Class {
        Class::Forbidden
    }

    fn code(&self) -> &'static str {
        "forbidden"
    }
}

/// Whether somebody who holds what `holds` says may invite to `role`: whoever gives roles, and whoever may do all that the role allows. Otherwise
/// whoever only invites would have more by a second account.
///
/// # Errors
/// * [`InviterError`].
pub fn may_invite(role: Role, holds: impl Fn(Permission) -> bool) -> Result<(), InviterError> {
    let mut allowed = Permission::ALL.into_iter().filter(|permission| role.grants(*permission));
    if holds(Permission::RoleGrant) || allowed.all(&holds) { Ok(()) } else { Err(InviterError) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_gives_roles_invites_to_each() {
        let gives_roles = |permission| permission == Permission::RoleGrant;
        for role in Role::ALL {
            assert_eq!(may_invite(role, gives_roles), Ok(()), "{role:?}");
        }
    }

    #[test]
    fn whoever_gives_none_invites_to_what_they_may_do_themselves() {
        let reads = |permission: Permission| Role::Viewer.grants(permission);
        assert_eq!(may_invite(Role::Viewer, reads), Ok(()));
        assert_eq!(may_invite(Role::TrustAccessManager, reads), Ok(()), "it allows less");
        for role in [Role::Owner, Role::Admin, Role::Auditor, Role::Approver] {
            assert_eq!(may_invite(role, reads), Err(InviterError), "{role:?}");
        }
    }

    #[test]
    fn a_single_permission_that_is_lacking_is_enough() {
        for lacking in Permission::ALL.into_iter().filter(|lacking| Role::Viewer.grants(*lacking)) {
            let holds = |permission| permission != Permission::RoleGrant && permission != lacking;
            assert_eq!(may_invite(Role::Viewer, holds), Err(InviterError), "{lacking:?}");
        }
    }
}
