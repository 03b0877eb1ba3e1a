//! `POST /v1/audit/exports`: what is signed, as a file: all of it with its proofs, or some rows in a form that other programs read.

use axum::{Json, extract::State, http::StatusCode};
use domain::{AuditEvent, AuditFilter, EventKind, ExportId, Feature, Permission, Target};
use ports::Bucket;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::Change;
use web::{Access, Caller, Endpoint, Input, Problem};

use crate::{
    export::{self, ExportError, ExportRecord, Format, Made},
    filters::Filters,
};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/audit/exports",
    Access::Requires(Permission::AuditExport),
    &[EventKind::AuditExported],
)
.summary("Export the audit log: as one file that is verified offline, or rows as CSV, JSON lines or OCSF events")
.with(Feature::AuditRead)
.request::<Request>()
.response::<Response>()
.problems(&["nothing-signed", "invalid-filter"]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// In which form.
    #[serde(default)]
    format: Format,
    /// Which rows; all unless it says so. A bundle always holds all.
    #[serde(default)]
    filters: Filters,
}

#[derive(JsonSchema, Serialize)]
pub(crate) struct Response {
    /// The export; download it from `/v1/audit/exports/{export}/content`.
    #[schemars(with = "String")]
    export: ExportId,
    /// In which form it is.
    format: Format,
    /// How many rows it holds.
    size: u64,
    /// Its length in bytes.
    bytes: u64,
    /// SHA-256 of the file, in hexadecimal.
    sha256: String,
}

pub(crate) async fn handle(
    State(state): State<crate::State>,
    caller: Caller,
    Input(request): Input<Request>,
) -> Result<(StatusCode, Json<Response>), Problem> {
    let filter = request.filters.parse()?;
    let made = export::make(&state, &caller.data, request.format, &filter).await?;
    let record = record(&state, &caller, request.format, &made);
    let name = record.blob(caller.data.tenant());
    let blobs = &state.ports.blobs;
    blobs.put(Bucket::Exports, &name, &made.bytes, None).await.map_err(ExportError::from)?;
    caller.commit(Change::new(exported(&record, &filter)).create(&record)).await?;
    let ExportRecord { export, format, size, bytes, sha256, .. } = record;
    Ok((StatusCode::CREATED, Json(Response { export, format, size, bytes, sha256 })))
}

/// That the log was exported, and by what rows were chosen; never what was looked for, which may name a person.
fn exported(record: &ExportRecord, filter: &AuditFilter) -> AuditEvent {
    AuditEvent::new(EventKind::AuditExported, Target::new("export", record.export))
        .with("filters", filter.names())
        .with("format", record.format.name())
        .with("sha256", record.sha256.as_str())
        .with("size", record.size)
}

fn record(state: &crate::State, caller: &Caller, format: Format, made: &Made) -> ExportRecord {
    ExportRecord {
        export: state.ports.randomness.id(caller.now),
        by: caller.user,
        format,
        size: made.rows,
        bytes: made.bytes.len() as u64,
        sha256: hex::encode(Sha256::digest(&made.bytes)),
        created_at: caller.now,
    }
}
