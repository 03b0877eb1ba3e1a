//! Records that an operator cannot forge: what he changes is refused, what he puts back is found by comparing it with the log.

use std::time::Duration;

use domain::{Role, TenantId};
use ports::{Container, Identity, KeyPurpose, NewDocument, PartitionKey, Stored, Write};
use protocol::key::{Ed25519Key, PublicKey, Signer as _};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use store::{KeyRecord, Keyring, PublicKeys, Records, StoreError};
use system_tests::{
    sign_up::{EMAIL, Owner, PASSWORD},
    world::World,
};

async fn stored(world: &World, owner: &Owner, id: &str) -> Stored {
    stored_in(world, owner, ("0", id)).await
}

async fn stored_in(world: &World, owner: &Owner, (shard, id): (&str, &str)) -> Stored {
    let documents = world.store.ports(Identity::Auth).documents;
    let key = PartitionKey::new(owner.tenant, shard);
    documents.read(Container::Access, &key, id).await.unwrap().unwrap()
}

/// Writes as somebody can who owns the database file, and holds no key of ours.
async fn put(world: &World, owner: &Owner, id: &str, body: String) {
    let now = stored(world, owner, id).await;
    put_in(world, owner, "0", NewDocument { body, ..now.document }).await;
}

async fn put_in(world: &World, owner: &Owner, shard: &str, document: NewDocument) {
    let now = stored_in(world, owner, (shard, &document.id)).await;
    let documents = world.store.ports(Identity::Auth).documents;
    let key = PartitionKey::new(owner.tenant, shard);
    let write = Write::Replace(document, now.etag);
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

/// Signs in once more: its access token and its session.
async fn sign_in(world: &World, owner: &Owner) -> (String, String) {
    world.clock.advance(Duration::from_secs(30));
    let body = json!({"email": EMAIL, "password": PASSWORD});
    let login = world.call("POST", "/api/auth/v1/logins", None, Some(&body)).await.json();
    let path = format!("/api/auth/v1/logins/{}/totp", login["login"].as_str().unwrap());
    let code = json!({"code": world.code(&owner.secret)});
    let tokens = world.call("POST", &path, None, Some(&code)).await.json();
    let access = tokens["access_token"].as_str().unwrap().to_owned();
    let listed = world.call("GET", "/api/auth/v1/sessions", Some(&access), None).await.json();
    let sessions = listed["sessions"].as_array().unwrap();
    let session = sessions.iter().find(|session| session["current"] == true).unwrap();
    (access, session["session"].as_str().unwrap().to_owned())
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
    let policy = json!({"policy": "everyone"});
    let path = "/api/auth/v1/tenant/mfa-policy";
    let set = world.call("PUT", path, Some(&owner.access), Some(&policy)).await;
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

/// A device that its user signed out, put back as it was: signed by us, and found within a day.
#[tokio::test]
async fn a_session_that_was_ended_and_put_back_is_found() {
    let mut world = World::new().await;
    let owner = world.owner().await;
    let (_, session) = sign_in(&world, &owner).await;
    let before = stored_in(&world, &owner, ("h", &session)).await.document;
    let path = format!("/api/auth/v1/sessions/{session}");
    let ended = world.call("DELETE", &path, Some(&owner.access), None).await;
    assert_eq!(ended.status, 200, "{}", ended.json());
    assert_eq!(differences(&world).await, 0);
    put_in(&world, &owner, "h", before).await;
    world.restart().await;
    world.clock.advance(Duration::from_hours(24));
    assert_eq!(differences(&world).await, 1);
    let (token, _) = sign_in(&world, &owner).await;
    let rows = alarms(&world, &token).await;
    assert_eq!(rows[0]["row"]["data"]["why"], "session", "{rows:#?}");
    assert_eq!(rows[0]["row"]["target"], json!({"id": session, "kind": "access_record"}));
}

/// The grant that lets operators in for longer, signed by us, put back after it was cut short.
#[tokio::test]
async fn a_grant_of_support_that_was_put_back_is_found() {
    let mut world = World::new().await;
    let owner = world.owner().await;
    let grant = async |until: &str| {
        let body = json!({"access": {"granted_until": until}});
        let path = "/api/auth/v1/tenant/support-access";
        let set = world.call("PUT", path, Some(&owner.access), Some(&body)).await;
        assert_eq!(set.status, 200, "{}", set.json());
    };
    grant("2026-12-20T00:00:00Z").await;
    let longer = stored(&world, &owner, "tenant").await.document.body;
    grant("2026-11-22T00:00:00Z").await;
    assert_eq!(differences(&world).await, 0);
    put(&world, &owner, "tenant", longer).await;
    world.restart().await;
    assert_eq!(differences(&world).await, 1);
}

/// Somebody whose guard is gone: they are refused, and that they are is told.
#[tokio::test]
async fn a_user_whose_record_was_removed_is_found() {
    let world = World::new().await;
    let owner = world.owner().await;
    let me = world.call("GET", "/api/auth/v1/me", Some(&owner.access), None).await.json();
    let user = me["user"].as_str().unwrap();
    assert_eq!(differences(&world).await, 0);
    let guard = stored(&world, &owner, user).await.document;
    let over = NewDocument { expires_at: Some(world.now()), ..guard };
    put_in(&world, &owner, "0", over).await;
    world.clock.advance(Duration::from_hours(24));
    assert_eq!(differences(&world).await, 1);
    let other = world.person(owner.tenant, Role::Owner).await;
    let rows = alarms(&world, &other.token).await;
    assert_eq!(rows[0]["row"]["data"]["why"], "removed", "{rows:#?}");
    assert_eq!(rows[0]["row"]["target"], json!({"id": user, "kind": "access_record"}));
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
