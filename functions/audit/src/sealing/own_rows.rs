//! Rows that no app asked for: the first of a log, and what the log lacks.

use std::collections::BTreeMap;

use chain::{
    epoch::{self, Rotation},
    genesis::{Genesis, Previous},
    instances::INCOMPLETE_ACTION,
    intent::{Intent, IntentError, Party, SignedIntent, Source, VerifiedIntent},
    remark::Remark,
};
use domain::{EventId, EventKind, Timestamp};
use ports::Identity;
use serde_json::{Value, json};
use store::{Alarm, Partition};

use super::{SealingError, rotation};
use crate::State;

/// The first row of a log: its name, and the key of its checkpoints.
pub(crate) async fn genesis(
    state: &State,
    log: &Partition,
    at: Timestamp,
    (rotation, previous): (u32, Option<&Previous>),
) -> Result<VerifiedIntent, SealingError> {
    let (tenant, origin) = (log.tenant(), state.origin(log.tenant(), log.epoch()));
    let keys: Vec<_> = rotation::log_key(state, log, rotation).await?.into_iter().collect();
    let genesis = Genesis {
        origin: &origin,
        tenant: &tenant.to_string(),
        keys: &keys,
        id: &state.ports.randomness.id::<domain::kind::Event>(at).to_string(),
        at: &at.to_string(),
        salt: &salt(state),
        source: source(state),
        previous,
    };
    Ok(sign(state, &genesis.intent())?)
}

/// What the sealer noticed: intents that are missing, contradict each other, or came late.
pub(crate) fn remark(
    state: &State,
    log: &Partition,
    at: Timestamp,
    remark: &Remark,
) -> Result<VerifiedIntent, IntentError> {
    note(state, log, at, (remark.action(), remark.reason()), remark.to_data())
}

/// That the intent of a document is not as its app signed it.
pub(crate) fn changed(
    state: &State,
    log: &Partition,
    at: Timestamp,
    document: &str,
) -> Result<VerifiedIntent, SealingError> {
    let data = BTreeMap::from([("document".to_owned(), json!(document))]);
    Ok(note(state, log, at, (INCOMPLETE_ACTION, "changed"), data)?)
}

/// That what was signed of the epoch before is not what the database has.
pub(crate) fn alarm(
    state: &State,
    log: &Partition,
    at: Timestamp,
    alarm: &Alarm,
) -> Result<VerifiedIntent, SealingError> {
    let Alarm { code, what, expected, found, size, epoch, at: found_at, .. } = alarm;
    let data = [
        ("epoch", json!(epoch)),
        ("expected", json!(expected)),
        ("found", json!(found)),
        ("found_at", json!(found_at)),
        ("rows_signed", json!(size)),
        ("what", json!(what)),
    ];
    let data = data.map(|(name, value)| (name.to_owned(), value)).into();
    Ok(note(state, log, at, (EventKind::LogAlarm.name(), code), data)?)
}

/// That the epoch ends, and how the log goes on.
pub(crate) fn rotate(
    state: &State,
    log: &Partition,
    at: Timestamp,
    said: &Rotation,
) -> Result<VerifiedIntent, IntentError> {
    let data = [
        ("by", json!(said.by)),
        ("keys", json!(said.keys)),
        ("next", json!(said.next)),
        ("rotation", json!(said.rotation)),
    ];
    let data = data.map(|(name, value)| (name.to_owned(), value)).into();
    note(state, log, at, (epoch::ROTATE, "planned"), data)
}

/// That another key signs the log from here on, as the end of the epoch before announced.
pub(crate) fn key(
    state: &State,
    log: &Partition,
    at: Timestamp,
    said: &Rotation,
) -> Result<VerifiedIntent, IntentError> {
    let data = [("by", json!(said.by)), ("keys", json!(said.keys))];
    let data = data.map(|(name, value)| (name.to_owned(), value)).into();
    note(state, log, at, (epoch::KEY, "planned"), data)
}

fn note(
    state: &State,
    log: &Partition,
    at: Timestamp,
    (action, reason): (&str, &str),
    data: BTreeMap<String, Value>,
) -> Result<VerifiedIntent, IntentError> {
    let id: EventId = state.ports.randomness.id(at);
    let is_bad = [INCOMPLETE_ACTION, EventKind::LogAlarm.name()].contains(&action);
    let tenant = log.tenant();
    let out = if is_bad { "failed" } else { "ok" };
    let intent = Intent {
        act: Party { id: "sealer".to_owned(), kind: "system".to_owned(), obo: None },
        action: action.to_owned(),
        at: at.to_string(),
        data,
        id: id.to_string(),
        out: out.to_owned(),
        pd: BTreeMap::new(),
        reason: Some(reason.to_owned()),
        salt: salt(state),
        src: source(state),
        tenant: tenant.to_string(),
        target: Party { id: state.origin(tenant, log.epoch()), kind: "log".to_owned(), obo: None },
        version: 1,
    };
    if [epoch::ROTATE, epoch::KEY].contains(&action) {
        tracing::info!(tenant.id = %tenant, action, "the audit log is rotated");
    } else {
        tracing::error!(tenant.id = %tenant, action, reason, "the audit log is not as it should be");
    }
    sign(state, &intent)
}

/// Each row of the sealer's own is the only one of its instance, so that two sealers never share a number.
fn source(state: &State) -> Source {
    let random = hex::encode(state.ports.randomness.bytes::<8>());
    let (app, instance) =
        (Identity::Audit.name().to_owned(), format!("{}{random}", Source::SEALER));
    Source { app, instance, number: 1, prev: None, void: Vec::new() }
}

fn salt(state: &State) -> String {
    hex::encode(state.ports.randomness.bytes::<16>())
}

fn sign(state: &State, intent: &Intent) -> Result<VerifiedIntent, IntentError> {
    let signed = SignedIntent::sign(intent.to_text()?, &state.intent_key);
    signed.verify(&state.intent_key.verifying_key())
}
