//! `POST /v1/audit/exports`: everything that is signed, as one file that anyone can verify offline.

use axum::{Json, extract::State, http::StatusCode};
use domain::{AuditEvent, EventKind, ExportId, Feature, Permission, Target};
use ports::Bucket;
use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest, Sha256};
use store::Change;
use web::{Access, Caller, Endpoint, Problem};

use crate::export::{self, ExportError, ExportRecord};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/audit/exports",
    Access::Requires(Permission::AuditExport),
    &[EventKind::AuditExported],
)
.summary("Export the audit log as one file that is verified offline")
.with(Feature::AuditRead)
.response::<Response>()
.problems(&["nothing-signed"]);

#[derive(JsonSchema, Serialize)]
pub(crate) struct Response {
    /// The export; download it from `/v1/audit/exports/{export}/content`.
    #[schemars(with = "String")]
    export: ExportId,
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
) -> Result<(StatusCode, Json<Response>), Problem> {
    let (bytes, size) = export::make(&state, &caller.data).await?;
    let record = record(&state, &caller, &bytes, size);
    let name = export::blob(caller.data.tenant(), record.export);
    state.ports.blobs.put(Bucket::Exports, &name, &bytes, None).await.map_err(ExportError::from)?;
    let event = AuditEvent::new(EventKind::AuditExported, Target::new("export", record.export))
        .with("sha256", record.sha256.as_str())
        .with("size", size);
    caller.commit(Change::new(event).create(&record)).await?;
    let ExportRecord { export, bytes, sha256, .. } = record;
    Ok((StatusCode::CREATED, Json(Response { export, size, bytes, sha256 })))
}

fn record(state: &crate::State, caller: &Caller, bytes: &[u8], size: u64) -> ExportRecord {
    ExportRecord {
        export: state.ports.randomness.id(caller.now),
        by: caller.user,
        size,
        bytes: bytes.len() as u64,
        sha256: hex::encode(Sha256::digest(bytes)),
        created_at: caller.now,
    }
}
