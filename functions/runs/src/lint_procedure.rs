//! `POST /v1/procedures/lint`: what is wrong with a procedure, before anybody signs it.

use axum::Json;
use domain::{
    AuditEvent, Class, EventKind, Permission, Target,
    procedure::{Finding, Procedure},
};
use protocol::{
    Digest,
    dsse::{Envelope, PAYLOAD_MAX},
    strict_json,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Change;
use web::{Access, Caller, Endpoint, Input, Problem};

use crate::procedures::FindingView;

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/procedures/lint",
    Access::Requires(Permission::ProcedureRead),
    &[EventKind::ProcedureLinted],
)
.summary("Lint a procedure, given as YAML or in its envelope, without keeping it")
.success(200)
.request::<Request>()
.response::<Response>()
.body_max(512 * 1024);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// The procedure as people write it.
    yaml: Option<String>,
    /// Or the procedure as it is signed (DSSE); signatures are not looked at.
    #[schemars(with = "Option<serde_json::Value>")]
    envelope: Option<Envelope>,
}

#[derive(JsonSchema, Serialize)]
pub(crate) struct Response {
    /// SHA-256 of the bytes that were linted.
    #[schemars(with = "String")]
    sha256: Digest,
    /// Everything that is wrong; empty when nothing is.
    findings: Vec<FindingView>,
}

pub(crate) async fn handle(
    caller: Caller,
    Input(request): Input<Request>,
) -> Result<Json<Response>, Problem> {
    let (sha256, read) = match (request.yaml, request.envelope) {
        (Some(yaml), None) => (Digest::of(&yaml), from_yaml(&yaml)),
        (None, Some(envelope)) => {
            (Digest::of(envelope.unverified_payload()), from_payload(&envelope))
        }
        _ => {
            return Err(Problem::new(
                Class::Invalid,
                "validation",
                "Send either yaml or envelope.",
            ));
        }
    };
    let findings = read.map_or_else(|finding| vec![finding], |procedure| check::lint(&procedure));
    let target = Target::new("procedure_text", sha256);
    let event =
        AuditEvent::new(EventKind::ProcedureLinted, target).with("findings", findings.len());
    caller.commit(Change::new(event)).await?;
    Ok(Json(Response { sha256, findings: findings.into_iter().map(FindingView::from).collect() }))
}

fn from_yaml(text: &str) -> Result<Procedure, Finding> {
    check::procedure_from_yaml(text)
        .map_err(|error| Finding::new("", "yaml-unreadable", error.to_string()))
}

fn from_payload(envelope: &Envelope) -> Result<Procedure, Finding> {
    strict_json::parse(envelope.unverified_payload(), PAYLOAD_MAX)
        .map_err(|error| Finding::new("", "payload-unreadable", error.to_string()))
}
