//! Files of exports go when their time is over, although their ids say nothing of their time.

use std::{collections::BTreeSet, time::Duration};

use domain::{ExportId, Plan, Role, Timestamp};
use ports::{Bucket, Container, Identity, NewDocument, PartitionKey, Write};
use serde_json::json;
use system_tests::{
    people::Person,
    purging::{DAY, record, sweep},
    world::World,
};

/// More than a sweep looks at.
const EXPORTS: u128 = 150;

fn blob(owner: &Person, number: u128) -> String {
    format!("{}/a-{}.csv", owner.tenant, ExportId::from_u128(number))
}

/// An export as `audit` keeps it, with its file.
async fn exported(world: &World, owner: &Person, number: u128, created_at: Timestamp) {
    let export = ExportId::from_u128(number);
    let body = json!({
        "export": export, "by": owner.user, "format": "csv", "size": 1, "bytes": 1, "sha256": "", "attempts": ["a"], "created_at": created_at,
    });
    let document = NewDocument {
        id: export.to_string(),
        kind: "export".to_owned(),
        k1: None,
        k2: None,
        body: body.to_string(),
        expires_at: None,
    };
    let ports = world.store.ports(Identity::Audit);
    let place = PartitionKey::new(owner.tenant, "0");
    let write = vec![Write::Create(document)];
    ports.documents.commit(Container::Audit, &place, write).await.unwrap();
    ports.blobs.put(Bucket::Exports, &blob(owner, number), b"x", None).await.unwrap();
}

async fn left(world: &World, owner: &Person) -> BTreeSet<u128> {
    let blobs = world.store.ports(Identity::Audit).blobs;
    let mut left = BTreeSet::new();
    for number in 0..EXPORTS {
        if blobs.get(Bucket::Exports, &blob(owner, number)).await.unwrap().is_some() {
            left.insert(number);
        }
    }
    left
}

/// A young one stands before every old one, and each is looked at again when it is old.
#[tokio::test]
async fn every_file_goes_when_its_time_is_over_wherever_its_id_stands() {
    let world = World::new().await;
    let owner = world.person(world.tenant(Plan::Business).await, Role::Owner).await;
    record(&world, &owner, 1).await;
    world.clock.advance(DAY * 90);
    let now = world.now();
    let young: BTreeSet<_> = (0..EXPORTS).step_by(2).collect();
    for number in 0..EXPORTS {
        let second = Duration::from_secs(u64::from(young.contains(&number)));
        exported(&world, &owner, number, now.minus(DAY * 90).plus(second)).await;
    }
    // Nothing but the sweep: what follows from it takes its second.
    world.tick("sweep_purges").await;
    world.tick("sweep_purges").await;
    assert_eq!(left(&world, &owner).await, young);
    sweep(&world, &owner).await;
    for _ in 0..3 {
        sweep(&world, &owner).await;
    }
    assert_eq!(left(&world, &owner).await, BTreeSet::new());
}
