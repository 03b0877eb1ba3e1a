//! Whoever writes to the database adds no key, and retires none.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::TenantId;
use ports::{Container, Identity, KeyPurpose, NewDocument, PartitionKey, Write};
use protocol::key::{Ed25519Key, Es256Key, Jwk, Signer as _};
use serde_json::{Value, json};
use store::{KNOWN_AFTER, KeyRecord, Keyring, KeyringError, PublicKeys, Records, StoreError};
use system_tests::{
    record_keys::{kid, next_key, signed_by, tick, told},
    sign_up::Owner,
    world::World,
};

async fn in_keyring(world: &World, id: &str) -> Option<NewDocument> {
    let documents = world.store.ports(Identity::Auth).documents;
    let place = PartitionKey::new(TenantId::SYSTEM, "0");
    let stored = documents.read(Container::Keyring, &place, id).await.unwrap();
    stored.map(|stored| stored.document)
}

/// Writes as somebody can who owns the database file, and holds no key of ours.
async fn slip_in(world: &World, id: &str, body: String) {
    let document = NewDocument {
        id: id.to_owned(),
        kind: if id.ends_with("-alone") { "key-retirement" } else { "key" }.to_owned(),
        k1: None,
        k2: None,
        body,
        expires_at: None,
    };
    let documents = world.store.ports(Identity::Auth).documents;
    let place = PartitionKey::new(TenantId::SYSTEM, "0");
    documents.commit(Container::Keyring, &place, vec![Write::Create(document)]).await.unwrap();
}

/// The tenant's record, signed with the operator's own key, in the place of ours: what `runs` says to it with these pins.
async fn forged(world: &World, owner: &Owner, seed: &[u8; 32], pinned: &[&str]) -> StoreError {
    let ports = world.store.ports(Identity::Auth);
    let place = PartitionKey::new(owner.tenant, "0");
    let ours = ports.documents.read(Container::Access, &place, "tenant").await.unwrap().unwrap();
    let inside: Value = serde_json::from_str(&ours.document.body).unwrap();
    let record = inside["record"].as_str().unwrap().replace("Analytical", "Operator's");
    let plain = NewDocument { body: record, ..ours.document.clone() };
    let operator = Records::writing(&ports, seed);
    let forged = operator.sign((owner.tenant, "0"), plain, 99, None).await.unwrap();
    let put = async |document| {
        let now = ports.documents.read(Container::Access, &place, "tenant").await.unwrap().unwrap();
        let write = vec![Write::Replace(document, now.etag)];
        ports.documents.commit(Container::Access, &place, write).await.unwrap();
    };
    put(forged).await;
    let said = world.reads_pinned(owner.tenant, pinned).await.unwrap_err();
    put(ours.document).await;
    said
}

/// He owns the database file: he writes a public key of his own, with an endorsement of his own or one of ours copied from beside it, and the
/// key's secret half wrapped by the very key that wraps ours.
#[tokio::test]
async fn a_key_that_an_operator_writes_into_the_keyring_counts_for_nothing() {
    let mut world = World::new().await;
    let owner = world.owner().await;
    let first = kid(&world, 1).await.unwrap();
    let (seed, his) = ([9; 32], Ed25519Key::from_seed(&[9; 32]));
    let wrapped = world.store.ports(Identity::Auth).keys;
    let wrapped = wrapped.wrap(KeyPurpose::AccessRecords, &seed).await.unwrap();
    let of_his = KeyRecord {
        purpose: KeyPurpose::AccessRecords,
        public: Some(his.public().jwk()),
        wrapped: STANDARD.encode(wrapped),
        created_at: world.now(),
        endorsed: None,
    };
    slip_in(&world, "access-records-2", json!(of_his).to_string()).await;
    next_key(&world).await;
    let next = in_keyring(&world, "access-records-3").await.unwrap();
    let next: KeyRecord = serde_json::from_str(&next.body).unwrap();
    let copied = KeyRecord { endorsed: next.endorsed.clone(), ..of_his.clone() };
    slip_in(&world, "access-records-4", json!(copied).to_string()).await;
    let dressed = KeyRecord { created_at: next.created_at, ..copied };
    slip_in(&world, "access-records-5", json!(dressed).to_string()).await;
    for pinned in [&[] as &[&str], &[&first]] {
        let said = forged(&world, &owner, &seed, pinned).await;
        let refused = StoreError::Forged("it is signed by a key that does not count");
        assert_eq!(said, refused, "{pinned:?}");
    }
    // We do not sign with it either, and our own line goes on.
    world.restart().await;
    assert_eq!(tick(&world).await, 200);
    let third = kid(&world, 3).await.unwrap();
    assert_eq!(signed_by(&world).await.into_keys().collect::<Vec<_>>(), [third]);
    let row = |state: &str| state.to_owned();
    let states: Vec<_> = told(&world).await.into_iter().map(|row| row.2).collect();
    assert_eq!(states, [row("made"), row("begun"), row("alone")]);
}

/// What he says of our keys in the name of his own retires none, and keeps none from being retired.
#[tokio::test]
async fn an_operator_retires_no_key() {
    let world = World::new().await;
    let owner = world.owner().await;
    next_key(&world).await;
    let second = kid(&world, 2).await.unwrap();
    let body = json!({"by": second, "at": world.now(), "sig": "AAAA"}).to_string();
    slip_in(&world, "access-records-9-alone", body).await;
    world.clock.advance(KNOWN_AFTER);
    assert_eq!(world.reads_pinned(owner.tenant, &[]).await, Ok(()), "the first still counts");
    assert_eq!(tick(&world).await, 200);
    assert_eq!(told(&world).await.last().unwrap().2, "alone");
}

/// The same for the keys of every app: a version that nobody endorsed is no key of ours, and takes nothing but its number.
#[tokio::test]
async fn no_key_of_any_purpose_counts_because_it_is_there() {
    let mut world = World::new().await;
    world.owner().await;
    let ports = world.store.ports(Identity::Audit);
    let listed = |keys: &PublicKeys| keys.all().map(|(_, jwk)| jwk.kid()).collect::<Vec<_>>();
    let ours = PublicKeys::read(&ports).await.unwrap();
    for (purpose, jwk) in ours.all() {
        let public = match jwk {
            Jwk::Ed25519(_) => Ed25519Key::from_seed(&[9; 32]).public().jwk(),
            Jwk::P256 { .. } => Es256Key::from_seed(&[9; 32]).unwrap().public().jwk(),
            Jwk::X25519(_) => Jwk::X25519([9; 32]),
        };
        let record = KeyRecord {
            purpose,
            public: Some(public),
            wrapped: "AAAA".to_owned(),
            created_at: world.now(),
            endorsed: None,
        };
        slip_in(&world, &format!("{}-2", purpose.name()), json!(record).to_string()).await;
    }
    let now = PublicKeys::read(&ports).await.unwrap();
    assert!(listed(&ours).len() > 10, "{ours:?}");
    assert_eq!(listed(&now), listed(&ours));
    world.restart().await;
    world.clock.advance(Duration::from_hours(24 * 8));
    world.tick("rotate_signing_key").await;
    let now = PublicKeys::read(&ports).await.unwrap();
    let tokens: Vec<_> = now.versions(KeyPurpose::AccessToken).collect();
    assert_eq!(tokens.len(), 2);
    assert_eq!(now.version(KeyPurpose::AccessToken, 3), Some(tokens[1]), "two is taken");
    // The log of a rotation has one number, and whoever took it is named.
    let signer = world.store.ports(Identity::Signer);
    let refused = Keyring::seed_version(&signer, KeyPurpose::Checkpoint, 2).await;
    assert!(matches!(refused.err(), Some(KeyringError::Unendorsed("checkpoint"))));
    assert!(Keyring::seed_version(&signer, KeyPurpose::Checkpoint, 3).await.is_ok());
    let now = PublicKeys::read(&ports).await.unwrap();
    assert_eq!(now.versions(KeyPurpose::Checkpoint).count(), 2, "the first said that it is next");
}
