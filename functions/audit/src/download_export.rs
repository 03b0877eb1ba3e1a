//! `GET /v1/audit/exports/{export}/content`: the file.

use axum::{body::Body, extract::State, http::header, response::IntoResponse};
use domain::{AuditEvent, EventKind, Feature, Permission, Target, TenantState, kind};
use futures::stream;
use ports::{BlobError, Bucket};
use schemars::JsonSchema;
use store::Change;
use web::{Access, Caller, Endpoint, PathId, Problem, not_entitled};

use crate::{
    disclosing,
    export::{ExportError, ExportRecord},
};

pub(crate) const ENDPOINT: Endpoint =
    Endpoint::get("/v1/audit/exports/{export}/content", Access::Requires(Permission::AuditExport))
        .summary("Download an export of the audit log; each download is recorded")
        .audited(&[EventKind::AuditExported])
        .response::<File>()
        .gives(&["application/zip", "text/csv", "application/x-ndjson"])
        .problems(&["entitlement-required", "export-withdrawn"]);

/// What is read at a time.
const PIECE_BYTES: u64 = 4 << 20;

/// The file, in the form that the export was asked for in: a bundle, a table, or one JSON object a line.
#[derive(JsonSchema)]
#[schemars(transparent, example = &"as it was exported")]
#[expect(dead_code, reason = "described, never made")]
struct File(String);

pub(crate) async fn handle(
    State(state): State<crate::State>,
    caller: Caller,
    PathId(export): PathId<kind::Export>,
) -> Result<impl IntoResponse, Problem> {
    let record = caller.data.get::<ExportRecord>(&export.to_string()).await?.document;
    require_entitled(&caller, &record)?;
    disclosing::require_shown(&caller, &record).await?;
    let event = AuditEvent::new(EventKind::AuditExported, Target::new("export", export))
        .with("downloaded", true);
    caller.commit(Change::new(event)).await?;
    let name = record.blob(caller.data.tenant());
    let first = piece(&state, &name, 0).await.map_err(ExportError::from)?;
    let first = first.ok_or_else(Problem::not_found)?;
    let headers = [
        (header::CONTENT_TYPE, record.format.media_type().to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", record.file())),
        (header::CONTENT_LENGTH, record.bytes.to_string()),
    ];
    Ok((headers, pieces(state, name, first)))
}

/// What is about to be purged can be taken along in every plan, and so can everything by whoever is leaving (mission §3.1).
fn require_entitled(caller: &Caller, record: &ExportRecord) -> Result<(), Problem> {
    if record.by.is_none() || caller.tenant.state == TenantState::Closing {
        return Ok(());
    }
    caller.tenant.entitlements().require(Feature::AuditRead).map_err(|error| not_entitled(&error))
}

/// The file, a piece in memory at a time. What breaks off is shorter than was announced, so that whoever downloads it can tell.
fn pieces(state: crate::State, name: String, first: Vec<u8>) -> Body {
    let next = move |(at, ready): (u64, Option<Vec<u8>>)| {
        let (state, name) = (state.clone(), name.clone());
        async move {
            let bytes = match ready {
                Some(bytes) => bytes,
                None => piece(&state, &name, at).await?.unwrap_or_default(),
            };
            let after = at + bytes.len() as u64;
            Ok::<_, BlobError>((!bytes.is_empty()).then_some((bytes, (after, None))))
        }
    };
    Body::from_stream(stream::try_unfold((0, Some(first)), next))
}

async fn piece(state: &crate::State, name: &str, at: u64) -> Result<Option<Vec<u8>>, BlobError> {
    state.ports.blobs.get_range(Bucket::Exports, name, at..at + PIECE_BYTES).await
}
