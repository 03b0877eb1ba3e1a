//! `POST /v1/procedures/versions/{digest}/withdraw`: a version may no longer be executed.

use axum::{Json, extract::State};
use domain::{AuditEvent, EventKind, Feature, Permission, Target};
use protocol::Digest;
use store::{Change, Found};
use web::{Access, Caller, Endpoint, PathPart, Problem};

use crate::{
    RunsState,
    procedures::{VersionError, VersionRecord, VersionView, Withdrawal},
};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/procedures/versions/{digest}/withdraw",
    Access::Requires(Permission::ProcedurePublish),
    &[EventKind::VersionWithdrawn],
)
.summary("Withdraw a version: Runners get it no more, and runs of it are rejected")
.with(Feature::Runner)
.success(200)
.response::<VersionView>()
.problems(&["version-withdrawn", "conflict"]);

pub(crate) async fn handle(
    State(state): State<RunsState>,
    caller: Caller,
    PathPart(digest): PathPart<Digest>,
) -> Result<Json<VersionView>, Problem> {
    let Found { document: record, etag } =
        caller.data.get::<VersionRecord>(&VersionRecord::id_of(&digest)).await?;
    if record.withdrawn.is_some() {
        return Err(VersionError::Withdrawn.into());
    }
    let record =
        VersionRecord { withdrawn: Some(Withdrawal { by: caller.user, at: caller.now }), ..record };
    let target = Target::new("procedure_version", record.version);
    let event =
        AuditEvent::new(EventKind::VersionWithdrawn, target).with("digest", digest.to_string());
    caller.commit(Change::new(event).replace(&record, etag)).await?;
    state.versions.forget(caller.data.tenant(), &digest);
    Ok(Json(VersionView::from(&record)))
}
