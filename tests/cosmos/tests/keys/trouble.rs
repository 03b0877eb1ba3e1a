//! A vault that throttles, fails, goes away and comes back; tokens that are none.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use azure::{AzureKeys, OpenError};
use azure_core::{
    credentials::{AccessToken, TokenCredential, TokenRequestOptions},
    http::{
        AsyncRawResponse, HttpClient, Request, StatusCode, Transport,
        headers::{Headers, WWW_AUTHENTICATE},
    },
    time::{Duration, OffsetDateTime},
};
use azure_counterparts::{
    identity::{Trouble, client_id},
    vault::alone::Alone,
};
use ports::{Identity, KeyError, KeyPurpose, Keys as _};

use super::MATERIAL;

const PURPOSE: KeyPurpose = KeyPurpose::Receipt;

/// What `Unavailable` says.
fn why<T: std::fmt::Debug>(result: Result<T, KeyError>) -> String {
    match result {
        Err(KeyError::Unavailable(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_vault_that_throttles_or_fails_for_a_moment_is_asked_again() {
    let alone = Alone::start().await.unwrap();
    let keys = alone.keys(Identity::Runs).unwrap();
    let wrapped = keys.wrap(PURPOSE, &MATERIAL).await.unwrap();
    for status in [429, 500, 503] {
        alone.vault.fail_next(2, status);
        assert!(keys.unwrap(PURPOSE, &wrapped).await.is_ok(), "{status}");
    }
}

#[tokio::test]
async fn a_vault_that_goes_on_failing_is_given_up_soon_and_named() {
    let alone = Alone::start().await.unwrap();
    let keys = alone.keys(Identity::Runs).unwrap();
    let wrapped = keys.wrap(PURPOSE, &MATERIAL).await.unwrap();
    for status in [429, 500] {
        let before = alone.vault.calls().len();
        alone.vault.fail_next(4, status);
        let why = why(keys.unwrap(PURPOSE, &wrapped).await.map(|_| ()));
        assert!(why.starts_with("127.0.0.1:"), "{why}");
        assert!(why.contains("wrap-receipt"), "{why}");
        assert_eq!(alone.vault.calls().len() - before, 4, "tries, the first one included");
        assert!(keys.unwrap(PURPOSE, &wrapped).await.is_ok(), "and it goes on");
    }
}

#[tokio::test]
async fn a_vault_that_comes_back_needs_no_new_client() {
    let mut alone = Alone::start().await.unwrap();
    let keys = alone.keys(Identity::Runs).unwrap();
    let wrapped = keys.wrap(PURPOSE, &MATERIAL).await.unwrap();
    alone.vault.stop().await;
    why(keys.unwrap(PURPOSE, &wrapped).await.map(|_| ()));
    let closed = keys.check().await.unwrap_err();
    assert!(matches!(closed, OpenError::Unavailable { .. }), "{closed}");
    assert!(closed.may_pass());
    alone.vault.start_again().await.unwrap();
    assert!(keys.unwrap(PURPOSE, &wrapped).await.is_ok());
    assert_eq!(keys.check().await, Ok(()));
}

#[tokio::test]
async fn a_token_that_is_expired_or_foreign_is_refused_and_a_good_one_taken_again() {
    let alone = Alone::start().await.unwrap();
    for trouble in
        [Trouble::Expired, Trouble::ForeignAudience, Trouble::ForeignIssuer, Trouble::Fails]
    {
        let issued = alone.issued(client_id(Identity::Runs));
        let keys = alone.keys_as(Identity::Runs, Arc::clone(&issued)).unwrap();
        issued.give(trouble);
        let why = why(keys.wrap(PURPOSE, &MATERIAL).await);
        assert!(why.starts_with("no token that 127.0.0.1:"), "{trouble:?}: {why}");
        let closed = keys.check().await.unwrap_err();
        assert!(matches!(closed, OpenError::Credential { .. }), "{trouble:?}: {closed}");
        issued.give(Trouble::None);
        assert!(keys.wrap(PURPOSE, &MATERIAL).await.is_ok(), "{trouble:?}");
    }
}

/// The client keeps a token; when the vault stops taking it, it asks for another.
#[tokio::test]
async fn a_token_that_was_good_and_expired_is_replaced() {
    let alone = Alone::start().await.unwrap();
    let other = Alone::start().await.unwrap();
    let keys = alone.keys(Identity::Runs).unwrap();
    assert!(keys.wrap(PURPOSE, &MATERIAL).await.is_ok());
    let foreign = alone.keys_as(Identity::Runs, other.issued(client_id(Identity::Runs))).unwrap();
    why(foreign.wrap(PURPOSE, &MATERIAL).await);
    alone.vault.fail_next(1, 401);
    assert!(
        keys.wrap(PURPOSE, &MATERIAL).await.is_err(),
        "a 401 without a challenge ends the call"
    );
    assert!(keys.wrap(PURPOSE, &MATERIAL).await.is_ok());
}

#[tokio::test]
async fn a_key_that_is_gone_is_no_wrong_input() {
    let alone = Alone::start().await.unwrap();
    let keys = alone.keys(Identity::Runs).unwrap();
    let wrapped = keys.wrap(PURPOSE, &MATERIAL).await.unwrap();
    alone.vault.remove_key("wrap-receipt");
    for why in [
        why(keys.unwrap(PURPOSE, &wrapped).await.map(|_| ())),
        why(keys.wrap(PURPOSE, &MATERIAL).await),
    ] {
        assert!(why.contains("has no key wrap-receipt; it is made by the deployment"), "{why}");
    }
}

#[test]
fn a_vault_is_reached_over_https_only() {
    let transport = Transport::new(Arc::new(Impostor));
    let http = "http://127.0.0.1:1/".parse().unwrap();
    let refused =
        AzureKeys::over(&http, Arc::new(Counting::default()), Identity::Runs, transport).err();
    let Some(OpenError::Differs { what, .. }) = refused else { panic!("http is taken") };
    assert_eq!(what, "PROOFLINE_AZURE_VAULT_URL");
}

/// Answers every request with a challenge for somebody else's resource.
#[derive(Debug)]
struct Impostor;

#[async_trait]
impl HttpClient for Impostor {
    async fn execute_request(&self, _: &Request) -> azure_core::Result<AsyncRawResponse> {
        let mut headers = Headers::new();
        let challenge =
            "Bearer authorization=\"https://login.example/t\", resource=\"https://vault.example\"";
        headers.insert(WWW_AUTHENTICATE, challenge);
        Ok(AsyncRawResponse::from_bytes(StatusCode::Unauthorized, headers, ""))
    }
}

#[derive(Debug, Default)]
struct Counting(AtomicUsize);

#[async_trait]
impl TokenCredential for Counting {
    async fn get_token(
        &self,
        _: &[&str],
        _: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(AccessToken::new("token", OffsetDateTime::now_utc() + Duration::hours(1)))
    }
}

/// Who speaks for a vault's name gets no token of ours for another resource; on this machine alone nobody compares.
#[tokio::test]
async fn a_challenge_for_another_resource_gets_no_token() {
    for (vault, tokens) in [("https://proofline.vault.azure.net/", 0), ("https://127.0.0.1:1/", 1)]
    {
        let credential = Arc::new(Counting::default());
        let counted = Arc::<Counting>::clone(&credential);
        let transport = Transport::new(Arc::new(Impostor));
        let vault = vault.parse().unwrap();
        let keys = AzureKeys::over(&vault, counted, Identity::Runs, transport).unwrap();
        why(keys.wrap(PURPOSE, &MATERIAL).await);
        assert_eq!(credential.0.load(Ordering::SeqCst), tokens, "{vault}");
    }
}
