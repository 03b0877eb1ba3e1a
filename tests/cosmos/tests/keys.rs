//! Keys in Key Vault, against the stand-in: the contract of every backend, rotation, trouble, rights, and how seldom the vault is called.

mod backend;
mod calls;
mod rights;
mod trouble;

use azure::OpenError;
use azure_counterparts::vault::{
    Kind,
    alone::{Alone, MAIL_PASSWORD},
    key_name,
};
use backend::VaultBackend;
use domain::{CustomerKey, TenantId, Timestamp};
use local::Store;
use ports::{Identity, KeyError, KeyPurpose, Keys as _, OwnKey, Secret};
use seal::Place;
use secrecy::ExposeSecret as _;
use store::FieldKeys;
use system_tests::{
    contract_tests,
    doubles::{ManualClock, SeededRandomness},
};

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

/// The deployment's vault gave the key a new version: what the old one wrapped is wrapped anew, and does not need it any more.
#[tokio::test]
async fn a_tenants_key_is_wrapped_anew_when_the_vaults_key_has_a_new_version() {
    let alone = Alone::start().await.unwrap();
    let folder = tempfile::TempDir::new().unwrap();
    let clock = ManualClock::new(Timestamp::from_unix_s(1_795_000_000));
    let store = Store::open(folder.path(), clock, SeededRandomness::new(1)).unwrap();
    let ports = backend::in_vault(&alone, store.ports(Identity::Auth));
    let keys = FieldKeys::new(ports.clone(), KeyPurpose::AuthFields);
    let tenant = TenantId::from_u128(7);
    let place = Place { tenant: "t7", container: "auth", record: "usr_1", field: "email" };
    let sealed = keys.seal(tenant, &place, b"ada").await.unwrap();
    assert!(keys.rewraps(tenant).await.unwrap().is_empty());
    alone.vault.rotate(&key_name(KeyPurpose::AuthFields), Kind::Rsa(2048)).unwrap();
    assert_eq!(keys.rewraps(tenant).await.unwrap(), [1]);
    assert_eq!(keys.rewrap(tenant).await.unwrap(), [1]);
    assert!(keys.rewraps(tenant).await.unwrap().is_empty());
    let fresh = FieldKeys::new(ports, KeyPurpose::AuthFields);
    assert_eq!(fresh.open(tenant, &place, &sealed).await.unwrap().as_slice(), b"ada");
}

/// A key of the customer's: used while they let us, refused by name when they do not, and used again when they do.
#[tokio::test]
async fn a_customers_key_wraps_as_long_as_it_is_there() {
    let alone = Alone::start().await.unwrap();
    let keys = alone.keys(Identity::Auth).unwrap();
    let purpose = KeyPurpose::AuthFields;
    // The stand-in lets an identity use the keys that it holds: one of these plays the customer's.
    let url = alone.vault.url().as_str().trim_end_matches('/').to_owned();
    let key = CustomerKey::new(&url, &key_name(KeyPurpose::LoginIndex)).unwrap();
    let own = OwnKey { tenant: TenantId::from_u128(7), key: &key };
    let wrapped = keys.wrap_by(purpose, own, &MATERIAL).await.unwrap();
    let material = keys.unwrap_by(purpose, own, &wrapped).await.unwrap();
    assert_eq!(material.expose_secret(), MATERIAL);
    assert_eq!(keys.is_current(purpose, Some(own), &wrapped).await, Ok(true));
    alone.vault.rotate(key.name(), Kind::Rsa(2048)).unwrap();
    assert_eq!(keys.is_current(purpose, Some(own), &wrapped).await, Ok(false));
    // A key that we were never given, and one that was taken away.
    let foreign = CustomerKey::new(&url, &key_name(KeyPurpose::Export)).unwrap();
    let foreign = OwnKey { key: &foreign, ..own };
    let refused = keys.wrap_by(purpose, foreign, &MATERIAL).await;
    assert!(matches!(refused, Err(KeyError::Withheld(_))), "{refused:?}");
    alone.vault.remove_key(key.name());
    let gone = keys.unwrap_by(purpose, own, &wrapped).await;
    assert!(matches!(gone, Err(KeyError::Withheld(_))), "{gone:?}");
    alone.vault.rotate(key.name(), Kind::P256).unwrap();
    let unfit = keys.wrap_by(purpose, own, &MATERIAL).await;
    assert!(unfit.is_err(), "{unfit:?}");
    // Only whoever holds the purpose, whatever the customer allows.
    let other = alone.keys(Identity::Runs).unwrap().wrap_by(purpose, own, &MATERIAL).await;
    assert!(matches!(other, Err(KeyError::Denied(_))), "{other:?}");
}
