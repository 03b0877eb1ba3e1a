//! Processes write, seal and sign over loopback while answers get lost, Cosmos DB asks to slow down, and processes are killed.

use std::{
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use ambient::SystemClock;
use azure::AzureDocuments;
use azure_counterparts::emulator::{DATABASE, EmulatorHost};
use azure_data_cosmos::CosmosClient;
use domain::TenantId;
use ports::{Clock as _, Identity, Ports};
use store::{Partition, SystemCap, log};
use system_tests::{
    storm::{Judgement, Size, Supervisor, judge, seal_rest},
    world::World,
};
use tempfile::TempDir;

/// How long the log may be behind when the last event was stored.
const SEALED_WITHIN: Duration = Duration::from_mins(10);

fn on_cosmos(client: &CosmosClient, ports: Ports) -> Ports {
    let (clock, randomness) = (Arc::clone(&ports.clock), Arc::clone(&ports.randomness));
    let documents = AzureDocuments::over(client, DATABASE, ports.identity, clock, randomness);
    Ports { documents: Arc::new(documents), ..ports }
}

fn auditor(world: &World, client: &CosmosClient, tenant: TenantId) -> Partition {
    let ports = on_cosmos(client, world.store.ports(Identity::Audit));
    #[expect(clippy::disallowed_methods, reason = "this test reads the log as its app does")]
    SystemCap::mint(ports, None).partition(tenant, "storm")
}

async fn storm(size: Size) -> Judgement {
    let host = EmulatorHost::start(0, None).await.unwrap();
    let client = host.emulator.client().await.unwrap();
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let world = World::over_with(&data, SystemClock.now(), |ports| on_cosmos(&client, ports)).await;
    let tenant = TenantId::new(SystemClock.now(), [7; 10]);
    let log = auditor(&world, &client, tenant);

    let (begun, url) = (Instant::now(), host.url.to_string());
    let mut supervisor = Supervisor::start(size, move |role| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_azure-storm"));
        command.args([role.as_ref(), data.as_os_str(), url.as_ref(), tenant.to_string().as_ref()]);
        command
    });
    tokio::task::block_in_place(|| supervisor.run());
    let stored = begun.elapsed();
    while log::head(&log).await.unwrap().tree.size() < size.events().len() as u64 {
        supervisor.assert_no_alarm();
        assert!(begun.elapsed() < stored + SEALED_WITHIN, "the sealers do not come to an end");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let sealed = begun.elapsed();
    supervisor.end();
    world.clock.set(SystemClock.now());
    seal_rest(&world).await;
    let judgement = judge(&log, tenant, &size.events()).await;
    println!("{size:?}: stored after {stored:?}, sealed after {sealed:?}; {judgement:?}");
    judgement
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_are_killed_lose_nothing_in_cosmos_db() {
    let size = Size { writers: 4, events_each: 250, tasks_each: 4, sealers: 2, kills: 8 };
    let judgement = storm(size).await;
    assert!(judgement.void > 0, "nothing was refused");
}

/// The emulator takes in less than a hundred events a second from them all: ten thousand each, as on SQLite, would take it most of an hour.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes long: cargo xtask check"]
async fn sixteen_writers_that_are_killed_lose_nothing_in_cosmos_db() {
    let size = Size { writers: 16, events_each: 100, tasks_each: 8, sealers: 3, kills: 20 };
    storm(size).await;
}
