//! `GET /v1/platform/tenants`: the tenants that there are.

use axum::{Json, extract::State};
use domain::{Permission, TenantId, TenantKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{ListOf, TenantRecord};
use web::{Access, Caller, Endpoint, Problem, Selection};

use crate::{AuthState, tenant_entries::TenantEntry, tenants::TenantView};

/// Tenants on one page: each is a point read in a partition of its own.
const PAGE_MAX: usize = 100;

pub(crate) const ENDPOINT: Endpoint =
    Endpoint::get("/v1/platform/tenants", Access::Requires(Permission::PlatformRead))
        .summary("The customers' tenants, oldest first")
        .query::<Query>()
        .response::<Response>();

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    /// Continues after this tenant: `next` of the page before.
    #[schemars(with = "Option<String>")]
    after: Option<TenantId>,
    /// 1 to 100; 50 unless another is asked for.
    limit: Option<u16>,
}

#[derive(JsonSchema, Serialize)]
pub(crate) struct Response {
    tenants: Vec<TenantView>,
    /// Continues the list, if it goes on.
    #[schemars(with = "Option<String>")]
    next: Option<TenantId>,
}

pub(crate) async fn handle(
    State(state): State<AuthState>,
    caller: Caller,
    Selection(Query { after, limit }): Selection<Query>,
) -> Result<Json<Response>, Problem> {
    if caller.tenant.kind != TenantKind::Platform {
        return Err(Problem::not_found());
    }
    let limit = usize::from(limit.unwrap_or(50)).clamp(1, PAGE_MAX);
    let of = ListOf { after: after.map(TenantEntry::id_of), limit, ..ListOf::default() };
    let page = state.data(TenantId::SYSTEM).list::<TenantEntry>(of).await?;
    let entries: Vec<_> = page.documents.into_iter().map(|found| found.document).collect();
    let next = page.next.and_then(|_| entries.last()).map(|entry| entry.tenant);
    let mut tenants = Vec::with_capacity(entries.len());
    for entry in entries.iter().filter(|entry| entry.kind == TenantKind::Customer) {
        let found = state.data(entry.tenant).find::<TenantRecord>(TenantRecord::ID).await?;
        tenants.extend(found.map(|found| TenantView::from(found.document)));
    }
    Ok(Json(Response { tenants, next }))
}
