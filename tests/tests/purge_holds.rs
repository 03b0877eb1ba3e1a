//! What a purge leaves alone: rows that are held when it is recorded, and what is known of them; and rows that are to be kept for longer meanwhile.

use std::{collections::BTreeSet, ops::Range, time::Duration};

use domain::{Actor, AuditEvent, EventKind, Plan, Role, Target, UserId};
use serde_json::{Value, json};
use system_tests::{
    judging::{first_epoch, singing, sung, witness},
    people::Person,
    pinned::export,
    purging::{DAY, ROWS, again, call, old_log, project, purge, purges, record, seal, sweep},
    world::World,
    writing::AUTH,
};

/// The hold of the tests.
const HELD: Range<u64> = 10..20;

async fn hold(world: &World, owner: &Person) -> String {
    let asked = json!({"from": HELD.start, "to": HELD.end, "reason": "case 7"});
    let hold = call(world, owner, "POST", "holds", Some(asked)).await;
    seal(world, owner).await;
    format!("holds/{}", hold["hold"].as_str().unwrap())
}

async fn agree(world: &World, owner: &Person) {
    let noticed = purges(world, owner).await.remove(0);
    assert_eq!(noticed["state"], "noticed", "{noticed}");
    let path = format!("purges/{}/acknowledgement", noticed["purge"].as_str().unwrap());
    call(world, owner, "POST", &path, None).await;
}

fn held() -> BTreeSet<u64> {
    HELD.map(|row| row - 1).collect()
}

/// The row that accounts for the purge came before the release, and so accounts for none of those rows.
#[tokio::test]
async fn what_is_released_while_a_purge_is_under_way_waits_for_the_next() {
    let world = World::new().await;
    let owner = old_log(&world).await;
    let path = hold(&world, &owner).await;
    witness(&world, &owner).await;
    sweep(&world, &owner).await;
    agree(&world, &owner).await;
    for _ in 0..3 {
        sweep(&world, &owner).await;
    }
    assert_eq!(purges(&world, &owner).await[0]["state"], "recorded", "for want of a witness");
    call(&world, &owner, "DELETE", &path, None).await;
    seal(&world, &owner).await;
    witness(&world, &owner).await;
    sweep(&world, &owner).await;
    let done = purges(&world, &owner).await;
    let first = done.iter().find(|purge| purge["state"] == "executed").unwrap();
    assert_eq!(first["kept"], 10, "{first}");
    let (file, report) = first_epoch(&world, &owner).await;
    assert!(singing(&file).is_superset(&held()), "{report:?}");

    sweep(&world, &owner).await;
    agree(&world, &owner).await;
    for _ in 0..3 {
        sweep(&world, &owner).await;
    }
    witness(&world, &owner).await;
    sweep(&world, &owner).await;
    let second = purges(&world, &owner).await.remove(0);
    assert_eq!((&second["state"], &second["from"]), (&json!("executed"), &json!(HELD.start)));
    assert!(singing(&first_epoch(&world, &owner).await.0).is_disjoint(&held()));
}

/// A hold may be set while the row is written that accounts for the purge, and be in the log before it.
#[tokio::test]
async fn what_is_held_for_a_moment_while_a_purge_is_under_way_waits_for_the_next() {
    let world = World::new().await;
    let owner = old_log(&world).await;
    witness(&world, &owner).await;
    sweep(&world, &owner).await;
    agree(&world, &owner).await;
    for _ in 0..3 {
        sweep(&world, &owner).await;
    }
    assert_eq!(purges(&world, &owner).await[0]["state"], "recorded", "for want of a witness");
    world.clock.advance(Duration::from_secs(1));
    let path = hold(&world, &owner).await;
    call(&world, &owner, "DELETE", &path, None).await;
    seal(&world, &owner).await;
    witness(&world, &owner).await;
    sweep(&world, &owner).await;
    let done = purges(&world, &owner).await;
    assert!(done.iter().any(|purge| purge["state"] == "executed"), "{done:?}");
    let (file, report) = first_epoch(&world, &owner).await;
    assert!(singing(&file).is_superset(&held()), "{report:?}");

    sweep(&world, &owner).await;
    agree(&world, &owner).await;
    for _ in 0..3 {
        sweep(&world, &owner).await;
    }
    witness(&world, &owner).await;
    sweep(&world, &owner).await;
    assert!(singing(&first_epoch(&world, &owner).await.0).is_disjoint(&held()));
}

/// A tenant that chooses a longer time while a purge waits means the rows of that purge too.
#[tokio::test]
async fn who_has_rows_kept_for_longer_meanwhile_keeps_them() {
    let world = World::new().await;
    let owner = world.person(world.tenant(Plan::Enterprise).await, Role::Owner).await;
    record(&world, &owner, ROWS).await;
    let months = |months: u32| Some(json!({"months": months}));
    call(&world, &owner, "PUT", "retention", months(13)).await;
    world.clock.advance(DAY * 420);
    let owner = again(&world, &owner).await;
    sweep(&world, &owner).await;
    agree(&world, &owner).await;
    call(&world, &owner, "PUT", "retention", months(24)).await;
    for _ in 0..4 {
        sweep(&world, &owner).await;
    }
    let states: Vec<_> =
        purges(&world, &owner).await.iter().map(|purge| purge["state"].clone()).collect();
    assert_eq!(states, ["dropped"]);
    assert_eq!(singing(&first_epoch(&world, &owner).await.0).len() as u64, ROWS);

    call(&world, &owner, "PUT", "retention", months(13)).await;
    let done = purge(&world, &owner).await;
    assert_eq!((&done["state"], &done["from"]), (&json!("executed"), &json!(1)), "{done}");
    assert!(singing(&first_epoch(&world, &owner).await.0).len() < 100);
}

/// Rows that stay keep what is known of the persons in them; of the others nothing is left.
#[tokio::test]
async fn personal_details_go_with_their_rows_and_stay_with_those_that_are_held() {
    let world = World::new().await;
    let owner = world.person(world.tenant(Plan::Business).await, Role::Owner).await;
    for number in 0..ROWS {
        detail(&world, &owner, number).await;
        if number % 30 == 29 {
            seal(&world, &owner).await;
        }
    }
    seal(&world, &owner).await;
    project(&world).await;
    world.clock.advance(DAY * 420);
    let owner = again(&world, &owner).await;
    hold(&world, &owner).await;
    assert_eq!(details(&world, &owner).await.len() as u64, ROWS);
    let done = purge(&world, &owner).await;
    assert_eq!(done["kept"], 10, "{done}");
    let to = done["to"].as_u64().unwrap();
    let left: BTreeSet<_> = HELD.chain(to..=ROWS).collect();
    assert_eq!(details(&world, &owner).await, left);
    world.clock.advance(DAY * 91);
    let owner = again(&world, &owner).await;
    sweep(&world, &owner).await;
    assert_eq!(sung(&world.data()), BTreeSet::new(), "details are sealed wherever they lie");
}

/// An event about somebody, with his address.
async fn detail(world: &World, owner: &Person, number: u64) {
    let subject = UserId::from_u128(u128::from(number % 3) + 1);
    let event = AuditEvent::new(EventKind::LoginSucceeded, Target::new("user", subject)).personal(
        "ip",
        subject,
        format!("203.0.113.{}", number % 200),
    );
    world.write(AUTH, owner.tenant, &Actor::user(subject), [event]).await;
}

/// The rows whose details an export shows.
async fn details(world: &World, owner: &Person) -> BTreeSet<u64> {
    let file = export(world, &owner.token, &json!({"details": true})).await;
    let archive = chain::container::read(&file);
    let lines = archive.files[chain::disclosure::FILE].split(|byte| *byte == b'\n');
    let lines = lines.filter(|line| !line.is_empty());
    lines
        .map(|line| serde_json::from_slice::<Value>(line).unwrap())
        .filter(|line| line["value"].as_str().is_some_and(|value| value.starts_with("203.")))
        .map(|line| line["seq"].as_u64().unwrap())
        .collect()
}
