//! `GET /v1/audit/retention/preview`: what a purge would remove today.

use std::ops::Range;

use axum::{Json, extract::State};
use domain::{
    AuditEvent, EventKind, Permission, Target, Timestamp,
    hold::{Hold, protects},
    retention::{RetentionChoice, limit, months},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{
    Change, Partition, log,
    retention::{holds, purges},
};
use web::{Access, Caller, Endpoint, Problem, Selection};

use crate::{list_events::in_epoch, retention};

pub(crate) const ENDPOINT: Endpoint =
    Endpoint::get("/v1/audit/retention/preview", Access::Requires(Permission::AuditRead))
        .summary(
            "What a purge would remove today, with the time that is chosen or with another one",
        )
        .audited(&[EventKind::PurgePreviewed])
        .query::<Query>()
        .response::<Response>()
        .problems(&["invalid-filter"]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    /// In this epoch of the log; without it, in the first one that has rows which are over their time.
    epoch: Option<u64>,
    /// As if the log was kept for so many months.
    months: Option<u32>,
}

#[derive(JsonSchema, Serialize)]
pub(crate) struct Response {
    /// For how many months rows are kept.
    months: u32,
    /// Rows that were sealed before this are over their time.
    #[schemars(with = "String")]
    before: Timestamp,
    /// The epoch of the log whose rows these are.
    epoch: u64,
    /// How many rows are over their time, and were not purged before.
    rows: u64,
    /// How many of those are under a legal hold, and stay.
    held: u64,
    /// The first of them.
    from: u64,
    /// The row after the last of them.
    to: u64,
}

pub(crate) async fn handle(
    State(state): State<crate::State>,
    caller: Caller,
    Selection(query): Selection<Query>,
) -> Result<Json<Response>, Problem> {
    let chosen = retention::choice(&caller.data).await?;
    let chosen = chosen.map(|found| found.document.choice).unwrap_or_default();
    let choice = query.months.map_or(chosen, |months| RetentionChoice { months: Some(months) });
    let months = months(&caller.tenant.entitlements(), &choice);
    let before = limit(caller.now, months);
    let event =
        AuditEvent::new(EventKind::PurgePreviewed, Target::new("log", caller.data.tenant()));
    caller.commit(Change::new(event.with("months", months))).await?;
    let log = state.log(&caller.data).await?;
    let (epoch, rows) = over(&log, query.epoch, before).await?;
    let holds = holds(&caller.data).await?;
    let held = held(&holds, epoch, rows.clone());
    let Range { start: from, end: to } = rows;
    Ok(Json(Response { months, before, epoch, rows: to - from, held, from, to }))
}

/// The rows that were sealed before `before` and were not purged: of the epoch that is asked for, or of the first one that has such rows.
async fn over(
    log: &Partition,
    asked: Option<u64>,
    before: Timestamp,
) -> Result<(u64, Range<u64>), Problem> {
    let current = log.epoch();
    let first = in_epoch(log.clone(), asked)?.epoch();
    let purged = purges(&log.in_own_shards()).await?;
    for epoch in if asked.is_some() { first..first + 1 } else { 0..current + 1 } {
        let log = log.in_epoch(epoch);
        let size = log::head(&log).await?.tree.size();
        let mut done = purged.iter().map(|found| &found.document.0).filter(|plan| plan.is_done());
        let from = done.find(|plan| plan.epoch == epoch).map_or(1, |plan| plan.to);
        let to = log::first_since(&log, before, size).await?;
        // What ends an epoch stays.
        let to = if epoch < current { to.min(size.saturating_sub(1)) } else { to };
        if to > from || epoch == first {
            return Ok((epoch, from..to.max(from)));
        }
    }
    Ok((current, 1..1))
}

/// How many rows of the range are held. Counted by the ends of holds, not row by row.
fn held(holds: &[Hold], epoch: u64, Range { start: from, end: to }: Range<u64>) -> u64 {
    let active = holds.iter().filter(|hold| hold.is_active()).map(|hold| hold.rows_in(epoch));
    let ends = active.flat_map(|rows| [rows.start, rows.end]);
    let mut ends: Vec<_> = ends.map(|end| end.clamp(from, to)).chain([from, to]).collect();
    ends.sort_unstable();
    ends.dedup();
    let pieces = ends.iter().zip(ends.iter().skip(1));
    pieces
        .filter(|(start, _)| protects(holds, epoch, **start))
        .map(|(start, end)| end - start)
        .sum()
}

#[cfg(test)]
mod tests {
    use domain::{HoldId, UserId};

    use super::*;

    fn hold(from: u64, to: Option<u64>) -> Hold {
        let (id, by) = (HoldId::from_u128(1), UserId::from_u128(1));
        Hold::set(id, (from, to), "case", by, Timestamp::default()).unwrap()
    }

    #[test]
    fn held_rows_are_counted_once() {
        for holds in [
            vec![],
            vec![hold(5, Some(8))],
            vec![hold(5, Some(8)), hold(7, Some(12))],
            vec![hold(0, Some(3)), hold(15, None)],
            vec![hold(30, None)],
            vec![hold(5, Some(8)).release(Timestamp::default()).unwrap()],
        ] {
            let one_by_one = (1..20).filter(|seq| protects(&holds, 0, *seq)).count() as u64;
            assert_eq!(held(&holds, 0, 1..20), one_by_one, "{holds:?}");
        }
    }
}
