//! Many processes write, seal and sign on one local store while answers get lost and processes are killed: nothing that was acknowledged is
//! lost or doubled, the log is one line, and it says of nothing falsely that it is missing.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use ambient::SystemClock;
use chain::{report::Verdict, verify};
use domain::{Plan, Role, TenantId};
use ports::{Clock as _, Identity};
use serde_json::json;
use store::SystemCap;
use system_tests::{
    pinned::{export, first_policy},
    storm::{Judgement, Size, Supervisor, judge, seal_rest},
    world::World,
};
use tempfile::TempDir;

/// How long the log may be behind when the last event was stored.
const SEALED_WITHIN: Duration = Duration::from_mins(10);

/// Rows that are sealed, as far as one can see from outside.
async fn sealed(world: &World, tenant: TenantId) -> u64 {
    let cap = auditor(world);
    store::log::head(&cap.partition(tenant, "storm")).await.unwrap().tree.size()
}

fn auditor(world: &World) -> SystemCap {
    let ports = world.store.ports(Identity::Audit);
    #[expect(clippy::disallowed_methods, reason = "this test reads the log as its app does")]
    SystemCap::mint(ports, None)
}

async fn storm(size: Size) -> Judgement {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let world = World::over(&data, SystemClock.now()).await;
    let tenant = world.tenant(Plan::Enterprise).await;
    let (begun, folder) = (Instant::now(), data.clone());
    let mut supervisor = Supervisor::start(size, move |role| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_storm"));
        command.args([role.as_ref(), folder.as_os_str(), tenant.to_string().as_ref()]);
        command
    });
    tokio::task::block_in_place(|| supervisor.run());
    let (stored, total) = (begun.elapsed(), u64::from(size.writers * size.events_each));
    while sealed(&world, tenant).await < total {
        supervisor.assert_no_alarm();
        assert!(begun.elapsed() < stored + SEALED_WITHIN, "the sealers do not come to an end");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let all_sealed = begun.elapsed();
    supervisor.end();
    world.clock.set(SystemClock.now());
    seal_rest(&world).await;

    let judgement =
        judge(&auditor(&world).partition(tenant, "storm"), tenant, &size.events()).await;
    println!("{size:?}: stored after {stored:?}, sealed after {all_sealed:?}; {judgement:?}");
    let owner = world.person(tenant, Role::Owner).await;
    let file = export(&world, &owner.token, &json!({})).await;
    let report = verify::bundle(&file, Some(&first_policy(&world, tenant, "").await));
    // Not whole when a row says so; and every such row was found to be true.
    let verdict = if judgement.missing > 0 { Verdict::Incomplete } else { Verdict::Ok };
    assert_eq!((report.verdict, &report.first_bad), (verdict, &None), "{report:?}");
    // The export is recorded too.
    assert!(report.rows_checked >= judgement.size, "{report:?}");
    judgement
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_writers_and_two_sealers_that_are_killed_lose_nothing() {
    let size = Size { writers: 4, events_each: 300, tasks_each: 4, sealers: 2, kills: 12 };
    let judgement = storm(size).await;
    assert!(judgement.void > 0, "nothing was refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: cargo xtask check"]
async fn sixteen_writers_with_ten_thousand_events_each_lose_nothing() {
    let size = Size { writers: 16, events_each: 10_000, tasks_each: 8, sealers: 3, kills: 60 };
    storm(size).await;
}
