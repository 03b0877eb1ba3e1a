//! `GET /v1/me/tokens`: my personal access tokens.

use axum::{Json, extract::State};
use domain::{Permission, auth::PersonalToken};
use schemars::JsonSchema;
use serde::Serialize;
use store::ListOf;
use web::{Access, Caller, Endpoint, Problem};

use super::{View, epochs, guard_of};
use crate::AuthState;

/// More than anyone keeps track of.
const LISTED_MAX: usize = 200;

pub(crate) const ENDPOINT: Endpoint =
    Endpoint::get("/v1/me/tokens", Access::Requires(Permission::OwnAccount))
        .summary("My personal access tokens, newest first")
        .response::<Listing>();

#[derive(JsonSchema, Serialize)]
pub(crate) struct Listing {
    tokens: Vec<View>,
}

pub(crate) async fn handle(
    State(state): State<AuthState>,
    caller: Caller,
) -> Result<Json<Listing>, Problem> {
    let epochs = epochs(&state, &guard_of(&caller).await?);
    let mine = Some(caller.user.to_string());
    let of = ListOf { k1: mine, descending: true, limit: LISTED_MAX, ..ListOf::default() };
    let listing = caller.data.list::<PersonalToken>(of).await?;
    let tokens = listing.documents.into_iter().map(|found| found.document);
    Ok(Json(Listing { tokens: tokens.map(|token| View::of(token, epochs, caller.now)).collect() }))
}
