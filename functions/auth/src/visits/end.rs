//! `POST /v1/platform/tenants/{tenant}/visits/{visit}/end`: an operator ends a visit of their own.

use axum::{Json, extract::State};
use domain::{EventKind, Permission, TenantId, VisitId};
use store::{Change, Found, VisitRecord};
use web::{Access, Caller, Endpoint, PathPair, Problem};

use super::{VisitView, own};
use crate::{AuthState, platform_tenants::Elsewhere};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/platform/tenants/{tenant}/visits/{visit}/end",
    Access::Requires(Permission::PlatformImpersonate),
    &[EventKind::ImpersonationEnded],
)
.summary("End one's own visit")
.success(200)
.response::<VisitView>()
.problems(&["state-transition", "conflict"]);

pub(crate) async fn handle(
    State(state): State<AuthState>,
    caller: Caller,
    PathPair(tenant, id): PathPair<TenantId, VisitId>,
) -> Result<Json<VisitView>, Problem> {
    let (elsewhere, _) = Elsewhere::reach(&state, &caller, tenant).await?;
    let Found { document: VisitRecord(visit), etag } = own(&elsewhere, &caller, id).await?;
    let (visit, event) = visit.end("operator")?;
    let stored = VisitRecord(visit.clone());
    elsewhere.commit(&caller, Change::new(event).replace(&stored, etag)).await?;
    Ok(Json(visit.into()))
}
