//! `GET /v1/audit/verifications/{verification}`: what a verification found.

use axum::Json;
use domain::{Feature, Permission, kind};
use web::{Access, Caller, Endpoint, PathId, Problem};

use crate::verification::VerificationRecord;

pub(crate) const ENDPOINT: Endpoint = Endpoint::get(
    "/v1/audit/verifications/{verification}",
    Access::Requires(Permission::AuditRead),
)
.summary("Read what a verification of the log found")
.with(Feature::AuditRead)
.response::<VerificationRecord>();

pub(crate) async fn handle(
    caller: Caller,
    PathId(verification): PathId<kind::Verification>,
) -> Result<Json<VerificationRecord>, Problem> {
    let found = caller.data.get::<VerificationRecord>(&verification.to_string()).await?;
    Ok(Json(found.document))
}
