//! `GET /v1/audit/events`: rows as they are, found by who, what, to what, when and how it ended.

use std::ops::Range;

use axum::{Json, extract::State};
use domain::{AuditEvent, AuditFilter, EventKind, Feature, FilterError, Permission, Target};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use store::{Change, Partition, StoreError, log};
use web::{Access, Caller, Endpoint, Problem, Selection};

use crate::{
    filters::Filters,
    projection,
    search::{self, Found, Order, Wanted},
};

pub(crate) const ENDPOINT: Endpoint =
    Endpoint::get("/v1/audit/events", Access::Requires(Permission::AuditRead))
        .summary("Read rows of the audit log; reading is itself recorded. Filters: action (or its beginning up to and with a dot), actor, actor_kind, target, target_kind, outcome, from, to (RFC 3339, when it was sealed); order is oldest or newest; cursor continues a page; limit is at most 200; epoch is one that the log had before it began again")
        .with(Feature::AuditRead)
        .audited(&[EventKind::AuditViewed])
        .query::<Query>()
        .response::<Response>()
        .problems(&["invalid-filter"]);

/// Rows in one answer.
const ROWS_MAX: u64 = 200;
/// Rows in one answer, unless the caller says how many.
const ROWS: u64 = 50;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    /// The name of an event, or its beginning up to and with a dot.
    action: Option<String>,
    /// Who acted: an identifier.
    actor: Option<String>,
    /// `user`, `operator`, `runner`, `system` or `anonymous`.
    actor_kind: Option<String>,
    /// Sealed then or later (RFC 3339, in UTC).
    from: Option<String>,
    /// `ok`, `denied` or `failed`.
    outcome: Option<String>,
    /// To what it was done: an identifier.
    target: Option<String>,
    /// Of what kind that is, such as `user` or `runner`.
    target_kind: Option<String>,
    /// Sealed before then (RFC 3339, in UTC).
    to: Option<String>,
    /// `oldest` first, unless it says `newest`.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    order: Order,
    /// The `next` of the page before.
    cursor: Option<u64>,
    /// 1 to 200; 50 unless another is asked for.
    limit: Option<u64>,
    /// An epoch that the log had before it began again; the current one unless it says so.
    epoch: Option<u64>,
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
    /// How many of them the projection covers by which rows are found. Later ones are read from the log itself, so that none is left out.
    watermark: u64,
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
    State(state): State<crate::State>,
    caller: Caller,
    Selection(query): Selection<Query>,
) -> Result<Json<Response>, Problem> {
    let (order, cursor, epoch) = (query.order, query.cursor, query.epoch);
    let limit = limit(query.limit)?;
    let filters = query.filters();
    let (filter, keys) = (filters.parse()?, filters.keys());
    caller.commit(Change::new(viewed(&caller, &filter))).await?;
    let data = in_epoch(state.log(&caller.data).await?, epoch)?;
    let size = log::head(&data).await?.tree.size();
    let mut left = search::span(&data, &filter, size).await?;
    match (order, cursor) {
        (Order::Oldest, Some(cursor)) => left.start = left.start.max(cursor),
        (Order::Newest, Some(cursor)) => left.end = left.end.min(cursor.saturating_add(1)),
        (Order::Oldest | Order::Newest, None) => {}
    }
    let wanted = Wanted { filter, keys, order, limit };
    let (found, watermark) = find(&state, &data, wanted, left, size).await?;
    let rows = found.rows.into_iter().map(view).collect::<Result<_, _>>()?;
    Ok(Json(Response { rows, next: found.next, scanned_to: found.scanned_to, size, watermark }))
}

/// What fits, and how many rows the projection was trusted with. One that is not as the log says is trusted with none.
async fn find(
    state: &crate::State,
    log: &Partition,
    wanted: Wanted,
    left: Range<u64>,
    size: u64,
) -> Result<(Found, u64), StoreError> {
    let (blobs, watermark) = (&*state.ports.blobs, projection::watermark(log).await?);
    if watermark <= size
        && let Some(found) = search::find(blobs, log, &wanted, left.clone(), watermark).await?
    {
        return Ok((found, watermark));
    }
    projection::distrust(log).await?;
    let wanted = Wanted { keys: None, ..wanted };
    let found = search::find(blobs, log, &wanted, left, 0).await?;
    found.map(|found| (found, 0)).ok_or_else(|| StoreError::Unavailable("no answer".to_owned()))
}

impl Query {
    fn filters(self) -> Filters {
        let Self { action, actor, actor_kind, from, outcome, target, target_kind, to, .. } = self;
        Filters { action, actor, actor_kind, from, outcome, target, target_kind, to }
    }
}

/// The log in the epoch that was asked for: the current one, or one before it.
pub(crate) fn in_epoch(log: Partition, epoch: Option<u64>) -> Result<Partition, FilterError> {
    match epoch {
        None => Ok(log),
        Some(epoch) if epoch <= log.epoch() => Ok(log.in_epoch(epoch)),
        Some(_) => Err(FilterError { parameter: "epoch", expected: "one that the log has had" }),
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
