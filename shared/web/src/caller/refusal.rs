//! Why somebody who is known may not do this, and what they are told.

use std::time::Duration;

use axum::http::{HeaderValue, header::WWW_AUTHENTICATE};
use domain::{Class, EntitlementError, Fault as _, Permission, TenantState};
use store::{Guard, TenantRecord};

use super::Caller;
use crate::{ACR_MFA, AccessClaims, Endpoint, Method, Problem};

/// A sensitive permission needs a second factor shown within this time (RFC 9470 `max_age`).
const STEP_UP_MAX_AGE: Duration = Duration::from_mins(5);

/// By how much clocks of two servers may differ.
const CLOCKS_DIFFER: Duration = Duration::from_secs(5);

pub(super) fn refuse(
    caller: &Caller,
    guard: &Guard,
    endpoint: &Endpoint,
    permission: Permission,
    claims: &AccessClaims,
) -> Option<Problem> {
    if !guard.grants(permission) {
        return Some(Problem::new(
            Class::Forbidden,
            "forbidden",
            "None of your roles allows this. Ask an owner of your tenant.",
        ));
    }
    if caller.token.as_ref().is_some_and(|token| !token.allows(permission)) {
        let detail = "This personal access token is not for that; it does what it was issued for, and nothing that needs a second factor.";
        return Some(Problem::new(Class::Forbidden, "token-scope", detail));
    }
    if caller.visit.is_some() && !may_visit(endpoint, permission) {
        let detail = "An operator on a visit only reads, and neither evidence nor exports.";
        return Some(Problem::new(Class::Forbidden, "visit-only-reads", detail));
    }
    if let Some(problem) = not_served(&caller.tenant, endpoint) {
        return Some(problem);
    }
    let age = caller.now.since(caller.authenticated_at);
    // A factor that is said to be shown later than now was shown before the clock was set back: nobody knows how long before.
    let was_shown = caller.authenticated_at <= caller.now.plus(CLOCKS_DIFFER);
    let is_fresh = claims.acr == ACR_MFA && was_shown && age <= STEP_UP_MAX_AGE;
    (permission.is_sensitive() && !is_fresh).then(step_up_required)
}

/// Why the tenant may not have `endpoint`, whoever asks in its name: its state, or its plan.
pub fn not_served(tenant: &TenantRecord, endpoint: &Endpoint) -> Option<Problem> {
    if let Err(error) = tenant.state.serves(endpoint.serves_closing()) {
        return Some(error.into());
    }
    let is_leaving = tenant.state == TenantState::Closing && endpoint.while_closing;
    let missing = |feature| tenant.entitlements().require(feature).err();
    endpoint.feature.filter(|_| !is_leaving).and_then(missing).map(|error| not_entitled(&error))
}

/// Reading endpoints of reading permissions, and nothing else: threat T76.
fn may_visit(endpoint: &Endpoint, permission: Permission) -> bool {
    endpoint.method == Method::Get && permission.is_for_visits()
}

/// What the plan does not include, by name, and from which plan on it is included.
pub fn not_entitled(error: &EntitlementError) -> Problem {
    let problem = Problem::new(error.class(), error.code(), format!("{error}."));
    match error {
        EntitlementError::Feature { plan, feature, plan_min } => problem
            .with("entitlement", feature.name())
            .with("plan", plan.name())
            .with("plan_min", plan_min.map(domain::Plan::name)),
        EntitlementError::Quota { plan, quota, limit } => problem
            .with("entitlement", quota.name())
            .with("plan", plan.name())
            .with("limit", *limit),
    }
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
