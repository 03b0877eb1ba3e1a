//! `GET /.well-known/proofline-keys.json`: every key that others verify with, signed by the root key.
//!
//! Whoever inspects a log pins keys that he got by another way than the log. This is one way: it serves him who knows the root key's thumbprint
//! from an enrolment token, a contract or a colleague, and nobody else.

use axum::{Json, extract::State, http::header::CACHE_CONTROL, response::IntoResponse};
use protocol::routes::KeysAnswer;
use web::{Access, Endpoint, Problem, Visitor};

use crate::RunsState;

pub(crate) const ENDPOINT: Endpoint =
    Endpoint::get("/.well-known/proofline-keys.json", Access::Public("public keys"))
        .summary("The keys of the log, its exports, the directory of logs and all else that others verify, signed by the root key (DSSE)")
        .response::<serde_json::Value>();

pub(crate) async fn handle(
    State(state): State<RunsState>,
    visitor: Visitor,
) -> Result<impl IntoResponse, Problem> {
    let keyset = state.keyset.current(visitor.now).await?;
    let answer = KeysAnswer { keyset, root_jwk: state.keyset.root_jwk() };
    Ok(([(CACHE_CONTROL, "max-age=60")], Json(answer)))
}
