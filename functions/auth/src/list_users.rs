//! `GET /v1/users`: the people of the tenant.

use axum::{Json, extract::State};
use domain::{Permission, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Guard, ListOf};
use web::{Access, Caller, Endpoint, Problem, Selection};

use crate::{AuthState, guards, users::UserView};

/// The most on one page.
const PAGE_MAX: usize = 100;

pub(crate) const ENDPOINT: Endpoint = Endpoint::get(
    "/v1/users",
    Access::Requires(Permission::UserRead),
)
.summary("The users of the tenant, oldest first; `after` continues a page, `limit` is at most 100")
.query::<Page>()
.response::<Response>();

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    /// The `next` of the page before.
    #[schemars(with = "Option<String>")]
    after: Option<UserId>,
    /// 1 to 100; 50 unless another is asked for.
    limit: Option<usize>,
}

#[derive(JsonSchema, Serialize)]
pub(crate) struct Response {
    users: Vec<UserView>,
    /// Pass as `after` for the next page.
    next: Option<String>,
}

pub(crate) async fn handle(
    State(state): State<AuthState>,
    caller: Caller,
    Selection(Page { after, limit }): Selection<Page>,
) -> Result<Json<Response>, Problem> {
    let limit = limit.unwrap_or(50).clamp(1, PAGE_MAX);
    let after = after.map(|user| user.to_string());
    let page = caller.data.list::<Guard>(ListOf { after, limit, ..ListOf::default() }).await?;
    let mut users = Vec::with_capacity(page.documents.len());
    for found in page.documents {
        if !guards::is_alone(&caller.data, &found.document).await? {
            users.push(UserView::of(&state, &caller.data, found.document).await?);
        }
    }
    Ok(Json(Response { users, next: page.next }))
}
