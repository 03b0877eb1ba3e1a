//! `POST /v1/users/{user}/disable`, `/enable`, `/lock`, `/unlock`: whether a person of the tenant may act.
//!
//! Whoever is disabled or locked is signed out everywhere with the same write. Unlocking lifts the lock of an administrator and that of wrong
//! passwords.

use axum::{Json, extract::State};
use domain::{
    AuditEvent, EventKind, MembershipError, Permission, Role, Target, UserId, kind, may_give,
    not_oneself,
};
use store::{Guard, GuardState};
use web::{Access, Caller, Endpoint, PathId, Problem};

use crate::{
    AuthState,
    members::{change, in_state},
    password_locks,
    users::UserView,
};

const PROBLEMS: &[&str] =
    &["own-membership", "owners-only", "last-owner", "state-transition", "conflict"];

const fn endpoint(path: &'static str, audits: &'static [EventKind]) -> Endpoint {
    Endpoint::post(path, Access::Requires(Permission::UserManage), audits)
        .success(200)
        .response::<UserView>()
        .problems(PROBLEMS)
}

pub(crate) const DISABLE: Endpoint =
    endpoint("/v1/users/{user}/disable", &[EventKind::UserDisabled])
        .summary("Disable a user and sign them out everywhere");
pub(crate) const ENABLE: Endpoint = endpoint("/v1/users/{user}/enable", &[EventKind::UserEnabled])
    .summary("Enable a disabled user; they sign in again");
pub(crate) const LOCK: Endpoint = endpoint("/v1/users/{user}/lock", &[EventKind::AccountLocked])
    .summary("Lock a user for now and sign them out everywhere");
pub(crate) const UNLOCK: Endpoint =
    endpoint("/v1/users/{user}/unlock", &[EventKind::AccountUnlocked])
        .summary("Unlock a user whom an administrator locked, or too many wrong passwords");

/// One of the four moves.
struct Move {
    from: &'static [GuardState],
    to: GuardState,
    kind: EventKind,
}

pub(crate) async fn disable(
    state: State<AuthState>,
    caller: Caller,
    user: PathId<kind::User>,
) -> Result<Json<UserView>, Problem> {
    let from = &[GuardState::PendingMfa, GuardState::Active, GuardState::Locked];
    let step = Move { from, to: GuardState::Disabled, kind: EventKind::UserDisabled };
    apply(state, caller, user, step).await
}

pub(crate) async fn enable(
    state: State<AuthState>,
    caller: Caller,
    user: PathId<kind::User>,
) -> Result<Json<UserView>, Problem> {
    let from = &[GuardState::Disabled];
    apply(
        state,
        caller,
        user,
        Move { from, to: GuardState::PendingMfa, kind: EventKind::UserEnabled },
    )
    .await
}

pub(crate) async fn lock(
    state: State<AuthState>,
    caller: Caller,
    user: PathId<kind::User>,
) -> Result<Json<UserView>, Problem> {
    let from = &[GuardState::PendingMfa, GuardState::Active];
    apply(
        state,
        caller,
        user,
        Move { from, to: GuardState::Locked, kind: EventKind::AccountLocked },
    )
    .await
}

pub(crate) async fn unlock(
    state: State<AuthState>,
    caller: Caller,
    user: PathId<kind::User>,
) -> Result<Json<UserView>, Problem> {
    if let Some(guard) = lift(&caller, user.0).await? {
        return Ok(Json(UserView::of(&state, &caller.data, guard).await?));
    }
    let from = &[GuardState::Locked];
    let step = Move { from, to: GuardState::PendingMfa, kind: EventKind::AccountUnlocked };
    apply(state, caller, user, step).await
}

/// Back in use means back before the login: its end makes the guard active again.
async fn apply(
    State(state): State<AuthState>,
    caller: Caller,
    PathId(user): PathId<kind::User>,
    step: Move,
) -> Result<Json<UserView>, Problem> {
    let guard = change(&caller, user, |guard| decide(&caller, user, guard, &step)).await?;
    Ok(Json(UserView::of(&state, &caller.data, guard).await?))
}

fn decide(
    caller: &Caller,
    user: UserId,
    guard: &Guard,
    step: &Move,
) -> Result<Option<(Guard, AuditEvent)>, Problem> {
    may_move(caller, guard)?;
    let Some(next) = in_state(guard, step.to) else { return Ok(None) };
    if !step.from.contains(&guard.state) {
        return Err(MembershipError::State.into());
    }
    let event = AuditEvent::new(step.kind, Target::new("user", user)).with("by", "administrator");
    Ok(Some((next, event)))
}

/// Lifts the lock of wrong passwords; gives the guard if that was all that locked the user.
async fn lift(caller: &Caller, user: UserId) -> Result<Option<Guard>, Problem> {
    not_oneself(caller.user, user)?;
    let guard = caller.data.get::<Guard>(&user.to_string()).await?.document;
    may_move(caller, &guard)?;
    let lifted = password_locks::lift(caller, user).await?;
    Ok(Some(guard).filter(|guard| lifted && guard.state != GuardState::Locked))
}

/// Only an owner moves an owner.
fn may_move(caller: &Caller, guard: &Guard) -> Result<(), MembershipError> {
    if guard.roles.contains(&Role::Owner) {
        may_give(&caller.roles, Role::Owner, caller.tenant.kind)?;
    }
    Ok(())
}
