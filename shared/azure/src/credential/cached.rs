//! Keeps tokens: the SDK's developer credential runs `az`, a second each time, for every token.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use azure_core::{
    Result,
    credentials::{AccessToken, TokenCredential, TokenRequestOptions},
    time::{Duration, OffsetDateTime},
};
use tokio::sync::Mutex;

/// A token is asked for anew this long before it expires, as the SDK's other credentials do.
const EARLY: Duration = Duration::minutes(5);

/// A credential that asks another one only when it must.
#[derive(Debug)]
pub(super) struct Cached<C> {
    inner: Arc<C>,
    tokens: Mutex<BTreeMap<String, AccessToken>>,
}

impl<C> Cached<C> {
    pub(super) fn over(inner: Arc<C>) -> Self {
        Self { inner, tokens: Mutex::new(BTreeMap::new()) }
    }
}

#[async_trait]
impl<C: TokenCredential> TokenCredential for Cached<C> {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> Result<AccessToken> {
        let mut tokens = self.tokens.lock().await;
        let scope = scopes.join(" ");
        if let Some(token) = tokens.get(&scope)
            && token.expires_on > OffsetDateTime::now_utc() + EARLY
        {
            return Ok(token.clone());
        }
        let token = self.inner.get_token(scopes, options).await?;
        tokens.insert(scope, token.clone());
        Ok(token)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// Its tokens live for some minutes, and it counts them.
    #[derive(Debug)]
    struct Counting(i64, AtomicU32);

    #[async_trait]
    impl TokenCredential for Counting {
        async fn get_token(
            &self,
            _: &[&str],
            _: Option<TokenRequestOptions<'_>>,
        ) -> Result<AccessToken> {
            let number = self.1.fetch_add(1, Ordering::SeqCst);
            let expires = OffsetDateTime::now_utc() + Duration::minutes(self.0);
            Ok(AccessToken::new(number.to_string(), expires))
        }
    }

    async fn tokens(minutes: i64, scopes: [&str; 3]) -> Vec<String> {
        let cached = Cached::over(Arc::new(Counting(minutes, AtomicU32::new(0))));
        let mut tokens = Vec::new();
        for scope in scopes {
            tokens.push(cached.get_token(&[scope], None).await.unwrap().token.secret().to_owned());
        }
        tokens
    }

    #[tokio::test]
    async fn a_token_is_kept_for_its_scope_until_it_is_about_to_expire() {
        assert_eq!(tokens(60, ["a", "a", "b"]).await, ["0", "0", "1"]);
        assert_eq!(tokens(4, ["a", "a", "a"]).await, ["0", "1", "2"]);
    }
}
