//! A new pepper of passwords: what the old one was used for still verifies, and is hashed anew when the password is shown next.

use std::time::Duration;

use domain::TenantId;
use ports::{Container, Identity, PartitionKey, Query};
use serde_json::{Value, json};
use store::{KEPT_FOR, KNOWN_AFTER, ROTATED_AFTER};
use system_tests::{
    sign_up::{EMAIL, Owner, PASSWORD},
    world::World,
};

async fn password(world: &World, tenant: TenantId) -> Value {
    let query = Query { kind: "credential".to_owned(), limit: 10, ..Query::default() };
    let documents = world.store.ports(Identity::Auth).documents;
    let partition = PartitionKey::new(tenant, "0");
    let page = documents.query(Container::Auth, &partition, &query).await.unwrap();
    let body: Value = serde_json::from_str(&page.documents[0].document.body).unwrap();
    body["password"].clone()
}

async fn shows(world: &World, password: &str) -> u16 {
    world.clock.advance(Duration::from_secs(61));
    let body = json!({"email": EMAIL, "password": password});
    world.call("POST", "/api/auth/v1/logins", None, Some(&body)).await.status.as_u16()
}

#[tokio::test]
async fn a_password_is_hashed_anew_with_the_next_pepper_when_it_is_shown() {
    let mut world = World::new().await;
    let Owner { tenant, .. } = world.owner().await;
    let first = password(&world, tenant).await;
    assert_eq!(first["pepper"], "pp-1");
    world.clock.advance(ROTATED_AFTER);
    world.tick("rotate_signing_key").await;
    world.tick("rotate_signing_key").await;
    assert_eq!(shows(&world, PASSWORD).await, 201);
    assert_eq!(password(&world, tenant).await, first, "not everybody knows the next one yet");
    world.clock.advance(KNOWN_AFTER + KEPT_FOR);
    assert_eq!(shows(&world, "not the password at all").await, 401);
    assert_eq!(password(&world, tenant).await, first, "a wrong one changes nothing");
    assert_eq!(shows(&world, PASSWORD).await, 201);
    let second = password(&world, tenant).await;
    assert_eq!((&second["pepper"], &second["alg"]), (&json!("pp-2"), &first["alg"]));
    assert_ne!(second["hash"], first["hash"]);
    world.restart().await;
    assert_eq!(shows(&world, PASSWORD).await, 201);
    assert_eq!(password(&world, tenant).await, second);
}

/// A process that has not read the next pepper meets a hash that was made with it.
#[tokio::test]
async fn a_process_that_does_not_know_the_pepper_yet_reads_it() {
    let world = World::new().await;
    world.owner().await;
    let elsewhere = world.elsewhere(|ports| ports).await;
    world.clock.advance(ROTATED_AFTER);
    world.tick("rotate_signing_key").await;
    world.clock.advance(KNOWN_AFTER + KEPT_FOR);
    assert_eq!(shows(&world, PASSWORD).await, 201);
    assert_eq!(shows(&elsewhere, PASSWORD).await, 201);
}
