//! `POST /v1/audit/purges/{purge}/acknowledgement`: agrees to a purge before its notice is over.

use axum::{Json, extract::State};
use domain::{AuditEvent, EventKind, Permission, Target, kind};
use store::{Change, retention::Acknowledgement};
use web::{Access, Caller, Endpoint, PathId, Problem};

use crate::retention::{self, PurgeView};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/audit/purges/{purge}/acknowledgement",
    Access::Requires(Permission::RetentionWrite),
    &[EventKind::PurgeAcknowledged],
)
.success(200)
.summary("Agree to a purge before its notice is over")
.response::<PurgeView>()
.problems(&["exists"]);

pub(crate) async fn handle(
    State(state): State<crate::State>,
    caller: Caller,
    PathId(purge): PathId<kind::Purge>,
) -> Result<Json<PurgeView>, Problem> {
    let purges = retention::purges(&caller.data).await?;
    let plan = purges.into_iter().find(|plan| plan.purge == purge);
    let plan = plan.ok_or_else(Problem::not_found)?;
    let event = AuditEvent::new(EventKind::PurgeAcknowledged, Target::new("purge", purge))
        .with("epoch", plan.epoch)
        .with("from", plan.from)
        .with("to", plan.to);
    let acknowledgement = Acknowledgement { purge, by: caller.user, at: caller.now };
    caller.commit(Change::new(event).create(&acknowledgement)).await?;
    state.wake_purge(caller.data.tenant()).await;
    Ok(Json(retention::view(&state, &caller, plan).await?))
}
