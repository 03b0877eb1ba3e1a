//! `GET /v1/audit/exports/{export}/content`: the file.

use axum::{extract::State, http::header, response::IntoResponse};
use domain::{AuditEvent, EventKind, Feature, Permission, Target, kind};
use ports::Bucket;
use store::Change;
use web::{Access, Caller, Endpoint, PathId, Problem};

use crate::export::{ExportError, ExportRecord};

pub(crate) const ENDPOINT: Endpoint =
    Endpoint::get("/v1/audit/exports/{export}/content", Access::Requires(Permission::AuditExport))
        .summary("Download an export of the audit log; each download is recorded")
        .with(Feature::AuditRead)
        .audited(&[EventKind::AuditExported]);

pub(crate) async fn handle(
    State(state): State<crate::State>,
    caller: Caller,
    PathId(export): PathId<kind::Export>,
) -> Result<impl IntoResponse, Problem> {
    let record = caller.data.get::<ExportRecord>(&export.to_string()).await?.document;
    let event = AuditEvent::new(EventKind::AuditExported, Target::new("export", export))
        .with("downloaded", true);
    caller.commit(Change::new(event)).await?;
    let name = record.blob(caller.data.tenant());
    let blob = state.ports.blobs.get(Bucket::Exports, &name).await.map_err(ExportError::from)?;
    let blob = blob.ok_or_else(Problem::not_found)?;
    let file = format!("attachment; filename=\"{}\"", record.file());
    let media_type = record.format.media_type().to_owned();
    let headers = [(header::CONTENT_TYPE, media_type), (header::CONTENT_DISPOSITION, file)];
    Ok((headers, blob.bytes))
}
