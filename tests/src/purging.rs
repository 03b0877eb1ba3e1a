//! What is over its time is announced, agreed to, exported, recorded, and removed: the way of a purge, through the public endpoints and the host's
//! envelopes.

use std::{ops::Range, time::Duration};

use domain::{Actor, AuditEvent, EventKind, Plan, Role, Target};
use serde_json::{Value, json};

use crate::{people::Person, world::World, writing::RUNS};

/// Rows of a log: more than one full entry bundle.
pub const ROWS: u64 = 270;
/// One day.
pub const DAY: Duration = Duration::from_hours(24);

/// Records `count` events, each with a word of its own that stands nowhere else, and seals them, some to a commit.
pub async fn record(world: &World, owner: &Person, count: u64) {
    for first in (0..count).step_by(30) {
        note(world, owner, first..count.min(first + 30)).await;
        seal(world, owner).await;
    }
}

/// Records the events of these numbers; nothing is sealed.
pub async fn note(world: &World, owner: &Person, numbers: Range<u64>) {
    // In the row alone, and in what leads to it.
    let events = numbers.map(|number| {
        let target = Target::new("procedure", canary(number));
        AuditEvent::new(EventKind::ProcedureLinted, target).with("note", canary(number))
    });
    world.write(RUNS, owner.tenant, &Actor::system("test"), events).await;
}

/// The word of event `number`.
pub fn canary(number: u64) -> String {
    format!("canary-{number:04}-flies")
}

/// Seals and signs what there is.
pub async fn seal(world: &World, owner: &Person) {
    world.clock.advance(Duration::from_secs(1));
    for function in ["seal_intents", "sign_checkpoint"] {
        wake(world, owner, function).await;
    }
}

/// Invokes a trigger of a queue whose messages are tenants.
pub async fn wake(world: &World, owner: &Person, function: &str) {
    let quoted = serde_json::to_string(&owner.tenant.to_string()).unwrap();
    let answer = world.invoke(function, &json!({"Data": {"message": quoted}})).await;
    assert_eq!(answer.status, 200, "{function}: {}", answer.json());
}

/// What the timer does that lets the projection follow the logs.
pub async fn project(world: &World) {
    let answer = world.invoke("project_rows", &json!({"Data": {"timer": {}}})).await;
    assert_eq!(answer.status, 200, "{}", answer.json());
}

/// What the timer of the app that purges does, and everything that follows from it.
pub async fn sweep(world: &World, owner: &Person) {
    let answer = world.invoke("sweep_purges", &json!({"Data": {"timer": {}}})).await;
    assert_eq!(answer.status, 200, "{}", answer.json());
    world.drain().await;
    seal(world, owner).await;
    project(world).await;
}

/// Asks the audit app, which must not refuse.
pub async fn call(
    world: &World,
    who: &Person,
    method: &str,
    path: &str,
    body: Option<Value>,
) -> Value {
    let path = format!("/api/audit/v1/audit/{path}");
    let answer = world.call(method, &path, Some(&who.token), body.as_ref()).await;
    assert!(answer.status.is_success(), "{method} {path}: {}", answer.json());
    answer.json()
}

/// The tenant's purges, newest first.
pub async fn purges(world: &World, owner: &Person) -> Vec<Value> {
    call(world, owner, "GET", "purges", None).await["purges"].as_array().unwrap().clone()
}

/// The owner after a while: signed in anew.
pub async fn again(world: &World, owner: &Person) -> Person {
    world.person(owner.tenant, Role::Owner).await
}

/// A tenant with an old log, and its owner today.
pub async fn old_log(world: &World) -> Person {
    let owner = world.person(world.tenant(Plan::Business).await, Role::Owner).await;
    record(world, &owner, ROWS).await;
    project(world).await;
    world.clock.advance(DAY * 420);
    again(world, &owner).await
}

/// Announced, agreed to, exported, recorded, signed, removed.
pub async fn purge(world: &World, owner: &Person) -> Value {
    sweep(world, owner).await;
    let noticed = purges(world, owner).await.remove(0);
    assert_eq!(noticed["state"], "noticed", "{noticed}");
    let path = format!("purges/{}/acknowledgement", noticed["purge"].as_str().unwrap());
    call(world, owner, "POST", &path, None).await;
    for _ in 0..4 {
        sweep(world, owner).await;
    }
    purges(world, owner).await.remove(0)
}

impl World {
    /// All of it, for a tenant of its own: a hold, a purge around it, and an erasure; and 91 days later, what a purge leaves behind.
    pub async fn purge_story(&self) {
        let owner = old_log(self).await;
        call(self, &owner, "PUT", "retention", Some(json!({"months": null}))).await;
        let hold = json!({"from": 10, "to": 20, "reason": "case 7"});
        let hold = call(self, &owner, "POST", "holds", Some(hold)).await;
        purge(self, &owner).await;
        call(self, &owner, "GET", "events?limit=5&action=procedure.", None).await;
        let path = format!("holds/{}", hold["hold"].as_str().unwrap());
        call(self, &owner, "DELETE", &path, None).await;
        self.clock.advance(DAY * 91);
        let owner = again(self, &owner).await;
        call(self, &owner, "PUT", "retention", Some(json!({"months": null}))).await;
        let invited = json!({"email": "carol@purged.example", "role": "viewer"});
        let path = "/api/auth/v1/invitations";
        let invited = self.call("POST", path, Some(&owner.token), Some(&invited)).await;
        assert_eq!(invited.status, 201, "{}", invited.json());
        seal(self, &owner).await;
        let body = json!({"subject": owner.user.to_string(), "reason": "a letter"});
        for _ in 0..2 {
            call(self, &owner, "POST", "erasures", Some(body.clone())).await;
        }
        sweep(self, &owner).await;
    }
}
