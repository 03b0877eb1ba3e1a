//! Invitations: how people come in.
//!
//! The token goes by mail alone, and only to the address that the invitation is for; whoever issues one never sees it.

pub(crate) mod issue;
pub(crate) mod list;
pub(crate) mod resend;
pub(crate) mod revoke;
pub(crate) mod seats;

use domain::{
    InvitationId, Role, TenantId, Timestamp,
    auth::{Invitation, Ticket, may_invite},
    kind, may_give,
};
use schemars::JsonSchema;
use serde::Serialize;
use store::{Guard, ListOf, Partition};
use web::{Caller, Problem};

use crate::{
    AuthState,
    letters::{self, Topic},
    records::InvitationRecord,
};

/// Open invitations that are looked at: more than any plan has seats for is refused before.
const LISTED_MAX: usize = 1000;

#[derive(JsonSchema, Serialize)]
pub(crate) struct InvitationView {
    #[schemars(with = "String")]
    invitation: InvitationId,
    /// `null` for the first owner's.
    email: Option<String>,
    #[schemars(with = "String")]
    role: Role,
    #[schemars(with = "String")]
    issued_at: Timestamp,
    #[schemars(with = "String")]
    ends_at: Timestamp,
    /// Whether the letter was posted; `null` where none was to be. If not, send it again.
    mailed: Option<bool>,
}

/// The invitations that wait for their person, newest first.
async fn open(data: &Partition, now: Timestamp) -> Result<Vec<Invitation>, Problem> {
    let of = ListOf { descending: true, limit: LISTED_MAX, ..ListOf::default() };
    let page = data.list::<InvitationRecord>(of).await?;
    let invitations = page.documents.into_iter().map(|found| found.document.0);
    Ok(invitations.filter(|invitation| invitation.is_open(now)).collect())
}

/// Refuses a role that the caller does not give by inviting somebody to it.
///
/// # Errors
/// * `owners-only`, `platform-role`, `forbidden`.
async fn require_giving(caller: &Caller, role: Role) -> Result<(), Problem> {
    may_give(&caller.roles, role, caller.tenant.kind)?;
    let guard = caller.data.get::<Guard>(&caller.user.to_string()).await?.document;
    Ok(may_invite(role, |permission| guard.grants(permission))?)
}

async fn address(
    state: &AuthState,
    tenant: TenantId,
    invitation: &Invitation,
) -> Result<Option<String>, Problem> {
    let Some(address) = &invitation.address else { return Ok(None) };
    state.open_invited(tenant, invitation.invitation, &address.sealed).await.map(Some)
}

/// The invitation as its tenant sees it.
pub(crate) async fn view(
    state: &AuthState,
    tenant: TenantId,
    invitation: &Invitation,
    mailed: Option<bool>,
) -> Result<InvitationView, Problem> {
    Ok(InvitationView {
        invitation: invitation.invitation,
        email: address(state, tenant, invitation).await?,
        role: invitation.role,
        issued_at: invitation.issued_at,
        ends_at: invitation.ends_at,
        mailed,
    })
}

/// Whether the letter was posted. The invitation counts either way, and can be sent again.
pub(crate) async fn mail(
    state: &AuthState,
    tenant_name: &str,
    to: &str,
    (ticket, invitation): (&Ticket<kind::Invitation>, &Invitation),
) -> bool {
    let link = state.link("join", &ticket.expose());
    let topic =
        Topic::Invitation { role: invitation.role.name(), link: &link, until: invitation.ends_at };
    match state.post(&letters::write(to, tenant_name, &topic).into()).await {
        Ok(()) => true,
        Err(problem) => {
            tracing::warn!(code = problem.code, "an invitation was not posted");
            false
        }
    }
}
