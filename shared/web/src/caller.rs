//! Who is calling, and what that lets them touch.

mod acting;
mod from_request;
mod known;
mod refusal;

use std::{net::IpAddr, sync::Arc};

use axum::http::request::Parts;
use domain::{
    Permission, RequestId, Role, SessionId, TenantId, Timestamp, UserId, auth::PersonalToken,
};
use store::{Guard, GuardState, Partition, TenantRecord};

use crate::{
    Access, AccessClaims, ActingParty, Endpoint, Gate, Problem, Scope,
    presented::{Presented, bearer},
};
use known::{Known, Reading, in_session_or_visit, may_be_late, verified, with_personal_token};
use refusal::refuse;
pub(crate) use refusal::unauthenticated;
pub use refusal::{not_entitled, not_served};

/// An admitted user: the only way a handler reaches a tenant's data.
#[derive(Clone)]
pub struct Caller {
    /// Who.
    pub user: UserId,
    /// With which session.
    pub session: SessionId,
    /// What the tenant made of them.
    pub roles: Vec<Role>,
    /// Their tenant, as its guards see it: settings, plan and what was changed of it.
    pub tenant: Arc<TenantRecord>,
    /// The personal access token that a program of theirs showed instead of a session.
    pub token: Option<Arc<PersonalToken>>,
    /// The operator who acts in their place, on a visit.
    pub visit: Option<ActingParty>,
    /// When the request arrived; every timestamp of the request is this one.
    pub now: Timestamp,
    /// When they last showed their second factor.
    pub authenticated_at: Timestamp,
    /// The request.
    pub request: RequestId,
    /// Their tenant's data.
    pub data: Partition,
    pub(crate) endpoint: &'static Endpoint,
}

impl Caller {
    /// What they called.
    pub(crate) const fn endpoint(&self) -> &'static Endpoint {
        self.endpoint
    }
}

/// Someone who holds a token for one step of a login.
#[derive(Clone)]
pub struct Enrollee {
    /// Who.
    pub user: UserId,
    /// Of which tenant.
    pub tenant: TenantId,
    /// When the request arrived.
    pub now: Timestamp,
    /// What the token says.
    pub claims: AccessClaims,
}

/// Someone who is not known.
#[derive(Clone, Copy, Debug)]
pub struct Visitor {
    /// When the request arrived.
    pub now: Timestamp,
    /// The request.
    pub request: RequestId,
    /// Where it came from, as the outermost of our proxies saw it; `None` on one machine.
    pub address: Option<IpAddr>,
}

/// Admits a user to `endpoint`, or says why not; the caller, if known, goes with the refusal so that it can be recorded.
pub(crate) async fn admit(
    gate: &Gate,
    endpoint: &'static Endpoint,
    permission: Permission,
    parts: &Parts,
    visitor: Visitor,
) -> Result<Caller, (Problem, Option<Caller>)> {
    let unknown = |problem| (problem, None);
    let shown = Presented::of(gate, parts).map_err(unknown)?;
    let reading = Reading { now: visitor.now, may_be_late: may_be_late(endpoint, permission) };
    let (data, claims, known) = match shown {
        Presented::Access(token) => in_session_or_visit(gate, &token, reading).await,
        Presented::Personal(text) => with_personal_token(gate, &text, reading).await,
    }
    .map_err(unknown)?;
    let Known { session, guard, tenant, token } = known;
    let caller = Caller {
        user: claims.sub,
        session,
        roles: guard.roles.clone(),
        tenant,
        visit: claims.act,
        token,
        now: visitor.now,
        authenticated_at: Timestamp::from_unix_s(claims.auth_time),
        request: visitor.request,
        data,
        endpoint,
    };
    if let Some(problem) = refuse(&caller, &guard, endpoint, permission, &claims) {
        return Err((problem, Some(caller)));
    }
    match caller.record_visit().await {
        Ok(()) => Ok(caller),
        Err(error) => Err((error.into(), None)),
    }
}

/// Admits whoever holds a token with `scope`.
pub(crate) async fn admit_scoped(
    gate: &Gate,
    scope: Scope,
    parts: &Parts,
    visitor: Visitor,
) -> Result<Enrollee, Problem> {
    let claims = verified(gate, bearer(parts)?, visitor.now).await?;
    if claims.scope != Some(scope) {
        return Err(unauthenticated());
    }
    let guard = gate
        .partition(claims.tid)
        .find::<Guard>(&claims.sub.to_string())
        .await?
        .ok_or_else(unauthenticated)?;
    if guard.document.epoch != claims.epo || guard.document.state == GuardState::Disabled {
        return Err(unauthenticated());
    }
    Ok(Enrollee { user: claims.sub, tenant: claims.tid, now: visitor.now, claims })
}

impl Endpoint {
    /// The permission that its callers need, if they are users.
    pub const fn permission(&self) -> Option<Permission> {
        match self.access {
            Access::Requires(permission) => Some(permission),
            Access::Public(_) | Access::Holds(_) | Access::Runner => None,
        }
    }
}
