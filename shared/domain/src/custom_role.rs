//! Roles of a tenant's own: what one may be called and may grant.

use std::collections::BTreeSet;

use crate::{Class, Fault, Permission, is_line};

/// Characters of a role's name.
const NAME_CHARS_MAX: usize = 60;
/// Roles of one tenant, ended ones included.
pub const CUSTOM_ROLES_MAX: usize = 200;

/// Why a role was refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CustomRoleError {
    /// Its name.
    #[error("a role's name has 1 to {NAME_CHARS_MAX} characters and no line breaks")]
    Name,
    /// What it grants.
    #[error(
        "a role grants at least one permission of a tenant, and closing the tenant is its owners' alone"
    )]
    Permissions,
    /// The tenant has too many.
    #[error("a tenant has at most {CUSTOM_ROLES_MAX} roles of its own")]
    TooMany,
}

impl Fault for CustomRoleError {
    fn class(&self) -> Class {
        match self {
            Self::Name | Self::Permissions => Class::Invalid,
            Self::TooMany => Class::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Name => "role-name-invalid",
            Self::Permissions => "role-permissions-invalid",
            Self::TooMany => "too-many-roles",
        }
    }
}

/// The name as it is kept, if a role of a tenant's own may be called so and grant these permissions.
///
/// # Errors
/// * [`CustomRoleError::Name`], [`CustomRoleError::Permissions`].
pub fn custom_role(
    name: &str,
    permissions: &BTreeSet<Permission>,
) -> Result<String, CustomRoleError> {
    let name = name.trim();
    if !is_line(name, 1..=NAME_CHARS_MAX) {
        return Err(CustomRoleError::Name);
    }
    let is_grantable = |permission: &Permission| {
        !permission.is_platform() && *permission != Permission::TenantClose
    };
    if permissions.is_empty() || !permissions.iter().all(is_grantable) {
        return Err(CustomRoleError::Permissions);
    }
    Ok(name.to_owned())
}

/// Refuses one more role when a tenant has `count`.
///
/// # Errors
/// * [`CustomRoleError::TooMany`].
pub const fn one_more_role(count: usize) -> Result<(), CustomRoleError> {
    if count >= CUSTOM_ROLES_MAX { Err(CustomRoleError::TooMany) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_taken_at_its_limits_and_refused_beyond() {
        let named = |name: &str| custom_role(name, &BTreeSet::from([Permission::RunRead]));
        assert_eq!(named(" Front desk "), Ok("Front desk".to_owned()));
        assert!(named("é").is_ok() && named(&"é".repeat(60)).is_ok());
        for refused in ["", "  ", "a\nb", &"é".repeat(61)] {
            assert_eq!(named(refused), Err(CustomRoleError::Name), "{refused:?}");
        }
    }

    #[test]
    fn no_role_grants_nothing_what_is_the_platforms_or_the_end_of_the_tenant() {
        let granting = |permissions: &[Permission]| {
            custom_role("a", &permissions.iter().copied().collect()).is_ok()
        };
        assert!(granting(&[Permission::RunRead]));
        assert!(!granting(&[]));
        assert!(!granting(&[Permission::RunRead, Permission::TenantClose]));
        assert!(!granting(&[Permission::PlatformImpersonate]));
    }

    #[test]
    fn the_two_hundredth_role_is_the_last() {
        assert_eq!(one_more_role(199), Ok(()));
        assert_eq!(one_more_role(200), Err(CustomRoleError::TooMany));
    }
}
