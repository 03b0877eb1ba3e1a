//! What verifies logs as they are stored looks at all of them: at every piece, every epoch and every tenant, whatever it finds in one.

use std::{path::PathBuf, time::Duration};

use chain::tree::leaf_hash;
use domain::{Plan, Role};
use ports::{Bucket, Identity};
use rusqlite::{Connection, params};
use serde_json::{Value, json};
use store::{SystemCap, log};
use system_tests::{
    ended::old_epoch,
    long_log::{lengthen, made_up},
    people::Person,
    purging::{DAY, again, call, note, old_log, project, purge, record, seal},
    world::World,
};

/// More rows than one piece has.
const ROWS: u64 = (1 << 14) + 300;
/// From midnight on, when the clock of the tests starts, until the round has begun.
const NIGHT: Duration = Duration::from_hours(3);

async fn tenant(world: &World) -> Person {
    let owner = world.person(world.tenant(Plan::Business).await, Role::Owner).await;
    note(world, &owner, 0..10).await;
    seal(world, &owner).await;
    owner
}

async fn tick(world: &World) {
    let answer = world.invoke("verify_logs", &json!({"Data": {"timer": {}}})).await;
    assert_eq!(answer.status, 200, "{}", answer.json());
}

/// What the next night finds, and what was found before.
async fn night(world: &World, owner: &Person) -> Vec<Value> {
    world.clock.advance(DAY + NIGHT);
    tick(world).await;
    let listed = call(world, &again(world, owner).await, "GET", "verifications", None).await;
    listed["verifications"].as_array().unwrap_or_else(|| panic!("{listed}")).clone()
}

async fn verify(world: &World, owner: &Person, asked: Value) -> Value {
    call(world, owner, "POST", "verifications", Some(asked)).await
}

fn database(world: &World) -> Connection {
    Connection::open(world.data().join("store.sqlite")).unwrap()
}

/// The file of a blob.
fn file(world: &World, bucket: Bucket, name: &str) -> PathBuf {
    world.data().join("blobs").join(bucket.name()).join(name.replace('/', "~/"))
}

/// The log grows by a row that says that it is incomplete, and then by more than one piece. How many rows it had before.
async fn lengthened(world: &World, owner: &Person) -> u64 {
    let ports = world.store.ports(Identity::Audit);
    #[expect(clippy::disallowed_methods, reason = "this test writes the log as its app does")]
    let log = SystemCap::mint(ports, None).partition(owner.tenant, "verifying");
    let mut head = log::head(&log).await.unwrap();
    let at = head.tree.size();
    let intents = |count: u64, action| {
        let intents = (0..count)
            .map(|number| made_up(owner.tenant, number, (action, json!({})), world.now()));
        intents.collect::<Vec<_>>()
    };
    lengthen(&log, &mut head, &intents(1, "log.incomplete"), at + 1).await;
    lengthen(&log, &mut head, &intents(64, "tenant.created"), ROWS).await;
    seal(world, owner).await;
    at
}

/// Of a log of several pieces, what one of them says is said of the log; and where the next one begins is kept before it is looked at.
#[tokio::test]
async fn what_any_piece_of_a_night_finds_is_said_of_the_whole_log() {
    let world = World::new().await;
    let owner = tenant(&world).await;
    let at = lengthened(&world, &owner).await;
    database(&world)
        .execute_batch(
            "CREATE TABLE kept (rows INTEGER);
             CREATE TRIGGER keeping AFTER UPDATE ON documents WHEN NEW.kind = 'verifying'
             BEGIN INSERT INTO kept VALUES (json_extract(NEW.body, '$.night.rows')); END;",
        )
        .unwrap();
    let found = night(&world, &owner).await;
    assert_eq!(found.len(), 1, "{found:?}");
    let whole = &found[0];
    assert_eq!((&whole["verdict"], &whole["from"]), (&json!("incomplete"), &json!(0)), "{whole}");
    assert!(whole["to"].as_u64().unwrap() >= ROWS, "{whole}");
    assert_eq!(whole["rows_checked"], whole["to"], "{whole}");
    let note = whole["notes"][0].as_str().unwrap();
    assert!(note.starts_with(&format!("Row {at} says")), "{note}");
    let kept: i64 =
        database(&world).query_row("SELECT max(rows) FROM kept", [], |row| row.get(0)).unwrap();
    assert!(kept >= 1 << 14, "{kept}");
}

/// A purge accounts for no row that was held, though the row that says so is in no piece with them.
#[tokio::test]
async fn held_rows_that_are_gone_are_missed_in_every_piece() {
    let world = World::new().await;
    let owner = old_log(&world).await;
    call(&world, &owner, "POST", "holds", Some(json!({"from": 10, "to": 20, "reason": "case 7"})))
        .await;
    seal(&world, &owner).await;
    assert_eq!(purge(&world, &owner).await["kept"], 10);
    let part = verify(&world, &owner, json!({"to": 100})).await;
    assert_eq!((&part["verdict"], &part["purged"]), (&json!("ok"), &json!(89)), "{part}");

    let bundle = file(&world, Bucket::Entries, &format!("{}/tile/entries/000", owner.tenant));
    let entries = chain::tile::decode_entries(&std::fs::read(&bundle).unwrap())
        .map(|entry| entry.unwrap().to_vec())
        .enumerate()
        .map(|(row, entry)| match row {
            10..20 => leaf_hash(&entry).0.to_vec(),
            _ => entry,
        })
        .collect::<Vec<_>>();
    std::fs::write(&bundle, chain::tile::encode_entries(&entries).unwrap()).unwrap();
    let part = verify(&world, &owner, json!({"to": 100})).await;
    assert_eq!(
        (&part["first_bad"]["seq"], &part["first_bad"]["kind"]),
        (&json!(10), &json!("unexplained_purge")),
        "{part}"
    );
}

/// What stands before a piece among purged rows is not gone through once more.
#[tokio::test]
async fn a_piece_among_purged_rows_begins_with_its_entry_bundle() {
    let world = World::new().await;
    let owner = world.person(world.tenant(Plan::Business).await, Role::Owner).await;
    record(&world, &owner, 540).await;
    project(&world).await;
    world.clock.advance(DAY * 420);
    let owner = again(&world, &owner).await;
    let done = purge(&world, &owner).await;
    assert!(done["to"].as_u64().unwrap() > 400, "{done}");
    std::fs::remove_file(file(
        &world,
        Bucket::Entries,
        &format!("{}/tile/entries/000", owner.tenant),
    ))
    .unwrap();
    let part = verify(&world, &owner, json!({"from": 300, "to": 400})).await;
    assert_eq!((&part["verdict"], &part["purged"]), (&json!("ok"), &json!(100)), "{part}");
    let whole = verify(&world, &owner, json!({})).await;
    assert_eq!(whole["first_bad"]["kind"], "missing_body", "{whole}");
}

#[tokio::test]
async fn a_commit_that_cannot_be_read_is_named_by_its_first_row() {
    let world = World::new().await;
    let owner = world.person(world.tenant(Plan::Business).await, Role::Owner).await;
    record(&world, &owner, 120).await;
    let database = database(&world);
    let mut select = database
        .prepare("SELECT id FROM documents WHERE kind = 'commit' AND partition IN (SELECT partition FROM partitions WHERE container = 'log' AND tenant = ?1) ORDER BY id")
        .unwrap();
    let ids: Vec<String> = select
        .query_map([owner.tenant.to_string()], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let changed = database
        .execute("UPDATE documents SET body = '{}' WHERE kind = 'commit' AND id = ?1 AND partition IN (SELECT partition FROM partitions WHERE container = 'log' AND tenant = ?2)", params![ids[2], owner.tenant.to_string()])
        .unwrap();
    assert_eq!(changed, 1);
    let first: u64 = ids[2].trim_start_matches("c-").parse().unwrap();
    let answer = verify(&world, &owner, json!({})).await;
    assert_eq!(answer["verdict"], "broken", "{answer}");
    assert_eq!(
        (&answer["first_bad"]["seq"], &answer["first_bad"]["kind"]),
        (&json!(first), &json!("missing_body")),
        "{answer}"
    );
    assert_eq!(night(&world, &owner).await[0]["first_bad"]["seq"], first);
}

#[tokio::test]
async fn a_log_that_cannot_be_verified_keeps_no_other_waiting() {
    let world = World::new().await;
    let mut owners = [tenant(&world).await, tenant(&world).await];
    owners.sort_by_key(|owner| owner.tenant);
    let head = file(&world, Bucket::Checkpoints, &format!("{}/checkpoint.json", owners[0].tenant));
    std::fs::write(&head, "{}").unwrap();
    let found = night(&world, &owners[1]).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["verdict"], "ok", "{found:?}");
}

#[tokio::test]
async fn a_log_that_was_rotated_is_verified_in_all_its_epochs() {
    let (_before, world, owner) = old_epoch(false).await;
    let found = night(&world, &owner).await;
    let told = |one: &Value| (one["epoch"].clone(), one["verdict"].clone(), one["from"].clone());
    let mut told: Vec<_> = found.iter().map(told).collect();
    // They are of one moment, and then in no order.
    told.sort_by_key(|(epoch, ..)| epoch.as_u64());
    assert_eq!(told, [0, 1].map(|epoch| (json!(epoch), json!("ok"), json!(0))), "{found:?}");
    let owner = again(&world, &owner).await;
    let first = verify(&world, &owner, json!({"epoch": 0})).await;
    assert_eq!((&first["verdict"], &first["tier"]), (&json!("ok"), &json!("signed")), "{first}");
    assert!(first["rows_checked"].as_u64().unwrap() > system_tests::purging::ROWS, "{first}");
    assert_eq!(verify(&world, &owner, json!({})).await["epoch"], 1);
    let path = "/api/audit/v1/audit/verifications";
    let body = json!({"epoch": 2});
    let refused = world.call("POST", path, Some(&owner.token), Some(&body)).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (400, "invalid-filter"));
}
