//! `bicep/generated/`: what Bicep deploys because the tables of `ports` say so, shaped for `loadJsonContent` and one loop for each list.
//!
//! Names that only a deployment knows (subscription, accounts) are left to Bicep. `bicep/README.md` says what the fields mean.

mod definitions;
mod resources;
mod roles;

use super::{Files, apps::pretty};

pub(super) use definitions::data_action;

/// The database. Its name is a part of the scopes of role assignments.
const DATABASE: &str = "proofline";

pub(super) fn files() -> anyhow::Result<Files> {
    Ok(Files::from([
        ("bicep/generated/roles.json".to_owned(), pretty(&roles::roles())?),
        ("bicep/generated/resources.json".to_owned(), pretty(&resources::resources())?),
    ]))
}
