//! Runs of a calendar month: as many as the plan includes, not one more, and none is lost.

use std::time::Duration;

use domain::{Quota, Role};
use serde_json::{Value, json};
use store::TenantRecord;

use super::{
    customer::{Customer, body},
    field_runner::{FieldRunner, Said},
    world::{Answer, Person, World},
};

/// A Runner of a tenant whose plan includes `runs` a month.
async fn with_runs(runs: u32) -> (World, Person, FieldRunner) {
    let (world, customer) = (World::new().await, Customer::new());
    let few = |record: &mut TenantRecord| {
        record.overrides.quotas.insert(Quota::RunsPerMonth, runs);
    };
    let owner = world.person(world.tenant_that(few).await, Role::Owner).await;
    customer.register(&world, &owner).await;
    let runner = FieldRunner::active(&world, &customer, &owner, 10).await;
    (world, owner, runner)
}

fn statuses(answer: Answer) -> Vec<Value> {
    let answer = answer.ok();
    let results = answer["results"].as_array().unwrap().iter();
    results.map(|result| result["status"].clone()).collect()
}

#[track_caller]
fn used_up(answer: &Answer, limit: u32) {
    answer.refused(403, "entitlement-required");
    let named = (&answer.json["entitlement"], &answer.json["plan"], &answer.json["limit"]);
    assert_eq!(named, (&json!("runs_per_month"), &json!("business"), &json!(limit)));
}

#[tokio::test]
async fn the_last_run_of_the_month_is_taken_and_the_next_one_waits_for_the_month_after() {
    let (world, owner, mut runner) = with_runs(2).await;
    let said: Vec<Said> = (0..3).map(|_| runner.say(&world)).collect();
    assert_eq!(statuses(runner.hand_in(&world, &[&said[0]]).await), ["accepted"]);
    assert_eq!(statuses(runner.hand_in(&world, &[&said[1]]).await), ["accepted"]);
    for _ in 0..2 {
        used_up(&runner.hand_in(&world, &[&said[2]]).await, 2);
    }
    assert_eq!(world.documents_of(owner.tenant, "statement").await, 2);
    let rejected = ("run.result.rejected".to_owned(), "entitlement-required".to_owned());
    let recorded = world.recorded(owner.tenant).await;
    assert_eq!(recorded.iter().filter(|event| **event == rejected).count(), 1, "once an hour");
    // What is held already is answered with its receipt, whatever the month has left.
    assert_eq!(statuses(runner.hand_in(&world, &[&said[1]]).await), ["duplicate"]);
    // 21 November: the month ends within ten days, and nothing was lost.
    world.advance(Duration::from_hours(24 * 10));
    assert_eq!(statuses(runner.hand_in(&world, &[&said[2]]).await), ["accepted"]);
}

#[tokio::test]
async fn a_batch_that_is_larger_than_what_is_left_is_taken_as_far_as_it_goes() {
    let (world, owner, mut runner) = with_runs(3).await;
    let said: Vec<Said> = (0..5).map(|_| runner.say(&world)).collect();
    // The lowest numbers count, in whatever order they come.
    let mixed: Vec<_> = [4, 1, 3, 0, 2].iter().map(|index| &said[*index]).collect();
    let taken = statuses(runner.hand_in(&world, &mixed).await);
    assert_eq!(taken, ["deferred", "accepted", "deferred", "accepted", "accepted"]);
    assert_eq!(world.documents_of(owner.tenant, "statement").await, 3);
    used_up(&runner.hand_in(&world, &[&said[3], &said[4]]).await, 3);
}

#[tokio::test]
async fn what_is_not_believed_is_no_run_of_the_month() {
    let (world, _, mut runner) = with_runs(1).await;
    let wrong = runner.say_as(&world, |predicate| predicate.score.score_bp += 1);
    assert_eq!(statuses(runner.hand_in(&world, &[&wrong]).await), ["rejected"]);
    let right = runner.say(&world);
    assert_eq!(statuses(runner.hand_in(&world, &[&right]).await), ["accepted"]);
    let over = runner.say(&world);
    used_up(&runner.hand_in(&world, &[&over]).await, 1);
}

#[tokio::test]
async fn event_grid_delivers_again_what_the_month_has_no_room_for() {
    let (world, owner, mut runner) = with_runs(0).await;
    let said = runner.say(&world);
    let answer = world.deliver(&body(&said.event)).await;
    assert!(!answer.status.is_success(), "success would end the deliveries");
    assert_eq!(world.documents_of(owner.tenant, "statement").await, 0);
    assert_eq!(world.documents_of(domain::TenantId::SYSTEM, "quarantined").await, 0);
}

/// Two processes, one run left: one of them takes it.
#[tokio::test]
async fn two_batches_at_once_do_not_both_take_the_last_run() {
    let (world, owner, mut runner) = with_runs(3).await;
    let said: Vec<Said> = (0..6).map(|_| runner.say(&world)).collect();
    let other = world.another_process().await;
    let (first, second) = said.split_at(3);
    let (first, second): (Vec<_>, Vec<_>) = (first.iter().collect(), second.iter().collect());
    let request = runner.events_request(&world, &second);
    let (one, other) = tokio::join!(runner.hand_in(&world, &first), other.send(request));
    let accepted = [one, other].into_iter().filter(|answer| answer.status.is_success());
    let accepted = accepted.flat_map(statuses).filter(|status| *status == "accepted").count();
    assert_eq!(accepted, 3);
    assert_eq!(world.documents_of(owner.tenant, "statement").await, 3);
}
