//! What is known of a caller: the records behind what they showed, and whether these let them in.

use std::sync::Arc;

use domain::{
    Permission, SessionId, Timestamp, Visit,
    auth::{Bounds, Epochs, PersonalToken, PersonalTokenText, Session},
};
use store::{Document, Guard, GuardState, Partition, TenantRecord, VisitRecord};

use super::refusal::unauthenticated;
use crate::{AccessClaims, ActingParty, Endpoint, Gate, Method, Problem};

pub(super) async fn verified(
    gate: &Gate,
    token: &str,
    now: Timestamp,
) -> Result<AccessClaims, Problem> {
    gate.claims(token, now).await.map_err(|error| {
        tracing::debug!(error = %error, "a token was refused");
        unauthenticated()
    })
}

pub(super) struct Known {
    pub(super) session: SessionId,
    pub(super) guard: Arc<Guard>,
    pub(super) tenant: Arc<TenantRecord>,
    pub(super) token: Option<Arc<PersonalToken>>,
}

/// Whether what guards read may be some seconds old: for what only reads, and shows nothing that needs a step-up.
pub(super) fn may_be_late(endpoint: &Endpoint, permission: Permission) -> bool {
    endpoint.method == Method::Get && !permission.is_sensitive()
}

/// How the records of a caller are read.
#[derive(Clone, Copy)]
pub(super) struct Reading {
    pub(super) now: Timestamp,
    pub(super) may_be_late: bool,
}

impl Reading {
    /// The record; its absence is nobody's business.
    async fn find<T: Document + Send + Sync + 'static>(
        self,
        data: &Partition,
        id: &str,
    ) -> Result<Arc<T>, Problem> {
        let found = if self.may_be_late {
            data.find_lately::<T>(id, self.now).await?
        } else {
            data.find::<T>(id).await?.map(|found| Arc::new(found.document))
        };
        found.ok_or_else(unauthenticated)
    }
}

pub(super) async fn in_session_or_visit(
    gate: &Gate,
    token: &str,
    reading: Reading,
) -> Result<(Partition, AccessClaims, Known), Problem> {
    let claims = verified(gate, token, reading.now).await?;
    let data = gate.partition(claims.tid);
    // Whoever sends an operator away has done so at once.
    let may_be_late = reading.may_be_late && claims.act.is_none();
    let known = known(gate, &data, &claims, Reading { may_be_late, ..reading }).await?;
    Ok((data, claims, known))
}

/// A program of a user's: as long as the token lasts and the user may sign in. It is numbered like a session, for the log's sake, and never
/// counts as a second factor.
pub(super) async fn with_personal_token(
    gate: &Gate,
    text: &PersonalTokenText,
    reading: Reading,
) -> Result<(Partition, AccessClaims, Known), Problem> {
    let data = gate.partition(text.tenant);
    let token = reading.find::<PersonalToken>(&data, &text.token.to_string()).await?;
    let guard = reading.find::<Guard>(&data, &token.user.to_string()).await?;
    let tenant = reading.find::<TenantRecord>(&data, TenantRecord::ID).await?;
    let epochs = Epochs { guard: guard.epoch, restore: gate.restore_epoch() };
    let is_current = token.admits(text, epochs, reading.now) && guard.state == GuardState::Active;
    if !is_current || !tenant.state.admits() {
        return Err(unauthenticated());
    }
    let claims = gate.claims_of(&token, text.tenant);
    let session = SessionId::from_u128(u128::from_be_bytes(token.token.to_bytes()));
    Ok((data, claims, Known { session, guard, tenant, token: Some(token) }))
}

/// Three point reads: the session or visit lives, the user's guard is of the same epoch, the tenant admits its users.
async fn known(
    gate: &Gate,
    data: &Partition,
    claims: &AccessClaims,
    reading: Reading,
) -> Result<Known, Problem> {
    let guard = reading.find::<Guard>(data, &claims.sub.to_string()).await?;
    let tenant = reading.find::<TenantRecord>(data, TenantRecord::ID).await?;
    let session = match claims.act {
        Some(acting) => on_visit((gate, data), claims, acting, &tenant, reading.now).await?,
        None => in_session(data, claims, (&guard, &tenant), reading).await?,
    };
    let is_current = guard.epoch == claims.epo && guard.state == GuardState::Active;
    if !is_current || !tenant.state.admits() {
        return Err(unauthenticated());
    }
    Ok(Known { session, guard, tenant, token: None })
}

async fn in_session(
    data: &Partition,
    claims: &AccessClaims,
    (guard, tenant): (&Guard, &TenantRecord),
    reading: Reading,
) -> Result<SessionId, Problem> {
    let session = claims.sid.filter(|_| claims.scope.is_none()).ok_or_else(unauthenticated)?;
    let record = reading.find::<Session>(data, &session.to_string()).await?;
    let bounds = Bounds { epoch: guard.epoch, settings: &tenant.settings };
    let is_theirs = record.user == claims.sub && record.is_alive(bounds, reading.now);
    if is_theirs { Ok(session) } else { Err(unauthenticated()) }
}

/// An operator in a user's place: as long as the visit lasts, the tenant wants it, and the operator is one. It is numbered like a session, for the log's sake.
async fn on_visit(
    (gate, data): (&Gate, &Partition),
    claims: &AccessClaims,
    acting: ActingParty,
    tenant: &TenantRecord,
    now: Timestamp,
) -> Result<SessionId, Problem> {
    let visit = data.find::<VisitRecord>(&acting.visit.to_string()).await?;
    let VisitRecord(visit) = visit.ok_or_else(unauthenticated)?.document;
    let is_theirs = visit.operator == acting.sub && visit.user == claims.sub;
    let is_whole = claims.sid.is_none() && claims.scope.is_none();
    let is_on = visit.is_on(tenant.settings.support_access, now);
    if is_theirs && is_whole && is_on && is_operators(gate, &visit).await? {
        return Ok(SessionId::from_u128(u128::from_be_bytes(acting.visit.to_bytes())));
    }
    Err(unauthenticated())
}

/// Whether the operator is still who began the visit: neither disabled, nor relieved of visiting, nor signed out everywhere since.
async fn is_operators(gate: &Gate, visit: &Visit) -> Result<bool, Problem> {
    let home = gate.partition(visit.operator_tenant);
    let guard = home.find::<Guard>(&visit.operator.to_string()).await?.map(|found| found.document);
    Ok(guard.is_some_and(|guard| {
        guard.state == GuardState::Active
            && guard.grants(Permission::PlatformImpersonate)
            && visit.operator_epoch == Some(guard.epoch)
    }))
}
