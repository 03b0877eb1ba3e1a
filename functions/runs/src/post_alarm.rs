//! `POST /v1/witness/alarms`: a Runner says what it found wrong with the tenant's log, signed by it.

use axum::Json;
use domain::{Class, EventKind};
use protocol::{
    Digest,
    dsse::{ENVELOPE_MAX, Envelope},
    witness::WitnessAlarm,
};
use serde_json::{Value, json};
use store::{Change, StoreError};
use web::{Access, Endpoint, Input, Problem, RunnerCaller};

use crate::{
    described,
    witnesses::{AlarmRecord, alarm_event, event_id},
};

pub(crate) const ENDPOINT: Endpoint =
    Endpoint::post("/v1/witness/alarms", Access::Runner, &[EventKind::LogAlarm])
        .summary(
            "Hand in what a witness found wrong with the audit log; repeating it changes nothing",
        )
        .success(200)
        .while_closing()
        .request::<described::Envelope>()
        .response::<described::Alarmed>()
        .body_max(ENVELOPE_MAX)
        .problems(&["signature-invalid", "unsigned", "unknown-field", "wrong-tenant"]);

pub(crate) async fn handle(
    caller: RunnerCaller,
    Input(envelope): Input<Envelope>,
) -> Result<Json<Value>, Problem> {
    let alarm = WitnessAlarm::verify(&envelope, &caller.key)?;
    if (alarm.tenant, alarm.runner) != (caller.tenant, caller.runner) {
        let detail = "The alarm is about another tenant's log, or another Runner's word.";
        return Err(Problem::new(Class::Forbidden, "wrong-tenant", detail));
    }
    let digest = Digest::of(envelope.unverified_payload()).to_string();
    let event = alarm_event(&caller.tenant.to_string(), alarm.kind.name(), alarm.size)
        .with("evidence", alarm.evidence.to_string())
        .with("runner", caller.runner.to_string());
    let record = AlarmRecord { kind: alarm.kind, envelope, received_at: caller.now };
    let change = Change::new(event).create(&record);
    let id = event_id(&["witness-alarm", &digest]);
    match caller.data.commit_as(Some(id), &caller.actor(), caller.now, change).await {
        Ok(_) | Err(StoreError::Exists) => Ok(Json(json!({ "alarm": digest }))),
        Err(error) => Err(error.into()),
    }
}
