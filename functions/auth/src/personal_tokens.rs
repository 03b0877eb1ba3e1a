//! Personal access tokens, for programs of a user: what their endpoints share.

pub(crate) mod issue;
pub(crate) mod list;
pub(crate) mod revoke;

use domain::{
    Permission, PersonalTokenId, Timestamp,
    auth::{Epochs, PersonalToken},
};
use schemars::JsonSchema;
use serde::Serialize;
use store::Guard;
use web::{Caller, Problem};

use crate::AuthState;

#[derive(JsonSchema, Serialize)]
pub(crate) struct View {
    #[schemars(with = "String")]
    token: PersonalTokenId,
    name: String,
    #[schemars(with = "Vec<String>")]
    scopes: Vec<Permission>,
    #[schemars(with = "String")]
    created_at: Timestamp,
    #[schemars(with = "String")]
    ends_at: Timestamp,
    /// `active` or `over`.
    state: &'static str,
}

impl View {
    fn of(token: PersonalToken, epochs: Epochs, now: Timestamp) -> Self {
        let state = if token.is_alive(epochs, now) { "active" } else { "over" };
        let PersonalToken { token, name, scopes, created_at, ends_at, .. } = token;
        Self { token, name, scopes, created_at, ends_at, state }
    }
}

const fn epochs(state: &AuthState, guard: &Guard) -> Epochs {
    Epochs { guard: guard.epoch, restore: state.restore_epoch }
}

async fn guard_of(caller: &Caller) -> Result<Guard, Problem> {
    Ok(caller.data.get::<Guard>(&caller.user.to_string()).await?.document)
}
