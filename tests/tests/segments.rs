//! The border between two segments of the log, while several sealers race across it.

use std::{collections::BTreeSet, sync::Arc};

use chain::{
    commit::{Head, ROWS_MAX},
    genesis,
};
use domain::{EventId, Plan, TenantId};
use ports::{Identity, Ports};
use serde_json::{Value, json};
use store::{Partition, SystemCap, log};
use system_tests::{
    doubles::Faulty,
    long_log::{lengthen, made_up},
    storm::{Storm, Weather, Writing, event, write},
    world::World,
};

const BORDER: u64 = 1 << 18;
/// Rows before the border when the race begins: more than one commit has.
const ROOM: u64 = 100;
const EVENTS: u32 = 400;

/// Others run between a read and the write that follows from it.
fn interleaved(ports: Ports) -> Ports {
    Ports { documents: Faulty::new(Arc::clone(&ports.documents)), ..ports }
}

fn auditor(world: &World, tenant: TenantId) -> Partition {
    let ports = world.store.ports(Identity::Audit);
    #[expect(
        clippy::disallowed_methods,
        reason = "this test reads and writes the log as its app does"
    )]
    SystemCap::mint(ports, None).partition(tenant, "segments")
}

/// A log that ends `ROOM` rows before the border. Its rows say always the same; what each has of its own is its number, its link and its hash.
async fn long_log(world: &World, log: &Partition) -> Head {
    let (tenant, rx) = (log.tenant(), world.now().to_string());
    let intents = |count: u64, action| {
        let intents =
            (0..count).map(move |number| made_up(tenant, number, (action, json!({})), world.now()));
        intents.collect::<Vec<_>>()
    };
    let (genesis, others) =
        (intents(1, genesis::ACTION), intents(ROWS_MAX as u64, "tenant.created"));
    let mut head = Head { rx, ..Head::default() };
    lengthen(log, &mut head, &genesis, 1).await;
    lengthen(log, &mut head, &others, BORDER - ROOM).await;
    head
}

/// As the host does: a message that was not dealt with is delivered again.
async fn seal(world: &World, tenant: TenantId) {
    let envelope = json!({"Data": {"message": format!("\"{tenant}\"")}});
    for _ in 0..10 {
        let answer = world.invoke("seal_intents", &envelope).await;
        match answer.status.as_u16() {
            200 => return,
            503 => {}
            _ => panic!("{}", answer.json()),
        }
    }
    panic!("nothing was sealed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "writes 262,044 rows first: cargo xtask check"]
async fn sealers_that_race_across_the_border_of_a_segment_make_one_line() {
    let world = World::with_ports(interleaved).await;
    let (second, third) = (world.elsewhere(interleaved).await, world.elsewhere(interleaved).await);
    let tenant = world.tenant(Plan::Enterprise).await;
    let log = auditor(&world, tenant);
    let mut head = long_log(&world, &log).await;
    assert_eq!(log::head(&log).await.unwrap(), head, "the last commit is the head");

    let calm = Storm::new(0, Weather::default());
    let writing = Writing { writer: 0, from: 0, to: EVENTS, tasks: 4 };
    write(world.store.ports(Identity::Runs), &calm, tenant, writing, drop).await;
    tokio::join!(seal(&world, tenant), seal(&second, tenant), seal(&third, tenant));

    let (mut ids, mut ends) = (Vec::new(), Vec::new());
    while let Some(commit) = log::commit_at(&log, head.tree.size()).await.unwrap() {
        head = commit.follow(&head, &tenant.to_string()).unwrap();
        ends.push(commit.size);
        for row in &commit.rows {
            let row: Value = serde_json::from_str(row).unwrap();
            assert_eq!(row["action"], "runner.activated", "{row}");
            ids.push(row["id"].as_str().unwrap().parse::<EventId>().unwrap());
        }
    }
    assert!(ends.contains(&BORDER), "a commit ends where the segment does: {ends:?}");
    assert_eq!(head.tree.size(), BORDER - ROOM + u64::from(EVENTS));
    let distinct: BTreeSet<_> = ids.iter().copied().collect();
    assert_eq!(
        (ids.len(), distinct),
        (EVENTS as usize, (0..EVENTS).map(|index| event(0, index)).collect())
    );
    assert_eq!(log::head(&log).await.unwrap(), head, "the head is found in the new segment");
    // Every commit is in the partition of its segment, and nowhere else.
    assert!(log::commit_at(&log, BORDER).await.unwrap().is_some());
    assert_eq!(
        (log::shard(&log, BORDER - 1), log::shard(&log, BORDER)),
        ("0".to_owned(), "1".to_owned())
    );
}
