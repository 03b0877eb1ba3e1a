//! Rights, with our own table out of the way: an app that pretends to be another has the vault itself against it.

use azure::OpenError;
use azure_counterparts::{identity::client_id, vault::alone::Alone};
use ports::{Identity, KEYS, KeyError, Keys as _, Secret};

use super::MATERIAL;

const STRANGER: &str = "b0000000-0000-4000-8000-000000000000";

#[tokio::test]
async fn the_vault_refuses_every_other_identity_on_every_key() {
    let alone = Alone::start().await.unwrap();
    for (purpose, holder) in KEYS.iter().copied() {
        let own = alone.keys(holder).unwrap();
        let wrapped =
            if purpose.is_kept() { vec![] } else { own.wrap(purpose, &MATERIAL).await.unwrap() };
        let others =
            Identity::ALL.into_iter().filter(|identity| *identity != holder).map(client_id);
        for client_id in others.chain([STRANGER]) {
            let keys = alone.keys_as(holder, alone.issued(client_id)).unwrap();
            let refusals = if purpose.is_kept() {
                [keys.sign(purpose, &MATERIAL).await.err(), keys.public(purpose).await.err()]
            } else {
                [
                    keys.wrap(purpose, &MATERIAL).await.err(),
                    keys.unwrap(purpose, &wrapped).await.err(),
                ]
            };
            for refusal in refusals {
                let denied = KeyError::Denied(holder.name().to_owned());
                assert_eq!(refusal, Some(denied), "{client_id} {purpose:?}");
            }
        }
    }
    let reached = alone.vault.calls();
    assert!(reached.iter().filter(|call| call.ends_with(" 403")).count() >= KEYS.len() * 8);
}

#[tokio::test]
async fn the_vault_gives_the_secret_to_its_reader_alone() {
    let alone = Alone::start().await.unwrap();
    for identity in Identity::ALL {
        let read = alone.secrets(identity).unwrap().read(Secret::MailPassword).await;
        match read {
            Ok(_) => assert_eq!(identity, Identity::Auth),
            Err(error) => {
                assert_ne!(identity, Identity::Auth, "{error}");
                assert!(matches!(error, OpenError::Denied { .. }), "{error}");
            }
        }
    }
}

#[tokio::test]
async fn an_app_without_its_role_is_told_so_when_it_opens() {
    let alone = Alone::start().await.unwrap();
    let keys = alone.keys_as(Identity::Auth, alone.issued(STRANGER)).unwrap();
    let denied = keys.check().await.unwrap_err();
    assert!(matches!(denied, OpenError::Denied { .. }), "{denied}");
    assert!(denied.may_pass());
}
