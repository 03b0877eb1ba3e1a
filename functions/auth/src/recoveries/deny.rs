//! `POST /v1/recoveries/{recovery}/deny`: refuses a recovery.

use axum::Json;
use domain::{EventKind, Permission, kind};
use store::Found;
use web::{Access, Caller, Endpoint, PathId, Problem};

use super::{Listed, write};
use crate::records::RecoveryRecord;

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/recoveries/{recovery}/deny",
    Access::Requires(Permission::MfaResetApprove),
    &[EventKind::MfaResetApproved],
)
.summary("Refuse a recovery")
.success(200)
.response::<Listed>()
.problems(&["recovery-not-open", "conflict"]);

pub(crate) async fn handle(
    caller: Caller,
    PathId(id): PathId<kind::Recovery>,
) -> Result<Json<Listed>, Problem> {
    let Found { document: RecoveryRecord(recovery), etag } =
        caller.data.get::<RecoveryRecord>(&id.to_string()).await?;
    let denied = recovery.deny(caller.user, caller.now)?;
    Ok(Json(write(&caller, denied, etag).await?.into()))
}
