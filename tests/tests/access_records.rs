//! Records that an operator cannot forge: what he changes is refused, what he puts back is found by comparing it with the log.

use std::time::Duration;

use domain::{Role, TenantId};
use ports::{Container, Identity, KeyPurpose, NewDocument, PartitionKey, Stored, Write};
use protocol::key::{Ed25519Key, PublicKey, Signer as _};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use store::{KeyRecord, Keyring, PublicKeys, Records, StoreError};
use system_tests::{sign_up::Owner, world::World};

async fn stored(world: &World, owner: &Owner, id: &str) -> Stored {
    let documents = world.store.ports(Identity::Auth).documents;
    let key = PartitionKey::new(owner.tenant, "0");
    documents.read(Container::Access, &key, id).await.unwrap().unwrap()
}

/// Writes as somebody can who owns the database file, and holds no key of ours.
async fn put(world: &World, owner: &Owner, id: &str, body: String) {
    let now = stored(world, owner, id).await;
    let write = Write::Replace(NewDocument { body, ..now.document }, now.etag);
    let documents = world.store.ports(Identity::Auth).documents;
    let key = PartitionKey::new(owner.tenant, "0");
    documents.commit(Container::Access, &key, vec![write]).await.unwrap();
}

async fn differences(world: &World) -> u64 {
    world.settle().await;
    world.clock.advance(Duration::from_mins(11));
    let compared = world.invoke("compare_access", &json!({"Data": {"timer": {}}})).await;
    assert_eq!(compared.status, 200, "{}", compared.json());
    world.settle().await;
    compared.json()["ReturnValue"]["differences"].as_u64().unwrap()
}

async fn fresh(world: &World, owner: &Owner) -> String {
    let body = json!({"refresh_token": owner.refresh});
    let tokens = world.call("POST", "/api/auth/v1/tokens/refresh", None, Some(&body)).await.json();
    tokens["access_token"].as_str().unwrap_or_else(|| panic!("{tokens}")).to_owned()
}

async fn alarms(world: &World, token: &str) -> Vec<Value> {
    let path = "/api/audit/v1/audit/events?limit=200&action=audit.verify_failed";
    let page = world.call("GET", path, Some(token), None).await.json();
    page["rows"].as_array().unwrap_or_else(|| panic!("{page}")).clone()
}

#[tokio::test]
async fn what_the_product_wrote_is_as_the_log_says() {
    let world = World::new().await;
    let owner = world.owner().await;
    let settings = json!({"notice_days": 30, "session_max_h": 24, "separations": []});
    let path = "/api/auth/v1/tenant/settings";
    let set = world.call("PUT", path, Some(&owner.access), Some(&settings)).await;
    assert_eq!(set.status, 200, "{}", set.json());
    assert_eq!(differences(&world).await, 0);
}

#[tokio::test]
async fn an_older_record_that_was_put_back_is_found_and_both_are_told() {
    let mut world = World::new().await;
    let owner = world.owner().await;
    let before = stored(&world, &owner, "tenant").await.document.body;
    let access = json!({"access": "ask"});
    let path = "/api/auth/v1/tenant/support-access";
    assert_eq!(world.call("PUT", path, Some(&owner.access), Some(&access)).await.status, 200);
    let off = json!({"access": "off"});
    let asking = stored(&world, &owner, "tenant").await.document.body;
    assert_eq!(world.call("PUT", path, Some(&owner.access), Some(&off)).await.status, 200);
    assert_eq!(differences(&world).await, 0);
    // The setting that lets operators in, signed by us, put back by one of them; a restart forgets that there was a newer one.
    put(&world, &owner, "tenant", asking).await;
    world.restart().await;
    assert_eq!(differences(&world).await, 1);
    let token = fresh(&world, &owner).await;
    let rows = alarms(&world, &token).await;
    assert_eq!(rows.len(), 1, "{rows:#?}");
    assert_eq!(rows[0]["row"]["data"]["why"], "support_access");
    assert_eq!(rows[0]["row"]["target"], json!({"id": "tenant", "kind": "access_record"}));
    assert_ne!(before, "");
}

#[tokio::test]
async fn a_record_that_was_changed_is_refused_and_found() {
    let world = World::new().await;
    let owner = world.owner().await;
    assert_eq!(differences(&world).await, 0);
    let body = stored(&world, &owner, "tenant").await.document.body;
    put(&world, &owner, "tenant", body.replace("enterprise", "free")).await;
    let me = world.call("GET", "/api/auth/v1/tenant", Some(&owner.access), None).await;
    assert!([401, 503].contains(&me.status.as_u16()), "{}", me.json());
    assert_eq!(differences(&world).await, 1);
    put(&world, &owner, "tenant", body).await;
    let token = fresh(&world, &owner).await;
    let rows = alarms(&world, &token).await;
    assert_eq!(rows[0]["row"]["data"]["why"], "refused", "{rows:#?}");
}

/// Somebody whom no event made: a record without a history, even a signed one.
#[tokio::test]
async fn a_user_whom_nobody_made_is_found() {
    let world = World::new().await;
    let owner = world.owner().await;
    assert_eq!(differences(&world).await, 0);
    world.person(owner.tenant, Role::Owner).await;
    assert_eq!(differences(&world).await, 1);
    let token = fresh(&world, &owner).await;
    let rows = alarms(&world, &token).await;
    assert_eq!(rows[0]["row"]["data"]["why"], "nobody made it", "{rows:#?}");
}

/// Writes a key of one's own into the keyring, as somebody can who owns the database file: its thumbprint.
async fn slip_in_a_key(world: &World, version: u32, seed: &[u8; 32]) -> String {
    let key = Ed25519Key::from_seed(seed);
    let record = KeyRecord {
        purpose: KeyPurpose::AccessRecords,
        public: Some(key.public().jwk()),
        wrapped: "AAAA".to_owned(),
        created_at: world.now(),
        endorsed: None,
    };
    let document = NewDocument {
        id: format!("access-records-{version}"),
        kind: "key".to_owned(),
        k1: None,
        k2: None,
        body: serde_json::to_string(&record).unwrap(),
        expires_at: None,
    };
    let documents = world.store.ports(Identity::Auth).documents;
    let partition = PartitionKey::new(TenantId::SYSTEM, "0");
    documents.commit(Container::Keyring, &partition, vec![Write::Create(document)]).await.unwrap();
    key.kid().to_string()
}

/// With a key of his own in the keyring, and a record that is signed by it and makes the tenant what he likes.
#[tokio::test]
async fn a_record_signed_by_a_key_that_an_operator_made_himself_is_refused_and_named() {
    let world = World::new().await;
    let owner = world.owner().await;
    let ports = world.store.ports(Identity::Auth);
    let ours = PublicKeys::read(&ports).await.unwrap();
    let ours = PublicKey::from_jwk(ours.every(KeyPurpose::AccessRecords).next().unwrap()).unwrap();
    let ours = ours.kid().to_string();
    let theirs = slip_in_a_key(&world, 2, &[9; 32]).await;
    let now = stored(&world, &owner, "tenant").await;
    let inside: Value = serde_json::from_str(&now.document.body).unwrap();
    let record = inside["record"].as_str().unwrap().replace("Analytical", "Operator's");
    let plain = NewDocument { body: record, ..now.document };
    let operator = Records::writing(&ports, &[9; 32]);
    let forged = operator.sign((owner.tenant, "0"), plain, 99, None).await.unwrap();
    put(&world, &owner, "tenant", forged.body).await;
    let refused = Err(StoreError::Forged("it is signed by a key that does not count"));
    assert_eq!(
        world.reads_pinned(owner.tenant, &[]).await,
        refused,
        "the first key counts, and no other"
    );
    assert_eq!(world.reads_pinned(owner.tenant, &[&ours]).await, refused);
    // Only whoever writes the settings makes another key count.
    assert_eq!(world.reads_pinned(owner.tenant, &[&theirs]).await, Ok(()));
}

/// The settings name both keys while one takes the place of the other: what either signed is read, and the last one signs.
#[tokio::test]
async fn two_keys_count_while_one_takes_the_place_of_the_other() {
    let world = World::new().await;
    let owner = world.owner().await;
    let ports = world.store.ports(Identity::Auth);
    let kid = async |version| {
        let seed = Keyring::seed_version(&ports, KeyPurpose::AccessRecords, version).await.unwrap();
        Ed25519Key::from_seed(seed.expose_secret()).kid().to_string()
    };
    let (first, second) = (kid(1).await, kid(2).await);
    assert_eq!(world.reads_pinned(owner.tenant, &[&first, &second]).await, Ok(()));
    let pins = [first.clone(), second.clone()];
    let signer = Records::of_holder(&ports, pins.to_vec()).await.unwrap();
    let now = stored(&world, &owner, "tenant").await;
    let inside: Value = serde_json::from_str(&now.document.body).unwrap();
    let plain = NewDocument { body: inside["record"].as_str().unwrap().to_owned(), ..now.document };
    let of_both = signer.sign((owner.tenant, "0"), plain, 2, None).await.unwrap();
    let outside: Value = serde_json::from_str(&of_both.body).unwrap();
    assert_eq!(outside["by"], second, "the last one signs");
    put(&world, &owner, "tenant", of_both.body).await;
    assert_eq!(world.reads_pinned(owner.tenant, &[&first, &second]).await, Ok(()));
    assert_eq!(world.reads_pinned(owner.tenant, &[&second]).await, Ok(()));
    assert_eq!(
        world.reads_pinned(owner.tenant, &[&first]).await,
        Ok(()),
        "the first said who is next"
    );
    assert!(Records::of_holder(&ports, vec!["nobody's".to_owned()]).await.is_err());
}
