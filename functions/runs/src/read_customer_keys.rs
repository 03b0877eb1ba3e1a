//! `GET /v1/customer-keys`: whose signatures count.

use axum::Json;
use domain::{Permission, Timestamp};
use protocol::key::Kid;
use schemars::JsonSchema;
use serde::Serialize;
use web::{Access, Caller, Endpoint, Problem};

use crate::customer_keys::{CustomerKeys, KeySelection};

pub(crate) const ENDPOINT: Endpoint =
    Endpoint::get("/v1/customer-keys", Access::Requires(Permission::RunnerRead))
        .summary("The customer's public keys")
        .response::<Response>();

#[derive(JsonSchema, Serialize)]
pub(crate) struct Response {
    /// Counted from 1.
    version: u32,
    /// The thumbprint of the authority's key.
    #[schemars(with = "String")]
    authority_kid: Kid,
    #[serde(flatten)]
    keys: KeySelection,
    #[schemars(with = "String")]
    changed_at: Timestamp,
}

impl From<CustomerKeys> for Response {
    fn from(registered: CustomerKeys) -> Self {
        let CustomerKeys { version, keys, changed_at, changed_by: _ } = registered;
        Self { version, authority_kid: keys.authority.kid(), keys, changed_at }
    }
}

pub(crate) async fn handle(caller: Caller) -> Result<Json<Response>, Problem> {
    let registered = caller.data.get::<CustomerKeys>(CustomerKeys::ID).await?.document;
    Ok(Json(registered.into()))
}
