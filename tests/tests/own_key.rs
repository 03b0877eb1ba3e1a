//! A key of the customer's own over the keys of their tenant: set, taken away, given back, removed; and for no other plan.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf, time::Duration};

use domain::{Plan, Role, TenantId};
use ports::{Container, Identity, PartitionKey, Query};
use serde_json::{Value, json};
use store::KEPT_FOR;
use system_tests::{
    sign_up::{EMAIL, Owner, PASSWORD},
    world::World,
};

const PATH: &str = "/api/auth/v1/tenant/encryption-key";

fn key_file(world: &World, tenant: TenantId, name: &str) -> PathBuf {
    world.data().join("customer-keys").join(tenant.to_string()).join(format!("{name}.key"))
}

/// The customer puts a key where we may use it.
fn put(world: &World, tenant: TenantId, name: &str, byte: u8) -> PathBuf {
    let path = key_file(world, tenant, name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, [byte; 32]).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
}

async fn set(world: &World, token: &str, name: &str) -> (u16, Value) {
    let body = json!({"vault": "local", "key": name});
    let answer = world.call("PUT", PATH, Some(token), Some(&body)).await;
    (answer.status.as_u16(), answer.json())
}

/// The second step of a login, which needs the TOTP secret.
async fn signs_in(world: &World, owner: &Owner) -> (u16, String) {
    world.clock.advance(Duration::from_secs(30));
    let body = json!({"email": EMAIL, "password": PASSWORD});
    let login = world.call("POST", "/api/auth/v1/logins", None, Some(&body)).await.json();
    let path = format!("/api/auth/v1/logins/{}/totp", login["login"].as_str().unwrap());
    let code = json!({"code": world.code(&owner.secret)});
    let answer = world.call("POST", &path, None, Some(&code)).await;
    (answer.status.as_u16(), answer.code())
}

/// By whom each version is wrapped, oldest document first.
async fn wrapped_by(world: &World, tenant: TenantId) -> Vec<String> {
    let query = Query { kind: "field-key".to_owned(), limit: 100, ..Query::default() };
    let documents = world.store.ports(Identity::Auth).documents;
    let partition = PartitionKey::new(tenant, "0");
    let page = documents.query(Container::Keyring, &partition, &query).await.unwrap();
    let by = |body: &str| {
        let body: Value = serde_json::from_str(body).unwrap();
        body["by"]["name"].as_str().unwrap_or("ours").to_owned()
    };
    page.documents.iter().map(|stored| by(&stored.document.body)).collect()
}

#[tokio::test]
async fn a_tenant_is_locked_while_its_key_is_away_and_works_again_when_it_is_back() {
    let world = World::new().await;
    let owner = world.owner().await;
    let away = set(&world, &owner.access, "mine").await;
    assert_eq!((away.0, away.1["code"].as_str()), (503, Some("customer-key-withheld")), "{away:?}");
    let path = put(&world, owner.tenant, "mine", 7);
    let (status, view) = set(&world, &owner.access, "mine").await;
    assert_eq!(status, 200, "{view}");
    assert_eq!(view, json!({"vault": "local", "key": "mine", "complete": true}));
    assert_eq!(wrapped_by(&world, owner.tenant).await, ["ours", "mine"]);
    assert_eq!(signs_in(&world, &owner).await.0, 201);

    let key = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    world.clock.advance(KEPT_FOR);
    let (status, code) = signs_in(&world, &owner).await;
    assert_eq!((status, code.as_str()), (503, "customer-key-withheld"));
    fs::write(&path, key).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(signs_in(&world, &owner).await.0, 201, "at once");

    // What we wrapped before is destroyed, so that taking the key away is enough.
    world.settle().await;
    world.clock.advance(Duration::from_mins(21));
    world.tick("sweep_purges").await;
    assert_eq!(wrapped_by(&world, owner.tenant).await, ["mine"]);
    assert_eq!(signs_in(&world, &owner).await.0, 201);
}

#[tokio::test]
async fn a_key_is_exchanged_for_another_and_given_up_without_losing_anything() {
    let world = World::new().await;
    let owner = world.owner().await;
    put(&world, owner.tenant, "a", 1);
    put(&world, owner.tenant, "b", 2);
    for name in ["a", "b"] {
        assert_eq!(set(&world, &owner.access, name).await.0, 200, "{name}");
    }
    let path = format!("{PATH}/remove");
    let removed = world.call("POST", &path, Some(&owner.access), Some(&json!({}))).await;
    assert_eq!(removed.json(), json!({"vault": "ours", "complete": true}));
    assert_eq!(wrapped_by(&world, owner.tenant).await, ["ours", "a", "b", "ours"]);
    for name in ["a", "b"] {
        fs::remove_file(key_file(&world, owner.tenant, name)).unwrap();
    }
    world.clock.advance(KEPT_FOR);
    assert_eq!(signs_in(&world, &owner).await.0, 201);
}

/// What names another place, or another tenant's key, names none.
#[tokio::test]
async fn a_key_is_tried_before_it_counts() {
    let world = World::new().await;
    let owner = world.owner().await;
    put(&world, TenantId::from_u128(9), "theirs", 9);
    assert_eq!(set(&world, &owner.access, "theirs").await.0, 503, "another tenant's");
    assert_eq!(set(&world, &owner.access, "../root").await.0, 400);
    let body = json!({"vault": "https://contoso.vault.azure.net", "key": "k"});
    let elsewhere = world.call("PUT", PATH, Some(&owner.access), Some(&body)).await;
    assert_eq!((elsewhere.status.as_u16(), elsewhere.code().as_str()), (400, "customer-key-unfit"));
    fs::write(put(&world, owner.tenant, "short", 1), [1; 31]).unwrap();
    assert_eq!(set(&world, &owner.access, "short").await.0, 400);
    let open = put(&world, owner.tenant, "open", 1);
    fs::set_permissions(open, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(set(&world, &owner.access, "open").await.0, 503);
    assert_eq!(wrapped_by(&world, owner.tenant).await, ["ours"]);
}

#[tokio::test]
async fn other_plans_are_told_the_feature_and_the_plan_that_has_it() {
    let world = World::new().await;
    for plan in [Plan::Free, Plan::Pro, Plan::Business] {
        let owner = world.person(world.tenant(plan).await, Role::Owner).await;
        let (status, refused) = set(&world, &owner.token, "mine").await;
        assert_eq!((status, refused["code"].as_str()), (403, Some("entitlement-required")));
        let detail = refused["detail"].as_str().unwrap();
        assert!(detail.contains("cmk") && detail.contains("enterprise"), "{detail}");
    }
}
