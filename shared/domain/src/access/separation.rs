//! Separation of duties, as data: which two permissions may not meet in one person, at all or on the same object.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Permission;
use crate::{AuditEvent, Class, EventKind, Fault, Target, UserId};

/// One rule.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Separation {
    /// Its name in settings and in the log.
    pub name: SeparationName,
    /// Whoever did or may do this…
    pub a: Permission,
    /// …may not do that.
    pub b: Permission,
    /// Only when it is the same object; otherwise nobody may hold both permissions.
    pub same_object: bool,
    /// Whether it holds in every tenant; others hold where the tenant switched them on.
    pub always: bool,
}

/// The rules that there are: add, never rename.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SeparationName {
    /// Whoever asked for the reset of a second factor does not approve it.
    MfaReset,
    /// Whoever issued an enrolment does not approve the Runner that used it.
    RunnerEnrolment,
    /// Whoever gives roles does not see evidence.
    RolesAndEvidence,
    /// Whoever gives roles does not publish procedures.
    RolesAndPublishing,
}

/// Why something was refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SeparationError {
    /// One person would do both on one object.
    #[error("whoever did the first step may not do the second (rule {}); ask another person of your tenant", .0.as_str())]
    SameObject(SeparationName),
    /// One person would hold both permissions.
    #[error("nobody may hold both permissions (rule {}); choose other roles", .0.as_str())]
    Combination(SeparationName),
}

impl Fault for SeparationError {
    fn class(&self) -> Class {
        Class::Conflict
    }

    fn code(&self) -> &'static str {
        "sod-violation"
    }
}

impl SeparationName {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MfaReset => "mfa_reset",
            Self::RunnerEnrolment => "runner_enrolment",
            Self::RolesAndEvidence => "roles_and_evidence",
            Self::RolesAndPublishing => "roles_and_publishing",
        }
    }
}

impl Separation {
    /// Every rule.
    pub const BUILT_IN: &'static [Self] = &[
        Self::on(
            SeparationName::MfaReset,
            Permission::MfaResetRequest,
            Permission::MfaResetApprove,
        )
        .always(),
        Self::on(
            SeparationName::RunnerEnrolment,
            Permission::RunnerEnrol,
            Permission::RunnerApprove,
        ),
        Self::between(
            SeparationName::RolesAndEvidence,
            Permission::RoleGrant,
            Permission::EvidenceDrill,
        ),
        Self::between(
            SeparationName::RolesAndPublishing,
            Permission::RoleGrant,
            Permission::ProcedurePublish,
        ),
    ];

    const fn on(name: SeparationName, a: Permission, b: Permission) -> Self {
        Self { name, a, b, same_object: true, always: false }
    }

    const fn between(name: SeparationName, a: Permission, b: Permission) -> Self {
        Self { name, a, b, same_object: false, always: false }
    }

    const fn always(mut self) -> Self {
        self.always = true;
        self
    }

    /// The rules that hold where the tenant switched `on` some.
    pub fn in_force(on: &BTreeSet<SeparationName>) -> impl Iterator<Item = Self> {
        Self::BUILT_IN.iter().copied().filter(|rule| rule.always || on.contains(&rule.name))
    }

    /// Whether `second` may do `b` on an object on which `first` did `a`.
    ///
    /// # Errors
    /// * [`SeparationError::SameObject`].
    pub fn check(
        on: &BTreeSet<SeparationName>,
        (a, first): (Permission, UserId),
        (b, second): (Permission, UserId),
    ) -> Result<(), SeparationError> {
        let ruled = |rule: &Self| rule.same_object && (rule.a, rule.b) == (a, b);
        match Self::in_force(on).find(|rule| first == second && ruled(rule)) {
            Some(rule) => Err(SeparationError::SameObject(rule.name)),
            None => Ok(()),
        }
    }
}

impl SeparationError {
    /// What to record.
    pub fn event(self, target: Target) -> AuditEvent {
        let (Self::SameObject(name) | Self::Combination(name)) = self;
        AuditEvent::denied(EventKind::SodViolationBlocked, target, "sod-violation")
            .with("rule", name.as_str())
    }
}

/// Refuses a set of permissions that no one person may hold.
///
/// # Errors
/// * [`SeparationError::Combination`].
pub fn refuse_combination(
    on: &BTreeSet<SeparationName>,
    held: impl Fn(Permission) -> bool,
) -> Result<(), SeparationError> {
    refuse_raise(on, |_| false, held)
}

/// Refuses what makes somebody who held `before` hold what no one person may. Whoever held both before, as owners do, is not raised by it.
///
/// # Errors
/// * [`SeparationError::Combination`].
pub fn refuse_raise(
    on: &BTreeSet<SeparationName>,
    before: impl Fn(Permission) -> bool,
    held: impl Fn(Permission) -> bool,
) -> Result<(), SeparationError> {
    let is_new = |rule: &Separation| !(before(rule.a) && before(rule.b));
    let broken =
        |rule: &Separation| !rule.same_object && held(rule.a) && held(rule.b) && is_new(rule);
    match Separation::in_force(on).find(broken) {
        Some(rule) => Err(SeparationError::Combination(rule.name)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Role;

    const ADA: UserId = UserId::from_u128(1);
    const BOB: UserId = UserId::from_u128(2);

    #[test]
    fn another_person_may_and_the_same_one_may_not() {
        let none = BTreeSet::new();
        let reset = (Permission::MfaResetRequest, Permission::MfaResetApprove);
        assert_eq!(Separation::check(&none, (reset.0, ADA), (reset.1, BOB)), Ok(()));
        assert_eq!(
            Separation::check(&none, (reset.0, ADA), (reset.1, ADA)),
            Err(SeparationError::SameObject(SeparationName::MfaReset))
        );
    }

    #[test]
    fn a_rule_that_the_tenant_did_not_switch_on_does_not_hold() {
        let on = BTreeSet::from([SeparationName::RunnerEnrolment]);
        let (enrol, approve) = (Permission::RunnerEnrol, Permission::RunnerApprove);
        assert_eq!(Separation::check(&BTreeSet::new(), (enrol, ADA), (approve, ADA)), Ok(()));
        assert!(Separation::check(&on, (enrol, ADA), (approve, ADA)).is_err());
        assert_eq!(Separation::check(&on, (enrol, ADA), (approve, BOB)), Ok(()));
    }

    #[test]
    fn a_combination_is_refused_only_where_both_sides_are_held() {
        let on = BTreeSet::from([SeparationName::RolesAndEvidence]);
        let held = |roles: &'static [Role]| {
            refuse_combination(&on, move |permission| {
                roles.iter().any(|role| role.grants(permission))
            })
        };
        assert_eq!(held(&[Role::Admin]), Ok(()));
        assert_eq!(held(&[Role::Auditor]), Ok(()));
        assert_eq!(
            held(&[Role::Admin, Role::Auditor]),
            Err(SeparationError::Combination(SeparationName::RolesAndEvidence))
        );
    }

    #[test]
    fn whoever_held_both_before_is_not_raised_by_more() {
        let on = BTreeSet::from([SeparationName::RolesAndEvidence]);
        let raise = |before: Role, role: Role| {
            refuse_raise(&on, |p| before.grants(p), |p| before.grants(p) || role.grants(p))
        };
        assert_eq!(raise(Role::Owner, Role::Auditor), Ok(()));
        assert_eq!(
            raise(Role::Admin, Role::Owner),
            Err(SeparationError::Combination(SeparationName::RolesAndEvidence))
        );
    }

    #[test]
    fn the_names_are_the_serialised_ones() {
        for rule in Separation::BUILT_IN {
            assert_eq!(serde_json::to_value(rule.name).unwrap(), rule.name.as_str());
        }
    }
}
