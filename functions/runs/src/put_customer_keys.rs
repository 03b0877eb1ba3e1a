//! `PUT /v1/customer-keys`: the customer says whose signatures count.

use axum::Json;
use domain::{EventKind, Permission};
use store::{Change, Found};
use web::{Access, Caller, Endpoint, Input, Problem};

use crate::{
    customer_keys::{CustomerKeys, KeySelection},
    read_customer_keys::Response,
};

pub(crate) const ENDPOINT: Endpoint = Endpoint::put(
    "/v1/customer-keys",
    Access::Requires(Permission::CustomerKeyWrite),
    &[EventKind::CustomerKeysChanged],
)
.summary("Register the customer's public keys: the authority that certifies Runners, and the procedure signers")
.request::<KeySelection>()
.response::<Response>()
.problems(&["key-unusable", "key-twice", "threshold-invalid", "conflict"]);

pub(crate) async fn handle(
    caller: Caller,
    Input(keys): Input<KeySelection>,
) -> Result<Json<Response>, Problem> {
    let before = caller.data.find::<CustomerKeys>(CustomerKeys::ID).await?;
    let version = before.as_ref().map_or(1, |found| found.document.version.saturating_add(1));
    let event = keys.check(caller.data.tenant(), version)?;
    let after = CustomerKeys { version, keys, changed_at: caller.now, changed_by: caller.user };
    let change = match before {
        Some(Found { etag, .. }) => Change::new(event).replace(&after, etag),
        None => Change::new(event).create(&after),
    };
    caller.commit(change).await?;
    Ok(Json(after.into()))
}
