//! `POST /v1/runners/{runner}/revoke`: a Runner's key counts for nothing any more.

use axum::Json;
use domain::{EventKind, Feature, Permission, kind};
use store::{Change, Found};
use web::{Access, Caller, Endpoint, PathId, Problem};

use crate::runners::{Decision, RunnerRecord, RunnerView};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/runners/{runner}/revoke",
    Access::Requires(Permission::RunnerApprove),
    &[EventKind::RunnerRevoked],
)
.summary("Revoke a Runner: nothing that it sends from now on counts")
.with(Feature::Runner)
.success(200)
.response::<RunnerView>()
.problems(&["state-transition", "conflict"]);

pub(crate) async fn handle(
    caller: Caller,
    PathId(runner): PathId<kind::Runner>,
) -> Result<Json<RunnerView>, Problem> {
    let Found { document: record, etag } =
        caller.data.get::<RunnerRecord>(&runner.to_string()).await?;
    let (state, event) = record.state.revoke(runner)?;
    let revoked = Some(Decision { by: caller.user, at: caller.now });
    let record = RunnerRecord { state, revoked, ..record };
    caller.commit(Change::new(event).replace(&record, etag)).await?;
    Ok(Json(record.into()))
}
