//! `GET /v1/audit/events`: rows as they are, found by who, what, to what, when and how it ended.

use axum::Json;
use domain::{AuditEvent, AuditFilter, EventKind, Feature, FilterError, Permission, Target};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use store::{Change, log};
use web::{Access, Caller, Endpoint, Problem, Selection};

use crate::{
    filters::Filters,
    search::{self, Order},
};

pub(crate) const ENDPOINT: Endpoint =
    Endpoint::get("/v1/audit/events", Access::Requires(Permission::AuditRead))
        .summary("Read rows of the audit log; reading is itself recorded. Filters: action (or its beginning up to and with a dot), actor, actor_kind, target, target_kind, outcome, from, to (RFC 3339, when it was sealed); order is oldest or newest; cursor continues a page; limit is at most 200")
        .with(Feature::AuditRead)
        .audited(&[EventKind::AuditViewed])
        .response::<Response>()
        .problems(&["invalid-filter"]);

/// Rows in one answer.
const ROWS_MAX: u64 = 200;
/// Rows in one answer, unless the caller says how many.
const ROWS: u64 = 50;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    action: Option<String>,
    actor: Option<String>,
    actor_kind: Option<String>,
    from: Option<String>,
    outcome: Option<String>,
    target: Option<String>,
    target_kind: Option<String>,
    to: Option<String>,
    #[serde(default)]
    order: Order,
    cursor: Option<u64>,
    limit: Option<u64>,
}

#[derive(JsonSchema, Serialize)]
pub(crate) struct Response {
    /// The rows that fit, each with its hash.
    rows: Vec<RowView>,
    /// Pass as `cursor` for the next rows, with the same filters and order. There may be some even if this page has none.
    next: Option<u64>,
    /// The last row that was looked at.
    scanned_to: Option<u64>,
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
    let (order, cursor) = (query.order, query.cursor);
    let limit = limit(query.limit)?;
    let filter = query.filters().parse()?;
    caller.commit(Change::new(viewed(&caller, &filter))).await?;
    let size = log::head(&caller.data).await?.tree.size();
    let mut left = search::span(&caller.data, &filter, size).await?;
    match (order, cursor) {
        (Order::Oldest, Some(cursor)) => left.start = left.start.max(cursor),
        (Order::Newest, Some(cursor)) => left.end = left.end.min(cursor.saturating_add(1)),
        (Order::Oldest | Order::Newest, None) => {}
    }
    let found = search::search(&caller.data, &filter, order, left, limit).await?;
    let rows = found.rows.into_iter().map(view).collect::<Result<_, _>>()?;
    Ok(Json(Response { rows, next: found.next, scanned_to: found.scanned_to, size }))
}

impl Query {
    fn filters(self) -> Filters {
        let Self { action, actor, actor_kind, from, outcome, target, target_kind, to, .. } = self;
        Filters { action, actor, actor_kind, from, outcome, target, target_kind, to }
    }
}

fn limit(limit: Option<u64>) -> Result<usize, FilterError> {
    let refused = FilterError { parameter: "limit", expected: "1 to 200" };
    let limit = limit.unwrap_or(ROWS);
    if (1..=ROWS_MAX).contains(&limit) {
        usize::try_from(limit).map_err(|_| refused)
    } else {
        Err(refused)
    }
}

/// That the log was read, and by what; never what was looked for, which may name a person.
fn viewed(caller: &Caller, filter: &AuditFilter) -> AuditEvent {
    let event = AuditEvent::new(EventKind::AuditViewed, Target::new("log", caller.data.tenant()));
    event.with("filters", filter.names())
}

fn view(row: String) -> Result<RowView, Problem> {
    let hash = chain::tree::leaf_hash(row.as_bytes()).to_string();
    let row = RawValue::from_string(row).map_err(|error| Problem::internal(&error))?;
    Ok(RowView { hash, row })
}
