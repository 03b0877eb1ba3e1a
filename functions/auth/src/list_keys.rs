//! `GET /.well-known/jwks.json`: the public keys of access tokens (RFC 7517 §5).

use axum::{Json, extract::State, http::header::CACHE_CONTROL, response::IntoResponse};
use protocol::key::Jwk;
use schemars::JsonSchema;
use serde::Serialize;
use web::{Access, Endpoint, Visitor};

use crate::AuthState;

pub(crate) const ENDPOINT: Endpoint =
    Endpoint::get("/.well-known/jwks.json", Access::Public("public keys"))
        .summary("The public keys that access tokens are verified with")
        .response::<Response>();

#[derive(JsonSchema, Serialize)]
pub(crate) struct Response {
    keys: Vec<PublicJwk>,
}

#[derive(JsonSchema, Serialize)]
struct PublicJwk {
    /// RFC 7638 thumbprint.
    kid: String,
    /// `ES256`.
    alg: &'static str,
    /// `sig`.
    r#use: &'static str,
    #[serde(flatten)]
    #[schemars(with = "std::collections::BTreeMap<String, String>")]
    jwk: Jwk,
}

pub(crate) async fn handle(State(state): State<AuthState>, visitor: Visitor) -> impl IntoResponse {
    let published = state.signing.published(visitor.now).await.into_iter();
    let key = |jwk: Jwk| PublicJwk { kid: jwk.kid().to_string(), alg: "ES256", r#use: "sig", jwk };
    ([(CACHE_CONTROL, "max-age=300")], Json(Response { keys: published.map(key).collect() }))
}
