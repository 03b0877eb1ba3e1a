//! A new version of a tenant's key: every field comes to be sealed under it while people read and write, whoever is killed on the way; and what
//! nothing needs any more is destroyed.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use domain::{InvitationId, TenantId};
use ports::{
    Container, Documents, Identity, KeyPurpose, NewDocument, PartitionKey, Ports, Query, Stored,
    Write,
};
use seal::Place;
use serde_json::{Value, json};
use store::{
    FieldKeys, KNOWN_AFTER, ROTATED_AFTER, SETTLED_AFTER, SystemCap, UNUSED_KEPT_FOR, log,
};
use system_tests::{
    doubles::{Fault, Faulty},
    sign_up::{EMAIL, PASSWORD},
    world::World,
};

const KINDS: [(&str, &[&str]); 3] = [
    ("user", &["/sealed_email"]),
    ("credential", &["/factor/sealed_secret", "/next_factor/sealed_secret"]),
    ("invitation", &["/address/sealed"]),
];

fn auth(world: &World) -> Ports {
    world.store.ports(Identity::Auth)
}

async fn documents(world: &World, kind: &str, tenant: TenantId) -> Vec<Stored> {
    let query = Query { kind: kind.to_owned(), limit: 1000, ..Query::default() };
    let partition = PartitionKey::new(tenant, "0");
    auth(world).documents.query(Container::Auth, &partition, &query).await.unwrap().documents
}

/// How many fields of the tenant are sealed under each version.
async fn versions(world: &World, tenant: TenantId) -> BTreeMap<u32, usize> {
    let mut versions = BTreeMap::new();
    for (kind, fields) in KINDS {
        for stored in documents(world, kind, tenant).await {
            let body: Value = serde_json::from_str(&stored.document.body).unwrap();
            for sealed in fields.iter().filter_map(|field| body.pointer(field)?.as_str()) {
                let sealed = STANDARD_NO_PAD.decode(sealed).unwrap();
                *versions.entry(seal::key_version(&sealed).unwrap()).or_default() += 1;
            }
        }
    }
    versions
}

/// Writes open invitations as the product does, without sending the letters.
async fn invite(world: &World, tenant: TenantId, count: u128) {
    let (ports, name) = (auth(world), tenant.to_string());
    let keys = FieldKeys::new(ports.clone(), KeyPurpose::AuthFields);
    for n in 0..count {
        let id = InvitationId::from_u128(1_000 + n).to_string();
        let place = Place { tenant: &name, container: "auth", record: &id, field: "email" };
        let email = format!("guest{n}@customer.example");
        let sealed = keys.seal(tenant, &place, email.as_bytes()).await.unwrap();
        let body = json!({
            "invitation": id, "role": "auditor", "issued_at": world.now(), "ends_at": world.now(), "issued_by": null,
            "address": {"index": format!("index-{n}"), "sealed": STANDARD_NO_PAD.encode(sealed)},
            "ticket_sha256": "", "state": "open",
        });
        let (kind, body) = ("invitation".to_owned(), body.to_string());
        let document = NewDocument { id, kind, k1: None, k2: None, body, expires_at: None };
        let write = vec![Write::Create(document)];
        let partition = PartitionKey::new(tenant, "0");
        ports.documents.commit(Container::Auth, &partition, write).await.unwrap();
    }
}

async fn keys(world: &World, tenant: TenantId) -> Vec<String> {
    let query = Query { kind: "field-key".to_owned(), limit: 1000, ..Query::default() };
    let partition = PartitionKey::new(tenant, "0");
    let page = auth(world).documents.query(Container::Keyring, &partition, &query).await.unwrap();
    page.documents.into_iter().map(|stored| stored.document.id).collect()
}

/// What the log says of keys: action, version and state.
async fn rows(world: &World, tenant: TenantId) -> Vec<(String, Value, Value)> {
    world.settle().await;
    #[expect(clippy::disallowed_methods, reason = "a test looks at what is stored")]
    let cap = SystemCap::mint(world.store.ports(Identity::Audit), None);
    let commits = log::commits_since(&cap.partition(tenant, "test"), 0, 1000, 1000).await.unwrap();
    let rows = commits.iter().flat_map(|commit| &commit.rows);
    let rows = rows.map(|row| serde_json::from_str::<Value>(row).unwrap());
    let of = |row: Value| {
        let action = row["action"].as_str().unwrap_or_default().to_owned();
        action
            .starts_with("key.")
            .then(|| (action, row["data"]["version"].clone(), row["data"]["state"].clone()))
    };
    rows.filter_map(of).collect()
}

async fn reseal(world: &World, tenant: TenantId) -> u16 {
    let text = serde_json::to_string(&tenant.to_string()).unwrap();
    let envelope = json!({"Data": {"message": text}});
    let status = world.invoke("reseal_tenant", &envelope).await.status.as_u16();
    world.drain().await;
    status
}

/// The next version is made, and everybody has known it for long enough.
async fn next_version(world: &World, tenant: TenantId) {
    world.clock.advance(ROTATED_AFTER);
    reseal(world, tenant).await;
    world.clock.advance(KNOWN_AFTER + SETTLED_AFTER);
}

/// More than two pages; timers and queue alone; a reader and a writer all the time.
#[tokio::test]
async fn every_field_is_sealed_anew_while_people_read_and_write() {
    let world = World::new().await;
    let owner = world.owner().await;
    invite(&world, owner.tenant, 120).await;
    assert_eq!(versions(&world, owner.tenant).await, BTreeMap::from([(1, 122)]));
    world.clock.advance(ROTATED_AFTER);
    let elsewhere = FieldKeys::new(auth(&world), KeyPurpose::AuthFields);
    let (name, place_of) = (owner.tenant.to_string(), |name| Place {
        tenant: name,
        container: "auth",
        record: "usr_1",
        field: "email",
    });
    let mut written = Vec::new();
    for _hour in 0..50 {
        world.clock.advance(Duration::from_hours(1));
        let use_it = async {
            for _ in 0..20 {
                let place = place_of(&name);
                written.push(elsewhere.seal(owner.tenant, &place, b"ada").await.unwrap());
                for field in written.iter().rev().take(5) {
                    let opened = elsewhere.open(owner.tenant, &place, field).await.unwrap();
                    assert_eq!(opened.as_slice(), b"ada");
                }
                tokio::task::yield_now().await;
            }
        };
        let job = async {
            world.tick("sweep_keys").await;
            world.drain().await;
        };
        tokio::join!(job, use_it);
    }
    assert_eq!(versions(&world, owner.tenant).await, BTreeMap::from([(2, 122)]));
    let place = place_of(&name);
    for field in &written {
        assert!(elsewhere.open(owner.tenant, &place, field).await.is_ok());
    }
    let key = |version: u64, state: &str| ("key.rotated".to_owned(), json!(version), json!(state));
    assert_eq!(rows(&world, owner.tenant).await, [key(2, "begun"), key(2, "resealed")]);
    // The address and the TOTP secret still work.
    world.clock.advance(Duration::from_secs(30));
    let body = json!({"email": EMAIL, "password": PASSWORD});
    let login = world.call("POST", "/api/auth/v1/logins", None, Some(&body)).await.json();
    let path = format!("/api/auth/v1/logins/{}/totp", login["login"].as_str().unwrap());
    let code = json!({"code": world.code(&owner.secret)});
    let tokens = world.call("POST", &path, None, Some(&code)).await.json();
    assert!(tokens["access_token"].is_string(), "{tokens}");
}

/// At every write of the job: nothing written and the process gone, or written and the process gone.
#[tokio::test]
async fn whoever_is_killed_at_any_write_goes_on_where_he_was() {
    let mut world = World::new().await;
    let owner = world.owner().await;
    invite(&world, owner.tenant, 3).await;
    let mut version = 1;
    for nth in 1..=12 {
        for fault in [Fault::NotApplied, Fault::AppliedButUnanswered] {
            next_version(&world, owner.tenant).await;
            version += 1;
            let faulty = Faulty::new(auth(&world).documents);
            world
                .restart_with(|ports| match ports.identity {
                    Identity::Auth => {
                        let documents: Arc<dyn Documents> = Arc::<Faulty>::clone(&faulty);
                        Ports { documents, ..ports }
                    }
                    _ => ports,
                })
                .await;
            faulty.fail_commit(nth, fault);
            let _killed = reseal(&world, owner.tenant).await;
            world.restart().await;
            let what = format!("{fault:?} at write {nth}");
            assert_eq!(reseal(&world, owner.tenant).await, 200, "{what}");
            let versions = versions(&world, owner.tenant).await;
            assert_eq!(versions, BTreeMap::from([(version, 5)]), "{what}");
        }
    }
    let done = rows(&world, owner.tenant).await;
    for version in 2..=version {
        let said = |state: &str| {
            let is_it = |row: &&(String, Value, Value)| row.1 == version && row.2 == state;
            done.iter().filter(is_it).count()
        };
        assert!(said("begun") == 1 && said("resealed") == 1, "version {version}: {done:#?}");
    }
}

#[tokio::test]
async fn a_version_that_nothing_needs_is_destroyed_after_its_time_and_the_log_says_so() {
    let world = World::new().await;
    let owner = world.owner().await;
    let old = documents(&world, "user", owner.tenant).await.remove(0);
    next_version(&world, owner.tenant).await;
    assert_eq!(reseal(&world, owner.tenant).await, 200);
    let before = UNUSED_KEPT_FOR.checked_sub(Duration::from_mins(1)).unwrap();
    world.clock.advance(before);
    world.tick("sweep_purges").await;
    assert_eq!(keys(&world, owner.tenant).await, ["auth-fields-000001", "auth-fields-000002"]);
    world.clock.advance(Duration::from_mins(2));
    world.tick("sweep_purges").await;
    world.tick("sweep_purges").await;
    assert_eq!(keys(&world, owner.tenant).await, ["auth-fields-000002"]);
    let body: Value = serde_json::from_str(&old.document.body).unwrap();
    let sealed = STANDARD_NO_PAD.decode(body["sealed_email"].as_str().unwrap()).unwrap();
    let (name, fresh) =
        (owner.tenant.to_string(), FieldKeys::new(auth(&world), KeyPurpose::AuthFields));
    let place =
        Place { tenant: &name, container: "auth", record: &old.document.id, field: "email" };
    assert!(fresh.open(owner.tenant, &place, &sealed).await.is_err(), "a copy of before");
    let rows = rows(&world, owner.tenant).await;
    let destroyed: Vec<_> = rows.iter().filter(|row| row.0 == "key.destroyed").collect();
    assert_eq!(destroyed.len(), 1);
    assert_eq!(destroyed[0].1, 1);
    assert_eq!(versions(&world, owner.tenant).await, BTreeMap::from([(2, 2)]));
}

/// What somebody damaged stays as it is, and the version under which it was sealed as well: perhaps a backup of the field mends it.
#[tokio::test]
async fn a_field_that_does_not_open_keeps_its_version_from_being_destroyed() {
    let world = World::new().await;
    let owner = world.owner().await;
    invite(&world, owner.tenant, 2).await;
    let damaged = documents(&world, "invitation", owner.tenant).await.remove(0);
    let mut body: Value = serde_json::from_str(&damaged.document.body).unwrap();
    let mut sealed = STANDARD_NO_PAD.decode(body["address"]["sealed"].as_str().unwrap()).unwrap();
    *sealed.last_mut().unwrap() ^= 1;
    body["address"]["sealed"] = STANDARD_NO_PAD.encode(&sealed).into();
    let changed = NewDocument { body: body.to_string(), ..damaged.document };
    let partition = PartitionKey::new(owner.tenant, "0");
    let write = vec![Write::Replace(changed, damaged.etag)];
    auth(&world).documents.commit(Container::Auth, &partition, write).await.unwrap();
    next_version(&world, owner.tenant).await;
    assert_eq!(reseal(&world, owner.tenant).await, 200);
    assert_eq!(versions(&world, owner.tenant).await, BTreeMap::from([(1, 1), (2, 3)]));
    world.clock.advance(UNUSED_KEPT_FOR * 2);
    world.tick("sweep_purges").await;
    assert!(keys(&world, owner.tenant).await.contains(&"auth-fields-000001".to_owned()));
}
