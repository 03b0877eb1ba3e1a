//! Who we are to Azure: a managed identity there, whoever is signed in on a developer's machine.
//!
//! One setting chooses; nothing is guessed, so that a service never runs with a person's rights by accident.

mod cached;

use std::sync::Arc;

use azure_core::credentials::TokenCredential;
use azure_identity::{
    DeveloperToolsCredential, ManagedIdentityCredential, ManagedIdentityCredentialOptions,
    UserAssignedId,
};

use cached::Cached;

use crate::{CredentialSettings, OpenError, error::reason, retry::client_options};

/// Gives the credential that `settings` choose. Asks nobody yet: the first use does, and says who refused.
///
/// Tokens are kept until five minutes before they expire.
///
/// # Errors
/// * [`OpenError::Credential`] when what the platform says about the identity's endpoint makes no sense.
pub fn credential(settings: &CredentialSettings) -> Result<Arc<dyn TokenCredential>, OpenError> {
    match settings {
        CredentialSettings::ManagedIdentity(client_id) => managed_identity(client_id.clone()),
        CredentialSettings::Developer => {
            let tools = DeveloperToolsCredential::new(None)
                .map_err(|error| refused("developer tools", &error))?;
            Ok(Arc::new(Cached::over(tools)))
        }
    }
}

/// Where to ask is told by the platform (`IDENTITY_ENDPOINT`, `IDENTITY_HEADER`), which the SDK reads.
fn managed_identity(client_id: Option<String>) -> Result<Arc<dyn TokenCredential>, OpenError> {
    let options = ManagedIdentityCredentialOptions {
        user_assigned_id: client_id.map(UserAssignedId::ClientId),
        client_options: client_options()?,
    };
    let identity = ManagedIdentityCredential::new(Some(options))
        .map_err(|error| refused("managed identity", &error))?;
    Ok(identity)
}

fn refused(what: &str, error: &azure_core::Error) -> OpenError {
    OpenError::Credential { endpoint: what.to_owned(), why: reason(error) }
}
