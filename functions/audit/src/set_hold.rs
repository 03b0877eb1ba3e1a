//! `POST /v1/audit/holds`: rows that nobody may remove.

use axum::{Json, extract::State, http::StatusCode};
use domain::{AuditEvent, EventKind, Permission, Target, hold::Hold};
use schemars::JsonSchema;
use serde::Deserialize;
use store::{Change, retention::HoldRecord};
use web::{Access, Caller, Endpoint, Input, Problem};

use crate::{
    list_events::in_epoch,
    retention::{self, HoldView},
};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/audit/holds",
    Access::Requires(Permission::HoldWrite),
    &[EventKind::HoldSet],
)
.while_closing()
.summary(
    "Put rows under a legal hold: they are neither purged nor are their personal details erased",
)
.request::<Request>()
.response::<HoldView>()
.problems(&["invalid-filter"]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// The epoch of the log whose rows these are; the current one unless it says so.
    epoch: Option<u64>,
    /// The first row.
    from: u64,
    /// The row after the last; without it, every later row as well, those of later epochs among them.
    to: Option<u64>,
    /// Why; at most 500 characters.
    reason: String,
}

pub(crate) async fn handle(
    State(state): State<crate::State>,
    caller: Caller,
    Input(request): Input<Request>,
) -> Result<(StatusCode, Json<HoldView>), Problem> {
    let Request { epoch, from, to, reason } = request;
    let epoch = in_epoch(state.log(&caller.data).await?, epoch)?.epoch();
    let id = state.ports.randomness.id(caller.now);
    let hold = Hold::set(id, (from, to), &reason, caller.user, caller.now)?;
    let sought = retention::sought(&state, &caller).await?;
    let hold = Hold { epoch, set_by: Some(sought), ..hold };
    let mut event = AuditEvent::new(EventKind::HoldSet, Target::new("hold", id))
        .with("epoch", epoch)
        .with("from", from)
        .with("hold", id.to_string());
    if let Some(to) = to {
        event = event.with("to", to);
    }
    let change = Change::new(event).create(&HoldRecord(hold.clone()));
    caller.commit_as(sought.event, change).await?;
    Ok((StatusCode::CREATED, Json(hold.into())))
}
