//! Keys in Key Vault, against the stand-in: the contract of every backend, rotation, trouble, rights, and how seldom the vault is called.

#[path = "keys/backend.rs"]
mod backend;
#[path = "keys/calls.rs"]
mod calls;
#[path = "keys/rights.rs"]
mod rights;
#[path = "keys/trouble.rs"]
mod trouble;

use azure::OpenError;
use azure_counterparts::vault::{
    Kind,
    alone::{Alone, MAIL_PASSWORD},
    key_name,
};
use backend::VaultBackend;
use ports::{Identity, KeyPurpose, Keys as _, Secret};
use secrecy::ExposeSecret as _;
use system_tests::contract_tests;

contract_tests! { VaultBackend::new().await =>
    keys::material_comes_back_to_its_holder,
    keys::every_key_refuses_every_other_identity,
    keys::a_wrapped_key_opens_for_its_purpose_only,
    keys::a_changed_wrapped_key_is_refused,
    keys::what_a_kept_key_signs_is_verified_with_its_public_half,
    keys::every_kept_key_refuses_every_other_identity,
    keys::a_kept_key_does_not_wrap_and_a_wrapping_key_does_not_sign,
}

const MATERIAL: [u8; 32] = *b"0123456789abcdef0123456789ABCDEF";

#[tokio::test]
async fn what_a_rotated_key_wrapped_stays_readable() {
    let alone = Alone::start().await.unwrap();
    let keys = alone.keys(Identity::Auth).unwrap();
    let purpose = KeyPurpose::Pepper;
    let old = keys.wrap(purpose, &MATERIAL).await.unwrap();
    alone.vault.rotate(&key_name(purpose), Kind::Rsa(2048)).unwrap();
    let new = keys.wrap(purpose, &MATERIAL).await.unwrap();
    assert_ne!(old[1..33], new[1..33], "the current version wraps");
    for wrapped in [&old, &new] {
        let material = keys.unwrap(purpose, wrapped).await.unwrap();
        assert_eq!(material.expose_secret(), MATERIAL);
    }
    // The version of one, the ciphertext of the other.
    let mixed = [&old[..33], &new[33..]].concat();
    assert!(keys.unwrap(purpose, &mixed).await.is_err());
}

#[tokio::test]
async fn a_rotated_kept_key_signs_under_its_new_version() {
    let alone = Alone::start().await.unwrap();
    let keys = alone.keys(Identity::Signer).unwrap();
    let purpose = KeyPurpose::Directory;
    let (old, signed) =
        (keys.public(purpose).await.unwrap(), keys.sign(purpose, &MATERIAL).await.unwrap());
    assert_eq!(old.version, signed.version);
    alone.vault.rotate(&key_name(purpose), Kind::P256).unwrap();
    let (new, signed) =
        (keys.public(purpose).await.unwrap(), keys.sign(purpose, &MATERIAL).await.unwrap());
    assert_eq!(new.version, signed.version);
    assert_ne!((old.x, old.version), (new.x, new.version));
}

#[tokio::test]
async fn every_key_that_is_missing_is_named_at_once() {
    let alone = Alone::start().await.unwrap();
    for identity in Identity::ALL {
        assert_eq!(alone.keys(identity).unwrap().check().await, Ok(()), "{identity:?}");
    }
    alone.vault.remove_key("wrap-pepper");
    alone.vault.remove_key("wrap-auth-fields");
    let missing = alone.keys(Identity::Auth).unwrap().check().await.unwrap_err();
    let OpenError::Missing { what, .. } = &missing else { panic!("{missing}") };
    assert_eq!(what, "key wrap-pepper, key wrap-auth-fields");
    assert!(missing.may_pass());
    assert_eq!(alone.keys(Identity::Runs).unwrap().check().await, Ok(()), "not its keys");
}

#[tokio::test]
async fn a_key_of_the_wrong_kind_is_found_when_an_app_opens() {
    let alone = Alone::start().await.unwrap();
    alone.vault.rotate("directory", Kind::Rsa(2048)).unwrap();
    alone.vault.rotate("wrap-export", Kind::P256).unwrap();
    for (identity, key) in
        [(Identity::Signer, "key directory"), (Identity::Audit, "key wrap-export")]
    {
        let differs = alone.keys(identity).unwrap().check().await.unwrap_err();
        assert!(matches!(&differs, OpenError::Differs { what, .. } if what == key), "{differs}");
        assert!(!differs.may_pass());
    }
}

#[tokio::test]
async fn the_password_of_the_mail_server_is_read_and_never_shown() {
    let alone = Alone::start().await.unwrap();
    let secrets = alone.secrets(Identity::Auth).unwrap();
    let password = secrets.read(Secret::MailPassword).await.unwrap();
    assert_eq!(password.expose_secret(), MAIL_PASSWORD);
    assert!(!format!("{password:?}").contains(MAIL_PASSWORD));
    alone.vault.set_secret("mail-password", "a new one").unwrap();
    assert_eq!(secrets.read(Secret::MailPassword).await.unwrap().expose_secret(), "a new one");
    alone.vault.set_secret("mail-password", "").unwrap();
    let empty = secrets.read(Secret::MailPassword).await.unwrap_err();
    assert!(matches!(&empty, OpenError::Missing { what, .. } if what == "secret mail-password"));
}
