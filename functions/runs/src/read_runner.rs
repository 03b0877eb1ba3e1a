//! `GET /v1/runners/{runner}`: one Runner, with the words to compare.

use axum::Json;
use domain::{Feature, Permission, kind};
use web::{Access, Caller, Endpoint, PathId, Problem};

use crate::runners::{RunnerRecord, RunnerView};

pub(crate) const ENDPOINT: Endpoint =
    Endpoint::get("/v1/runners/{runner}", Access::Requires(Permission::RunnerRead))
        .summary("One Runner, with the six words to compare before it is approved")
        .with(Feature::Runner)
        .response::<RunnerView>();

pub(crate) async fn handle(
    caller: Caller,
    PathId(runner): PathId<kind::Runner>,
) -> Result<Json<RunnerView>, Problem> {
    Ok(Json(caller.data.get::<RunnerRecord>(&runner.to_string()).await?.document.into()))
}
