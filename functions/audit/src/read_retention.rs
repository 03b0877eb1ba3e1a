//! `GET /v1/audit/retention`: how long the tenant's log is kept.

use axum::Json;
use domain::Permission;
use web::{Access, Caller, Endpoint, Problem};

use crate::retention::{self, Retention};

pub(crate) const ENDPOINT: Endpoint =
    Endpoint::get("/v1/audit/retention", Access::Requires(Permission::AuditRead))
        .summary("How long the audit log is kept")
        .response::<Retention>();

pub(crate) async fn handle(caller: Caller) -> Result<Json<Retention>, Problem> {
    let choice = retention::choice(&caller.data).await?;
    let choice = choice.map(|found| found.document.choice).unwrap_or_default();
    Ok(Json(Retention::of(&caller, &choice)))
}
