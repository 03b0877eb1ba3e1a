//! `GET /v1/drilldowns/{drilldown}`: how far a drill-down came, and its sealed answer while it is kept.

use axum::Json;
use domain::{DrilldownId, Feature, Permission, drilldown::DrilldownState, kind};
use protocol::{
    Base64,
    command::CommandResult,
    dsse::{Envelope, PAYLOAD_MAX},
    strict_json,
};
use schemars::JsonSchema;
use serde::Serialize;
use web::{Access, Caller, Endpoint, PathId, Problem};

use crate::drilldowns::{AnswerRecord, DrilldownRecord};

pub(crate) const ENDPOINT: Endpoint =
    Endpoint::get("/v1/drilldowns/{drilldown}", Access::Requires(Permission::EvidenceDrill))
        .summary(
            "How far a drill-down came; for whoever asked, with the sealed answer for 15 minutes",
        )
        .with(Feature::Runner)
        .response::<Response>();

#[derive(JsonSchema, Serialize)]
pub(crate) struct Response {
    #[schemars(with = "String")]
    drilldown: DrilldownId,
    /// `requested`, `dispatched`, `delivered`, `denied` or `expired`.
    state: &'static str,
    /// Why the Runner refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// The answer, sealed to the request's key; base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    sealed: Option<Base64>,
    /// The Runner's signed result (DSSE).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<serde_json::Value>")]
    result: Option<Envelope>,
}

pub(crate) async fn handle(
    caller: Caller,
    PathId(drilldown): PathId<kind::Drilldown>,
) -> Result<Json<Response>, Problem> {
    let DrilldownRecord(record) =
        caller.data.get::<DrilldownRecord>(&drilldown.to_string()).await?.document;
    if record.requester != caller.user {
        return Err(Problem::not_found());
    }
    let answer = caller.data.find::<AnswerRecord>(&AnswerRecord::id_of(drilldown)).await?;
    let result = answer.map(|found| found.document.result);
    let sealed = result.as_ref().and_then(sealed_in);
    let state = record.state_at(caller.now);
    let name = state.name();
    let code = if let DrilldownState::Denied { code, .. } = state { Some(code) } else { None };
    Ok(Json(Response { drilldown, state: name, code, sealed, result }))
}

/// The sealed bytes of a result that was verified before it was kept.
fn sealed_in(result: &Envelope) -> Option<Base64> {
    let result: CommandResult =
        strict_json::parse(result.unverified_payload(), PAYLOAD_MAX).ok()?;
    result.sealed
}
