//! Tokens straight from the issuer, for what the site does itself.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use azure_core::{
    Error, Result,
    credentials::{AccessToken, TokenCredential, TokenRequestOptions},
    error::ErrorKind,
    time::OffsetDateTime,
};
use ports::Identity;

use crate::identity::{Tokens, Trouble, client_id};

/// The credential of whoever deploys.
pub(super) struct Issued(pub(super) Arc<Tokens>);

impl fmt::Debug for Issued {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Issued")
    }
}

#[async_trait]
impl TokenCredential for Issued {
    async fn get_token(
        &self,
        scopes: &[&str],
        _: Option<TokenRequestOptions<'_>>,
    ) -> Result<AccessToken> {
        let scope = scopes.first().copied().unwrap_or_default();
        let resource = scope.trim_end_matches("/.default");
        let (token, expires_on) = self
            .0
            .issue(client_id(Identity::Audit), resource, Trouble::None)
            .map_err(|error| Error::with_message(ErrorKind::Credential, error.to_string()))?;
        let expires_on = OffsetDateTime::from_unix_timestamp(expires_on)
            .map_err(|error| Error::new(ErrorKind::Credential, error))?;
        Ok(AccessToken::new(token, expires_on))
    }
}
