//! Rows that no app asked for: the first of a log, and what the log lacks.

use std::collections::BTreeMap;

use chain::{
    genesis::Genesis,
    instances::{Gap, INCOMPLETE_ACTION},
    intent::{Intent, Party, SignedIntent, Source, VerifiedIntent},
    note::VerifierKey,
};
use domain::{EventId, TenantId, Timestamp};
use ports::{Identity, KeyPurpose};
use serde_json::{Value, json};

use super::SealingError;
use crate::State;

/// The first row of a log: its name, and the key of its checkpoints.
pub(crate) async fn genesis(
    state: &State,
    tenant: TenantId,
    at: Timestamp,
) -> Result<VerifiedIntent, SealingError> {
    let origin = state.origin(tenant);
    let mut keys = Vec::new();
    if let Some(key) = state.ed25519(KeyPurpose::Checkpoint).await? {
        keys.push(VerifierKey::new(&origin, key)?.to_string());
    }
    let genesis = Genesis {
        origin: &origin,
        tenant: &tenant.to_string(),
        keys: &keys,
        id: &state.ports.randomness.id::<domain::kind::Event>(at).to_string(),
        at: &at.to_string(),
        salt: &salt(state),
        source: source(state),
    };
    sign(state, &genesis.intent())
}

/// That an intent was numbered and never came.
pub(crate) fn missing(
    state: &State,
    tenant: TenantId,
    at: Timestamp,
    gap: &Gap,
) -> Result<VerifiedIntent, SealingError> {
    incomplete(state, tenant, at, "missing", gap.to_data())
}

/// That the intent of a document is not as its app signed it.
pub(crate) fn changed(
    state: &State,
    tenant: TenantId,
    at: Timestamp,
    document: &str,
) -> Result<VerifiedIntent, SealingError> {
    incomplete(
        state,
        tenant,
        at,
        "changed",
        BTreeMap::from([("document".to_owned(), json!(document))]),
    )
}

fn incomplete(
    state: &State,
    tenant: TenantId,
    at: Timestamp,
    reason: &str,
    data: BTreeMap<String, Value>,
) -> Result<VerifiedIntent, SealingError> {
    let id: EventId = state.ports.randomness.id(at);
    let intent = Intent {
        act: Party { id: "sealer".to_owned(), kind: "system".to_owned() },
        action: INCOMPLETE_ACTION.to_owned(),
        at: at.to_string(),
        data,
        id: id.to_string(),
        out: "failed".to_owned(),
        reason: Some(reason.to_owned()),
        salt: salt(state),
        src: source(state),
        tenant: tenant.to_string(),
        target: Party { id: state.origin(tenant), kind: "log".to_owned() },
        version: 1,
    };
    tracing::error!(tenant.id = %tenant, reason, "the audit log is incomplete");
    sign(state, &intent)
}

/// Each row of the sealer's own is the only one of its instance, so that two sealers never share a number.
fn source(state: &State) -> Source {
    let instance = format!("sealer-{}", hex::encode(state.ports.randomness.bytes::<8>()));
    Source { app: Identity::Audit.name().to_owned(), instance, number: 1, void: Vec::new() }
}

fn salt(state: &State) -> String {
    hex::encode(state.ports.randomness.bytes::<16>())
}

fn sign(state: &State, intent: &Intent) -> Result<VerifiedIntent, SealingError> {
    let signed = SignedIntent::sign(intent.to_text()?, &state.intent_key);
    Ok(signed.verify(&state.intent_key.verifying_key())?)
}
