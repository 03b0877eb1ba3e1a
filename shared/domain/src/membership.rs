//! Memberships: who may make what of whom. The last owner stays, nobody raises himself, and platform roles stay on the platform.

use crate::{Class, Fault, Role, TenantKind, UserId};

/// Why a membership stays as it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum MembershipError {
    /// Nobody would hold the tenant.
    #[error("this is the tenant's last active owner; make somebody else an owner first")]
    LastOwner,
    /// One's own account.
    #[error("nobody changes their own roles or state; ask another administrator of your tenant")]
    Oneself,
    /// Only owners make owners, and unmake them.
    #[error("only an owner gives or takes the role owner")]
    OwnersOnly,
    /// A platform role outside the platform's own tenant.
    #[error("this role exists only in the tenant of whoever runs the deployment")]
    Platform,
    /// It is so already.
    #[error("the user is in another state than this needs; read it again")]
    State,
}

impl Fault for MembershipError {
    fn class(&self) -> Class {
        match self {
            Self::LastOwner | Self::State => Class::Conflict,
            Self::Oneself | Self::OwnersOnly | Self::Platform => Class::Forbidden,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::LastOwner => "last-owner",
            Self::Oneself => "own-membership",
            Self::OwnersOnly => "owners-only",
            Self::Platform => "platform-role",
            Self::State => "state-transition",
        }
    }
}

/// Whether somebody with the roles `giver` may give or take `role` in a tenant of this kind.
///
/// # Errors
/// * [`MembershipError::OwnersOnly`], [`MembershipError::Platform`].
pub fn may_give(giver: &[Role], role: Role, kind: TenantKind) -> Result<(), MembershipError> {
    if role.is_platform() && kind != TenantKind::Platform {
        return Err(MembershipError::Platform);
    }
    let needs_owner = role == Role::Owner || role.is_platform();
    if needs_owner && !giver.contains(&Role::Owner) {
        return Err(MembershipError::OwnersOnly);
    }
    Ok(())
}

/// Refuses a change of one's own membership.
///
/// # Errors
/// * [`MembershipError::Oneself`].
pub fn not_oneself(caller: UserId, user: UserId) -> Result<(), MembershipError> {
    if caller == user { Err(MembershipError::Oneself) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_owners_make_owners() {
        let may = |giver: &[Role], role| may_give(giver, role, TenantKind::Customer);
        assert_eq!(may(&[Role::Owner], Role::Owner), Ok(()));
        assert_eq!(may(&[Role::Admin], Role::Owner), Err(MembershipError::OwnersOnly));
        assert_eq!(may(&[Role::Admin], Role::Auditor), Ok(()));
    }

    /// Threat T76.
    #[test]
    fn no_customer_makes_an_operator_of_the_platform() {
        for role in [Role::PlatformOperator, Role::PlatformSupport] {
            let given = |kind| may_give(&[Role::Owner], role, kind);
            assert_eq!(given(TenantKind::Customer), Err(MembershipError::Platform));
            assert_eq!(given(TenantKind::Platform), Ok(()));
            assert!(may_give(&[Role::Admin], role, TenantKind::Platform).is_err());
        }
    }
}
