//! Statements that come again, in another order, or with another past.

use std::time::Duration;

use serde_json::json;

use super::{is_recorded, pair};
use crate::tests::{customer::body, field_runner::outcome, ingestion::ready};

#[tokio::test]
async fn a_replayed_statement_gets_the_receipt_that_it_had_and_is_recorded_once() {
    let (world, owner, mut runner) = ready().await;
    let said = runner.say(&world);
    let first = runner.hand_in(&world, &[&said]).await.ok();
    world.advance(Duration::from_secs(30));
    for _ in 0..3 {
        let again = runner.hand_in(&world, &[&said, &said]).await.ok();
        assert_eq!(outcome(&again["results"][1]), pair("duplicate", ""));
        assert_eq!(again["results"][0]["receipt"], first["results"][0]["receipt"]);
    }
    assert_eq!(world.documents_of(owner.tenant, "statement").await, 1);
    assert_eq!(world.count(owner.tenant, "ingest.event.duplicate").await, 1);
}

#[tokio::test]
async fn the_same_statement_twice_in_one_batch_is_held_once() {
    let (world, owner, mut runner) = ready().await;
    let said = runner.say(&world);
    let answer = runner.hand_in(&world, &[&said, &said]).await.ok();
    let outcomes: Vec<_> = answer["results"].as_array().unwrap().iter().map(outcome).collect();
    assert_eq!(outcomes, [pair("accepted", ""), pair("duplicate", "")]);
    assert_eq!(world.documents_of(owner.tenant, "statement").await, 1);
}

#[tokio::test]
async fn reordered_statements_are_held_and_what_is_missing_is_told() {
    let (world, owner, mut runner) = ready().await;
    let said: Vec<_> = (0..5).map(|_| runner.say(&world)).collect();
    let answer = runner.hand_in(&world, &[&said[4], &said[2]]).await.ok();
    assert_eq!(
        (&answer["next_expected_sequence"], &answer["missing"]),
        (&json!(1), &json!([[1, 2], [4, 4]]))
    );
    let answer = runner.hand_in(&world, &[&said[3], &said[1], &said[0]]).await.ok();
    assert_eq!((&answer["next_expected_sequence"], &answer["missing"]), (&json!(6), &json!([])));
    assert_eq!(world.documents_of(owner.tenant, "statement").await, 5);
}

#[tokio::test]
async fn a_cloned_runner_is_set_apart_and_both_statements_are_kept() {
    let (world, owner, mut runner) = ready().await;
    let mut clone = runner.clone();
    let first = runner.say(&world);
    let fork = clone.say_as(&world, |predicate| predicate.run.monotonic_ms = 13);
    runner.hand_in(&world, &[&first]).await.ok();
    let answer = clone.hand_in(&world, &[&fork]).await.ok();
    assert_eq!(outcome(&answer["results"][0]), pair("conflict", "event-id-conflict"));
    assert!(answer["results"][0].get("receipt").is_none());
    let counts = (
        world.documents_of(owner.tenant, "statement").await,
        world.documents_of(owner.tenant, "conflict").await,
    );
    assert_eq!(counts, (1, 1));
    assert!(is_recorded(&world, &runner, "runner.fork.detected", "event-id-conflict").await);
    assert_eq!(world.count(owner.tenant, "runner.quarantined").await, 1);
    let shown = world.get(&owner, &format!("/v1/runners/{}", runner.runner)).await.ok();
    assert_eq!(shown["state"], "quarantined");

    let next = runner.say(&world);
    let answer = runner.hand_in(&world, &[&next]).await.ok();
    assert_eq!(outcome(&answer["results"][0]), pair("accepted", "runner-quarantined"));
    let runs = world.get(&owner, "/v1/runs").await.ok();
    assert_eq!(runs["runs"][0]["verification"], "suspect");
    clone.hand_in(&world, &[&fork]).await.ok();
    assert_eq!(world.documents_of(owner.tenant, "conflict").await, 1);
}

#[tokio::test]
async fn a_statement_that_contradicts_its_neighbour_is_set_apart() {
    let (world, owner, mut runner) = ready().await;
    let first = runner.say(&world);
    runner.hand_in(&world, &[&first]).await.ok();
    let stray = runner
        .say_as(&world, |predicate| predicate.event.prev = protocol::Digest::of("another past"));
    assert_eq!(
        runner.outcome(&world, &body(&stray.event)).await,
        pair("conflict", "chain-conflict")
    );
    assert!(is_recorded(&world, &runner, "ingest.event.conflict", "chain-conflict").await);
    assert_eq!(world.count(owner.tenant, "runner.quarantined").await, 1);
    assert_eq!(world.documents_of(owner.tenant, "statement").await, 1);
}
