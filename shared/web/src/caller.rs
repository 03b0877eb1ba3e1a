//! Who is calling, and what that lets them touch.

use std::time::Duration;

use axum::{
    extract::FromRequestParts,
    http::{
        HeaderValue,
        header::{AUTHORIZATION, WWW_AUTHENTICATE},
        request::Parts,
    },
};
use domain::{
    Actor, AuditEvent, Class, EventId, EventKind, Feature, Permission, Plan, RequestId, Role,
    SessionId, Target, TenantId, Timestamp, UserId, auth::Session,
};
use sha2::{Digest, Sha256};
use store::{Change, Guard, GuardState, Partition, Promise, StoreError, TenantRecord, TenantState};

use crate::{ACR_MFA, Access, AccessClaims, Endpoint, Gate, Problem, Scope};

/// A sensitive permission needs a second factor shown within this time (RFC 9470 `max_age`).
const STEP_UP_MAX_AGE: Duration = Duration::from_mins(5);

/// An admitted user: the only way a handler reaches a tenant's data.
#[derive(Clone)]
pub struct Caller {
    /// Who.
    pub user: UserId,
    /// With which session.
    pub session: SessionId,
    /// What the tenant made of them.
    pub roles: Vec<Role>,
    /// When the request arrived; every timestamp of the request is this one.
    pub now: Timestamp,
    /// When they last showed their second factor.
    pub authenticated_at: Timestamp,
    /// The request.
    pub request: RequestId,
    /// Their tenant's data.
    pub data: Partition,
    endpoint: &'static Endpoint,
}

impl Caller {
    /// Applies `change` in the caller's name.
    ///
    /// # Errors
    /// As [`Partition::commit`]; and when the event is not one that the endpoint declares.
    pub async fn commit(&self, change: Change) -> Result<Promise, StoreError> {
        let kind = change.event().kind;
        if !self.endpoint.audits.contains(&kind) {
            return Err(StoreError::Unreadable(format!(
                "{} records {kind}, which it does not declare",
                self.endpoint.path
            )));
        }
        self.data.commit(&self.actor(), self.now, change).await
    }

    /// Who the audit log names.
    pub fn actor(&self) -> Actor {
        Actor::user(self.user)
    }

    /// Records that this caller was refused; at most once a minute, session and endpoint.
    pub(crate) async fn record_denial(&self, code: &str) {
        let target =
            Target::new("endpoint", format!("{:?} {}", self.endpoint.method, self.endpoint.path));
        let minute = self.now.unix_s() / 60;
        let digest = Sha256::digest(format!("{}|{}|{code}|{minute}", self.session, target.id));
        let id = digest.first_chunk().map(|bytes| EventId::from_u128(u128::from_be_bytes(*bytes)));
        let change = Change::new(AuditEvent::denied(EventKind::AccessDenied, target, code));
        match self.data.commit_as(id, &self.actor(), self.now, change).await {
            Ok(_) | Err(StoreError::Exists | StoreError::Conflict) => {}
            Err(error) => tracing::error!(error = %error, "a denial was not recorded"),
        }
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
    let claims = bearer(gate, parts, visitor.now).await.map_err(unknown)?;
    let data = gate.partition(claims.tid);
    let known = known(&data, &claims, visitor.now).await.map_err(unknown)?;
    let caller = Caller {
        user: claims.sub,
        session: known.session,
        roles: known.roles,
        now: visitor.now,
        authenticated_at: Timestamp::from_unix_s(claims.auth_time),
        request: visitor.request,
        data,
        endpoint,
    };
    match refuse(&caller, known.plan, endpoint, permission, &claims) {
        None => Ok(caller),
        Some(problem) => Err((problem, Some(caller))),
    }
}

/// Admits whoever holds a token with `scope`.
pub(crate) async fn admit_scoped(
    gate: &Gate,
    scope: Scope,
    parts: &Parts,
    visitor: Visitor,
) -> Result<Enrollee, Problem> {
    let claims = bearer(gate, parts, visitor.now).await?;
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

async fn bearer(gate: &Gate, parts: &Parts, now: Timestamp) -> Result<AccessClaims, Problem> {
    let mut headers = parts.headers.get_all(AUTHORIZATION).iter();
    let (Some(header), None) = (headers.next(), headers.next()) else {
        return Err(unauthenticated());
    };
    let token = header
        .to_str()
        .ok()
        .and_then(|header| header.strip_prefix("Bearer "))
        .ok_or_else(unauthenticated)?;
    gate.claims(token, now).await.map_err(|error| {
        tracing::debug!(error = %error, "a token was refused");
        unauthenticated()
    })
}

struct Known {
    session: SessionId,
    roles: Vec<Role>,
    plan: Plan,
}

/// Three point reads: the session lives, the user's guard is of the same epoch, the tenant is active.
async fn known(data: &Partition, claims: &AccessClaims, now: Timestamp) -> Result<Known, Problem> {
    let session = claims.sid.filter(|_| claims.scope.is_none()).ok_or_else(unauthenticated)?;
    let record =
        data.find::<Session>(&session.to_string()).await?.ok_or_else(unauthenticated)?.document;
    let guard =
        data.find::<Guard>(&claims.sub.to_string()).await?.ok_or_else(unauthenticated)?.document;
    let tenant =
        data.find::<TenantRecord>(TenantRecord::ID).await?.ok_or_else(unauthenticated)?.document;
    let is_alive = record.user == claims.sub && record.revoked_at.is_none() && now < record.ends_at;
    let is_current = guard.epoch == claims.epo
        && record.epoch == claims.epo
        && guard.state == GuardState::Active;
    if !is_alive || !is_current || tenant.state != TenantState::Active {
        return Err(unauthenticated());
    }
    Ok(Known { session, roles: guard.roles, plan: tenant.plan })
}

fn refuse(
    caller: &Caller,
    plan: Plan,
    endpoint: &Endpoint,
    permission: Permission,
    claims: &AccessClaims,
) -> Option<Problem> {
    if !caller.roles.iter().any(|role| role.grants(permission)) {
        return Some(Problem::new(
            Class::Forbidden,
            "forbidden",
            "None of your roles allows this. Ask an owner of your tenant.",
        ));
    }
    if let Some(feature) = endpoint.feature.filter(|feature| !plan.includes(*feature)) {
        return Some(not_entitled(feature));
    }
    let age = caller.now.since(caller.authenticated_at);
    let is_fresh = claims.acr == ACR_MFA && age <= STEP_UP_MAX_AGE;
    (permission.is_sensitive() && !is_fresh).then(step_up_required)
}

fn not_entitled(feature: Feature) -> Problem {
    let plan = Plan::ALL.into_iter().find(|plan| plan.includes(feature));
    let detail = format!("Your plan does not include {}.", feature.name());
    Problem::new(Class::Forbidden, "entitlement-required", detail)
        .with("entitlement", feature.name())
        .with("plan_min", plan.map(|plan| format!("{plan:?}").to_lowercase()))
}

fn step_up_required() -> Problem {
    let max_age = STEP_UP_MAX_AGE.as_secs();
    let challenge = format!(
        "Bearer error=\"insufficient_user_authentication\", acr_values=\"{ACR_MFA}\", max_age={max_age}"
    );
    let problem = Problem::new(
        Class::Unauthenticated,
        "step-up-required",
        "This needs your second factor again: POST /api/auth/v1/step-up with a fresh code, then repeat with the new token.",
    );
    let problem = problem.with("acr", ACR_MFA).with("max_age", max_age);
    match HeaderValue::from_str(&challenge) {
        Ok(challenge) => problem.header(WWW_AUTHENTICATE, challenge),
        Err(_) => problem,
    }
}

/// The same for a missing, wrong, expired and revoked token.
pub(crate) fn unauthenticated() -> Problem {
    Problem::new(
        Class::Unauthenticated,
        "unauthenticated",
        "Sign in, and send the access token as a bearer token.",
    )
    .header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}

/// Makes what the guard put into the request available to handlers.
macro_rules! from_guard {
    ($($admitted:ty: $access:literal;)*) => {$(
        impl<S: Send + Sync> FromRequestParts<S> for $admitted {
            type Rejection = Problem;

            async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
                let missing = || Problem::internal(&concat!("the endpoint is not declared as ", $access));
                parts.extensions.get::<Self>().cloned().ok_or_else(missing)
            }
        }
    )*};
}

from_guard! {
    Caller: "Access::Requires";
    Enrollee: "Access::Holds";
    Visitor: "an endpoint";
    crate::RunnerCaller: "Access::Runner";
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
