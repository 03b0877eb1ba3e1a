//! `…/v1/tenant/encryption-key`: a key of the customer's own over the tenant's keys.
//!
//! Which key it is, is in the tenant's record, which nobody but us can write. The key is tried before it counts, and then the tenant's keys are
//! wrapped by it; if that is cut short, the daily job finishes it. Once the customer takes the key away, nothing of the tenant opens within ten
//! minutes, and everything does again as soon as they give it back.

use std::time::Duration;

use axum::{Json, extract::State};
use domain::{AuditEvent, Class, CustomerKey, EventKind, Feature, Permission, Target};
use ports::{KeyError, KeyPurpose, OwnKey, QueueName};
use schemars::JsonSchema;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use store::{FieldError, KeyringError, OwnKeys, TenantRecord};
use web::{Access, Caller, Endpoint, Input, Problem};

use crate::{
    AuthState,
    tenants::{By, change},
};

const PURPOSE: KeyPurpose = KeyPurpose::AuthFields;
const PATH: &str = "/v1/tenant/encryption-key";

pub(crate) const READ: Endpoint = Endpoint::get(PATH, Access::Requires(Permission::TenantRead))
    .summary("Which key wraps the tenant's keys: ours, or one of its own")
    .response::<KeyView>();

pub(crate) const SET: Endpoint =
    Endpoint::put(PATH, Access::Requires(Permission::SettingsWrite), &[EventKind::KeyRewrapped])
        .with(Feature::Cmk)
        .summary("Wrap the tenant's keys by a key of its own; taking that key away locks the tenant until it is back")
        .request::<Request>()
        .response::<KeyView>()
        .problems(&["validation", "customer-key-withheld", "customer-key-unfit", "rewrap-unfinished", "conflict"]);

pub(crate) const REMOVE: Endpoint = Endpoint::post(
    "/v1/tenant/encryption-key/remove",
    Access::Requires(Permission::SettingsWrite),
    &[EventKind::KeyRewrapped],
)
.summary("Wrap the tenant's keys by ours again; the tenant's own is still needed for that")
.success(200)
.response::<KeyView>()
.problems(&["customer-key-withheld", "rewrap-unfinished", "conflict"]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// `https://<name>.vault.azure.net`, or `local` for a key file on one machine.
    vault: String,
    /// The key's name there.
    key: String,
}

#[derive(JsonSchema, Serialize)]
pub(crate) struct KeyView {
    /// `ours`, or the vault of the tenant's own key.
    vault: String,
    /// The key's name; absent for ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// Whether every version of the tenant's keys is wrapped by it by now.
    complete: bool,
}

pub(crate) async fn read(
    State(state): State<AuthState>,
    caller: Caller,
) -> Result<Json<KeyView>, Problem> {
    view(&state, &caller, &caller.tenant.own_keys).await
}

pub(crate) async fn set(
    State(state): State<AuthState>,
    caller: Caller,
    Input(Request { vault, key }): Input<Request>,
) -> Result<Json<KeyView>, Problem> {
    let key = CustomerKey::new(&vault, &key)?;
    try_out(&state, &caller, &key).await?;
    move_to(&state, &caller, Some(&key)).await
}

pub(crate) async fn remove(
    State(state): State<AuthState>,
    caller: Caller,
) -> Result<Json<KeyView>, Problem> {
    move_to(&state, &caller, None).await
}

/// Wraps something that nobody needs, and unwraps it: a key that does not do both would lock the tenant out.
async fn try_out(state: &AuthState, caller: &Caller, key: &CustomerKey) -> Result<(), Problem> {
    let own = OwnKey { tenant: caller.data.tenant(), key };
    let material = state.random::<32>();
    let wrapped = state.wrapping.wrap_by(PURPOSE, own, &material).await.map_err(unusable)?;
    let again = state.wrapping.unwrap_by(PURPOSE, own, &wrapped).await.map_err(unusable)?;
    if again.expose_secret() == material {
        Ok(())
    } else {
        Err(unusable(KeyError::Unfit("one that gives back what it was given")))
    }
}

fn unusable(error: KeyError) -> Problem {
    if let KeyError::Unfit(_) | KeyError::Invalid = error {
        let detail = "The key cannot wrap the tenant's keys: it has to be an RSA key of 2,048 bits or more in Key Vault or Managed HSM, \
                      or on one machine a file of 32 bytes. Nothing was changed.";
        return Problem::new(Class::Invalid, "customer-key-unfit", detail);
    }
    FieldError::from(KeyringError::Key(PURPOSE.name(), error)).into()
}

/// The record first: from then on both keys are known as the tenant's, and whatever happens, one of them opens each version.
async fn move_to(
    state: &AuthState,
    caller: &Caller,
    key: Option<&CustomerKey>,
) -> Result<Json<KeyView>, Problem> {
    let tenant = caller.data.tenant();
    if !state.fields.is_rewrapped(tenant).await? {
        let detail = "The tenant's keys are still being wrapped by the key that was set last. Make the one before usable until that is done, and try again.";
        return Err(Problem::new(Class::Conflict, "rewrap-unfinished", detail));
    }
    let decide = |record: &TenantRecord| {
        if record.own_keys.current.as_ref() == key {
            return Ok(None);
        }
        let own_keys = record.own_keys.clone().moved_to(key.cloned());
        Ok(Some((TenantRecord { own_keys, ..record.clone() }, event(key))))
    };
    let record = change(&caller.data, decide, By::User(caller)).await?;
    let sent = state.queue.send(QueueName::Reseal, &tenant.to_string(), Duration::ZERO).await;
    if let Err(error) = sent {
        tracing::warn!(error = %error, "the daily job finishes what is cut short now");
    }
    state.fields.rewrap(tenant).await?;
    view(state, caller, &record.own_keys).await
}

fn event(key: Option<&CustomerKey>) -> AuditEvent {
    let event = AuditEvent::new(EventKind::KeyRewrapped, Target::new("key", PURPOSE.name()));
    match key {
        Some(key) => event.with("vault", key.vault()).with("key", key.name()),
        None => event.with("vault", "ours"),
    }
}

async fn view(state: &AuthState, caller: &Caller, own: &OwnKeys) -> Result<Json<KeyView>, Problem> {
    let complete = state.fields.is_rewrapped(caller.data.tenant()).await?;
    let vault = own.current.as_ref().map_or("ours", CustomerKey::vault).to_owned();
    let key = own.current.as_ref().map(|key| key.name().to_owned());
    Ok(Json(KeyView { vault, key, complete }))
}
