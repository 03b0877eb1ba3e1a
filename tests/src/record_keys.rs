//! The keys of what guards read: the job that makes the next one, what is signed with which, and what the log says of them.

use std::collections::BTreeMap;

use domain::TenantId;
use ports::{Container, Identity, KeyPurpose};
use protocol::key::PublicKey;
use serde_json::{Value, json};
use store::{KNOWN_AFTER, PublicKeys, ROTATED_AFTER, SETTLED_AFTER, SystemCap, log};

use crate::world::World;

/// The thumbprint of the key with this number.
pub async fn kid(world: &World, version: u32) -> Option<String> {
    let keys = PublicKeys::read(&world.store.ports(Identity::Audit)).await.unwrap();
    let jwk = keys.version(KeyPurpose::AccessRecords, version)?;
    Some(PublicKey::from_jwk(jwk).unwrap().kid().to_string())
}

/// How many records of the whole deployment are signed with each key.
pub async fn signed_by(world: &World) -> BTreeMap<String, usize> {
    let documents = world.store.ports(Identity::Audit).documents;
    let mut signed = BTreeMap::new();
    let dirty = documents.dirty(Container::Access, None, 1000).await.unwrap();
    for partition in dirty.partitions {
        let page = documents.changes(Container::Access, &partition, None, 1000).await.unwrap();
        for stored in page.documents {
            let body: Value = serde_json::from_str(&stored.document.body).unwrap();
            if stored.document.kind != "intent" {
                *signed.entry(body["by"].as_str().unwrap().to_owned()).or_default() += 1;
            }
        }
    }
    signed
}

/// What the system's log says of these keys: number, thumbprint and state.
pub async fn told(world: &World) -> Vec<(u64, String, String)> {
    world.settle().await;
    #[expect(clippy::disallowed_methods, reason = "a test looks at what is stored")]
    let cap = SystemCap::mint(world.store.ports(Identity::Audit), None);
    let data = cap.partition(TenantId::SYSTEM, "test");
    let commits = log::commits_since(&data, 0, 1000, 1000).await.unwrap();
    let rows = commits.iter().flat_map(|commit| &commit.rows);
    let rows = rows.map(|row| serde_json::from_str::<Value>(row).unwrap());
    let of = |row: Value| {
        let data = &row["data"];
        (row["target"]["id"] == "access-records").then(|| {
            let text = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
            (data["version"].as_u64().unwrap(), text("kid"), text("state"))
        })
    };
    rows.filter_map(of).collect()
}

/// Runs the job; what it answers.
pub async fn tick(world: &World) -> u16 {
    let envelope = json!({"Data": {"timer": {}}});
    world.invoke("rotate_record_keys", &envelope).await.status.as_u16()
}

/// Makes the next key, and lets it be until everything should be signed with it.
pub async fn next_key(world: &World) {
    world.clock.advance(ROTATED_AFTER);
    assert_eq!(tick(world).await, 200);
    world.clock.advance(KNOWN_AFTER + SETTLED_AFTER);
}
