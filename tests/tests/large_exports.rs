//! Exports that are written and read in several pieces: whole, announced with their length, and with nothing left behind.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use chain::{Hash, commit::ROWS_MAX, report::Verdict, verify};
use domain::{Actor, AuditEvent, EventKind, Plan, Role, Target};
use ports::Identity;
use serde_json::json;
use store::{SystemCap, log};

use system_tests::{
    long_log::{lengthen, made_up},
    people::Person,
    pinned::first_policy,
    purging::{call, seal},
    world::{Answer, World},
    writing::RUNS,
};

/// One more than 2^20.
const ROWS: u64 = (1 << 20) + 1;
/// What is handed to storage, and read of it, at a time.
const PIECE_BYTES: usize = 4 << 20;

/// A log of nine megabytes.
async fn long_log() -> (World, Person) {
    let world = World::new().await;
    let tenant = world.tenant(Plan::Enterprise).await;
    let owner = world.person(tenant, Role::Owner).await;
    for first in (0..300).step_by(30) {
        let events = (first..first + 30).map(|number| {
            AuditEvent::new(
                EventKind::ProcedureLinted,
                Target::new("procedure", number.to_string()),
            )
            .with("note", "n".repeat(30_000))
        });
        world.write(RUNS, owner.tenant, &Actor::system("test"), events).await;
        seal(&world, &owner).await;
    }
    (world, owner)
}

async fn download(world: &World, owner: &Person, export: &serde_json::Value) -> Answer {
    let path = format!("/api/audit/v1/audit/exports/{}/content", export.as_str().unwrap());
    world.call("GET", &path, Some(&owner.token), None).await
}

#[tokio::test]
async fn a_file_of_several_pieces_is_what_was_announced() {
    let (world, owner) = long_log().await;
    for format in ["bundle", "csv", "jsonl"] {
        let made = call(&world, &owner, "POST", "exports", Some(json!({"format": format}))).await;
        let file = download(&world, &owner, &made["export"]).await;
        assert!(file.bytes.len() > 2 * PIECE_BYTES, "{format}: {}", file.bytes.len());
        assert_eq!(made["bytes"], file.bytes.len(), "{format}");
        assert_eq!(file.headers["content-length"], made["bytes"].to_string(), "{format}");
        assert_eq!(made["sha256"], Hash::of(&file.bytes).to_string(), "{format}");
        if format == "bundle" {
            let policy = first_policy(&world, owner.tenant, "").await;
            let report = verify::bundle(&file.bytes, Some(&policy));
            assert_eq!((report.verdict, made["size"].as_u64()), (Verdict::Ok, Some(report.size)));
        }
    }
    assert_eq!(files(&world.data().join("blobs/exports")).len(), 3, "and nothing half done");
}

/// More rows than a process should hold: what of them is in memory at a time is a hash of each, and a few megabytes.
#[tokio::test]
#[ignore = "writes 1,048,577 rows first: cargo xtask check"]
async fn a_log_of_a_million_rows_is_one_file() {
    let world = World::new().await;
    let tenant = world.tenant(Plan::Enterprise).await;
    let owner = world.person(tenant, Role::Owner).await;
    // The log begins with who looks at it.
    call(&world, &owner, "GET", "events", None).await;
    seal(&world, &owner).await;
    let ports = world.store.ports(Identity::Audit);
    #[expect(clippy::disallowed_methods, reason = "this test writes the log as its app does")]
    let log = SystemCap::mint(ports, None).partition(tenant, "test");
    let mut head = log::head(&log).await.unwrap();
    let note = json!({"note": "n".repeat(100)});
    let said = |number| made_up(tenant, number, ("tenant.created", note.clone()), world.now());
    let intents: Vec<_> = (1..=ROWS_MAX as u64).map(said).collect();
    lengthen(&log, &mut head, &intents, ROWS).await;
    seal(&world, &owner).await;
    let begun = Instant::now();
    let made = call(&world, &owner, "POST", "exports", Some(json!({}))).await;
    let laid_out = begun.elapsed();
    let file = download(&world, &owner, &made["export"]).await;
    println!("{made}: made in {laid_out:?}, and downloaded after {:?}", begun.elapsed());
    assert_eq!(made["bytes"], file.bytes.len());
    let policy = first_policy(&world, owner.tenant, "").await;
    let report = verify::bundle(&file.bytes, Some(&policy));
    assert_eq!(report.verdict, Verdict::Ok, "{report:?}");
    assert!(report.size > ROWS, "{report:?}");
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let below = |path: PathBuf| if path.is_dir() { files(&path) } else { vec![path] };
    entries.flat_map(below).collect()
}
