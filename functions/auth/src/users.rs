//! How a user looks to the administrators of the tenant.

use domain::{Role, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use store::{Guard, Partition};
use web::Problem;

use crate::{AuthState, records::UserRecord};

/// A user.
#[derive(JsonSchema, Serialize)]
pub(crate) struct UserView {
    user: String,
    email: String,
    display_name: String,
    #[schemars(with = "Vec<String>")]
    roles: Vec<Role>,
    /// Roles of the tenant's own.
    custom_roles: Vec<String>,
    /// `pending_mfa`, `active`, `locked` or `disabled`.
    state: &'static str,
    #[schemars(with = "String")]
    created_at: Timestamp,
}

impl UserView {
    /// The user of this guard.
    pub(crate) async fn of(
        state: &AuthState,
        data: &Partition,
        guard: Guard,
    ) -> Result<Self, Problem> {
        let user = data.get::<UserRecord>(&guard.user.to_string()).await?.document;
        Ok(Self {
            user: guard.user.to_string(),
            email: state.open_email(data.tenant(), &user).await?,
            display_name: user.display_name,
            roles: guard.roles,
            custom_roles: guard.custom.iter().map(ToString::to_string).collect(),
            state: guard.state.name(),
            created_at: user.created_at,
        })
    }
}
