//! `GET /v1/audit/events`: rows as they are, by number.

use axum::Json;
use domain::{AuditEvent, EventKind, Feature, Permission, Target};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use store::{Change, log};
use web::{Access, Caller, Endpoint, Problem, Selection};

pub(crate) const ENDPOINT: Endpoint =
    Endpoint::get("/v1/audit/events", Access::Requires(Permission::AuditRead))
        .summary("Read rows of the audit log, in order; reading is itself recorded")
        .with(Feature::AuditRead)
        .audited(&[EventKind::AuditViewed])
        .response::<Response>();

/// Rows in one answer.
const ROWS_MAX: u64 = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    /// The first row.
    #[serde(default)]
    from: u64,
    /// How many rows, at most 200.
    limit: Option<u64>,
}

#[derive(JsonSchema, Serialize)]
pub(crate) struct Response {
    /// The rows, each with its hash.
    rows: Vec<RowView>,
    /// Pass as `from` for the next rows.
    next: Option<u64>,
    /// How many rows the log has.
    size: u64,
}

#[derive(JsonSchema, Serialize)]
struct RowView {
    /// SHA-256 of 0x00 and the row's bytes: its leaf hash (RFC 6962), in hexadecimal.
    hash: String,
    /// The row.
    #[schemars(with = "serde_json::Value")]
    row: Box<RawValue>,
}

pub(crate) async fn handle(
    caller: Caller,
    Selection(query): Selection<Query>,
) -> Result<Json<Response>, Problem> {
    let event = AuditEvent::new(EventKind::AuditViewed, Target::new("log", caller.data.tenant()))
        .with("from", query.from);
    caller.commit(Change::new(event)).await?;
    let size = log::head(&caller.data).await?.tree.size();
    let until = query.from.saturating_add(query.limit.unwrap_or(50).clamp(1, ROWS_MAX)).min(size);
    let rows = crate::export::rows(&caller.data, query.from..until).await?;
    let next = (until < size).then_some(until);
    Ok(Json(Response { rows: rows.into_iter().map(view).collect::<Result<_, _>>()?, next, size }))
}

fn view(row: String) -> Result<RowView, Problem> {
    let hash = chain::tree::leaf_hash(row.as_bytes()).to_string();
    let row = RawValue::from_string(row).map_err(|error| Problem::internal(&error))?;
    Ok(RowView { hash, row })
}
