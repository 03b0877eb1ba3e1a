//! `POST /v1/users/{user}/roles`, `DELETE /v1/users/{user}/roles/{role}`: what the tenant makes of a person.
//!
//! A role that is given counts with the next request; one that is taken away signs the person out everywhere, with the same write.

use std::collections::BTreeSet;

use axum::{Json, extract::State};
use domain::{
    AuditEvent, EventKind, Feature, Permission, Role, RoleId, Target, UserId, kind, may_give,
};
use schemars::JsonSchema;
use serde::Deserialize;
use store::{Guard, Partition, RoleRecord, StoreError};
use web::{Access, Caller, Endpoint, Input, PathId, PathPair, Problem, not_entitled};

use crate::{AuthState, members::change, users::UserView};

pub(crate) const GRANT: Endpoint = Endpoint::post(
    "/v1/users/{user}/roles",
    Access::Requires(Permission::RoleGrant),
    &[EventKind::MembershipGranted],
)
.summary(
    "Give a user a role: a built-in one by its name, or one of the tenant's own by its identifier",
)
.success(200)
.request::<Request>()
.response::<UserView>()
.problems(&[
    "entitlement-required",
    "own-membership",
    "owners-only",
    "platform-role",
    "sod-violation",
    "conflict",
]);

pub(crate) const REVOKE: Endpoint = Endpoint::delete(
    "/v1/users/{user}/roles/{role}",
    Access::Requires(Permission::RoleGrant),
    &[EventKind::MembershipRevoked],
)
.summary("Take a role from a user and sign them out everywhere")
.response::<UserView>()
.problems(&["own-membership", "owners-only", "last-owner", "conflict"]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// `viewer`, …, or `rol_…`.
    role: String,
}

/// A role of either kind.
#[derive(Clone, Copy)]
enum Granted {
    BuiltIn(Role),
    Own(RoleId),
}

impl Granted {
    fn parse(text: &str) -> Option<Self> {
        let built_in = Role::from_name(text).map(Self::BuiltIn);
        built_in.or_else(|| text.parse().ok().map(Self::Own))
    }

    fn name(self) -> String {
        match self {
            Self::BuiltIn(role) => role.name().to_owned(),
            Self::Own(role) => role.to_string(),
        }
    }

    fn may_be_given_by(self, caller: &Caller) -> Result<(), Problem> {
        match self {
            Self::BuiltIn(role) => Ok(may_give(&caller.roles, role, caller.tenant.kind)?),
            Self::Own(_) => Ok(()),
        }
    }
}

pub(crate) async fn grant(
    State(state): State<AuthState>,
    caller: Caller,
    PathId(user): PathId<kind::User>,
    Input(Request { role }): Input<Request>,
) -> Result<Json<UserView>, Problem> {
    let role = Granted::parse(&role).ok_or_else(Problem::not_found)?;
    role.may_be_given_by(&caller)?;
    if let Granted::Own(role) = role {
        caller.tenant.entitlements().require(Feature::CustomRoles).map_err(|e| not_entitled(&e))?;
        of_the_tenant(&caller.data, role).await?;
    }
    let guard = change(&caller, user, |guard| {
        let next = added(guard, role);
        Ok((next != *guard).then(|| (next, event(EventKind::MembershipGranted, user, role))))
    });
    Ok(Json(UserView::of(&state, &caller.data, guard.await?).await?))
}

pub(crate) async fn revoke(
    State(state): State<AuthState>,
    caller: Caller,
    PathPair(user, role): PathPair<UserId, String>,
) -> Result<Json<UserView>, Problem> {
    let role = Granted::parse(&role).ok_or_else(Problem::not_found)?;
    let before = caller.data.get::<Guard>(&user.to_string()).await?.document;
    if added(&before, role) != before {
        return Err(Problem::not_found());
    }
    role.may_be_given_by(&caller)?;
    let guard = change(&caller, user, |guard| {
        let next = removed(guard, role);
        Ok((next != *guard).then(|| {
            let next = Guard { epoch: guard.epoch.saturating_add(1), ..next };
            (next, event(EventKind::MembershipRevoked, user, role))
        }))
    });
    Ok(Json(UserView::of(&state, &caller.data, guard.await?).await?))
}

fn event(kind: EventKind, user: UserId, role: Granted) -> AuditEvent {
    AuditEvent::new(kind, Target::new("user", user)).with("role", role.name())
}

fn added(guard: &Guard, role: Granted) -> Guard {
    let mut guard = guard.clone();
    match role {
        Granted::BuiltIn(role) if guard.roles.contains(&role) => {}
        Granted::BuiltIn(role) => guard.roles.push(role),
        Granted::Own(role) => {
            guard.custom.insert(role);
        }
    }
    guard
}

fn removed(guard: &Guard, role: Granted) -> Guard {
    let mut guard = guard.clone();
    match role {
        Granted::BuiltIn(role) => guard.roles.retain(|held| *held != role),
        Granted::Own(role) => {
            guard.custom.remove(&role);
        }
    }
    guard
}

/// A role that the tenant has and did not end.
async fn of_the_tenant(data: &Partition, role: RoleId) -> Result<RoleRecord, StoreError> {
    let role = data.get::<RoleRecord>(&role.to_string()).await?.document;
    if role.ended { Err(StoreError::NotFound) } else { Ok(role) }
}

/// What these roles grant together.
pub(crate) async fn resolved(
    data: &Partition,
    roles: &BTreeSet<RoleId>,
) -> Result<BTreeSet<Permission>, StoreError> {
    let mut granted = BTreeSet::new();
    for role in roles {
        if let Some(found) = data.find::<RoleRecord>(&role.to_string()).await?
            && !found.document.ended
        {
            granted.extend(found.document.permissions);
        }
    }
    Ok(granted)
}
