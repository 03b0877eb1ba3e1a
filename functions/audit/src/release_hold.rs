//! `DELETE /v1/audit/holds/{hold}`: ends a legal hold.

use axum::{Json, extract::State};
use domain::{AuditEvent, EventKind, Permission, Target, hold::Hold, kind};
use store::{Change, Found, retention::HoldRecord};
use web::{Access, Caller, Endpoint, PathId, Problem};

use crate::retention::{self, HoldView};

pub(crate) const ENDPOINT: Endpoint = Endpoint::delete(
    "/v1/audit/holds/{hold}",
    Access::Requires(Permission::HoldWrite),
    &[EventKind::HoldReleased],
)
.while_closing()
.summary(
    "Release a legal hold: its rows are purged with the next purge if they are over their time",
)
.response::<HoldView>()
.problems(&["hold-released", "conflict"]);

pub(crate) async fn handle(
    State(state): State<crate::State>,
    caller: Caller,
    PathId(hold): PathId<kind::Hold>,
) -> Result<Json<HoldView>, Problem> {
    let Found { document: HoldRecord(found), etag } =
        caller.data.get::<HoldRecord>(&hold.to_string()).await?;
    let sought = retention::sought(&state, &caller).await?;
    let released = Hold { released_by: Some(sought), ..found.release(caller.now)? };
    let event = AuditEvent::new(EventKind::HoldReleased, Target::new("hold", hold))
        .with("hold", hold.to_string());
    let change = Change::new(event).replace(&HoldRecord(released.clone()), etag);
    caller.commit_as(sought.event, change).await?;
    Ok(Json(released.into()))
}
