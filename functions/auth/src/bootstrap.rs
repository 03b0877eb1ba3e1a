//! Trigger `bootstrap`: the first tenant and its owner's invitation. There is no default account.

use domain::{
    Actor, Class, EventId, EventKind, InvitationId, Plan, Role, Target, TenantId, TenantKind,
    Timestamp, auth::Invitation,
};
use ports::QueueName;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{
    Change, Document as _, Housekeeping, HousekeepingKind, Partition, StoreError, TenantRecord,
};
use web::{Job, Problem, Trigger};

use crate::{
    AuthState, followers,
    records::{FirstTenant, InvitationRecord},
    tenant_entries::{TenantEntry, enter},
};

pub(crate) const TRIGGER: Trigger = Trigger::queue(
    "bootstrap",
    QueueName::Bootstrap,
    &[EventKind::TenantCreated, EventKind::UserInvited],
);

/// The message: whoever sends it keeps the invitation's token and passes on its SHA-256 alone.
///
/// The token is `domain::auth::Ticket::new(tenant, invitation, secret)`, the digest its `sha256()`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Bootstrap {
    /// The new tenant's identifier.
    pub tenant: TenantId,
    /// Its name.
    pub tenant_name: String,
    /// The invitation's identifier.
    pub invitation: InvitationId,
    /// SHA-256 of the token's secret, in lower-case hexadecimal.
    pub ticket_sha256: String,
    /// The first customer, or the tenant of whoever runs the deployment: one of each.
    #[serde(default)]
    pub kind: TenantKind,
}

/// Creates the first tenant, once; a message that comes again completes what the first began, any other is ignored.
pub(crate) async fn handle(state: AuthState, job: Job, text: String) -> Result<Value, Problem> {
    let invalid = |_| Problem::new(Class::Invalid, "validation", "The message is no bootstrap.");
    let message: Bootstrap = serde_json::from_str(&text).map_err(invalid)?;
    if !is_first(&state, &message).await? {
        tracing::warn!("a tenant exists already; the bootstrap message was ignored");
        return Ok(json!({"created": false}));
    }
    let (tenant, kind, at) = (message.tenant, message.kind, job.now);
    enter(&state, &TenantEntry { tenant, kind, at }).await?;
    let data = job.cap.partition(tenant, "bootstrap");
    create_tenant(&data, &message, job.now).await?;
    invite_owner(&data, &message, job.now).await?;
    Ok(json!({"created": true}))
}

/// Whether the deployment's first tenant is this one: reserved before anything else is written.
async fn is_first(state: &AuthState, message: &Bootstrap) -> Result<bool, StoreError> {
    let deployment = state.data(TenantId::SYSTEM);
    let first = FirstTenant { tenant: message.tenant, kind: message.kind };
    let reservation = Housekeeping::new(HousekeepingKind::Index).create(&first);
    match deployment.keep(reservation).await {
        Ok(()) => Ok(true),
        Err(StoreError::Exists) => {
            Ok(deployment.get::<FirstTenant>(&first.id()).await?.document == first)
        }
        Err(error) => Err(error),
    }
}

async fn create_tenant(
    data: &Partition,
    message: &Bootstrap,
    now: Timestamp,
) -> Result<(), StoreError> {
    let event =
        domain::AuditEvent::new(EventKind::TenantCreated, Target::new("tenant", message.tenant))
            .with("plan", Plan::Enterprise.name());
    once(data, message.tenant.to_bytes(), Change::new(event), now).await?;
    let name = message.tenant_name.clone();
    let tenant = TenantRecord::new(message.tenant, name, Plan::Enterprise, now);
    let tenant = TenantRecord { kind: message.kind, ..tenant };
    let event = EventId::from_u128(u128::from_be_bytes(message.tenant.to_bytes()));
    followers::create_because(data, &tenant, event).await
}

async fn invite_owner(
    data: &Partition,
    message: &Bootstrap,
    now: Timestamp,
) -> Result<(), Problem> {
    let (sha256, lifetime) = (&message.ticket_sha256, Invitation::BOOTSTRAP_LIFETIME);
    let (invitation, event) =
        Invitation::issue(message.invitation, sha256, Role::Owner, lifetime, now)?;
    let change = Change::new(event).create(&InvitationRecord(invitation));
    Ok(once(data, message.invitation.to_bytes(), change, now).await?)
}

/// Commits a change whose event has the number of what it makes: that it was committed already is success.
async fn once(
    data: &Partition,
    number: [u8; 16],
    change: Change,
    now: Timestamp,
) -> Result<(), StoreError> {
    let event = EventId::from_u128(u128::from_be_bytes(number));
    match data.commit_as(Some(event), &Actor::system("bootstrap"), now, change).await {
        Ok(_) | Err(StoreError::Exists) => Ok(()),
        Err(error) => Err(error),
    }
}
