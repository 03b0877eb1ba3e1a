//! A tenant whose log was rotated: its first epoch has ended, and is over its time.

use std::{ops::Range, path::Path, time::Duration};

use domain::{Plan, Role, Timestamp};
use serde_json::{Value, json};

use crate::{
    judging::signed,
    people::Person,
    purging::{DAY, ROWS, again, call, note, project, record, seal},
    world::World,
};

/// The hold of the tests.
pub const HELD: Range<u64> = 10..20;

/// So long after a key was made, a log announces it.
const KNOWN_AFTER: Duration = Duration::from_mins(20);

/// A deployment some time after the operator asked for that rotation: the key was made then, and is known to everybody now.
pub async fn rotated(data: &Path, now: Timestamp, rotation: &str) -> World {
    let settings = [("PROOFLINE_LOG_ROTATION", rotation)];
    drop(World::set_to(data, now.minus(KNOWN_AFTER), &settings).await);
    World::set_to(data, now, &settings).await
}

/// Something happens, so that the log ends and goes on.
pub async fn go_over(world: &World, owner: &Person, epoch: u64) {
    note(world, owner, 8000..8001).await;
    for _ in 0..4 {
        seal(world, owner).await;
    }
    assert_eq!(signed(world, owner).await.epoch, epoch);
}

/// A tenant whose log is in its second epoch, whose first one is over its time; and its owner today.
pub async fn old_epoch(held: bool) -> (World, World, Person) {
    let before = World::new().await;
    let owner = before.person(before.tenant(Plan::Business).await, Role::Owner).await;
    record(&before, &owner, ROWS).await;
    if held {
        hold(&before, &owner, None).await;
    }
    project(&before).await;
    let world = rotated(&before.data(), before.now(), "1").await;
    go_over(&world, &owner, 1).await;
    world.clock.advance(DAY * 420);
    let owner = again(&world, &owner).await;
    (before, world, owner)
}

/// Puts the rows of [`HELD`] under a hold, of this epoch or of the current one.
pub async fn hold(world: &World, owner: &Person, epoch: Option<u64>) -> Value {
    let asked = json!({"epoch": epoch, "from": HELD.start, "to": HELD.end, "reason": "case 7"});
    let hold = call(world, owner, "POST", "holds", Some(asked)).await;
    seal(world, owner).await;
    hold
}
