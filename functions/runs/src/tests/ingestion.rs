use std::time::Duration;

use domain::Role;
use protocol::{
    dsse::Envelope,
    key::PublicKey,
    keyset::{ControlPlaneKeys, KeyUse},
    receipt::Receipt,
    routes::{ConfigAnswer, EventsAnswer, ReceiptsAnswer},
};
use serde_json::json;
use system_tests::doubles::Fault;

use super::{
    customer::{Customer, body, name},
    field_runner::{FieldRunner, Said},
    world::{DEPLOYMENT, Person, World},
};

pub(super) async fn ready() -> (World, Person, FieldRunner) {
    let (world, customer) = (World::new().await, Customer::new());
    let owner = world.person(world.tenant().await, Role::Owner).await;
    customer.register(&world, &owner).await;
    let runner = FieldRunner::active(&world, &customer, &owner, 10).await;
    (world, owner, runner)
}

/// The key that receipts are verified with, as a Runner knows it.
async fn receipt_key(world: &World, runner: &FieldRunner) -> PublicKey {
    let config: ConfigAnswer =
        serde_json::from_value(runner.get(world, "/v1/runner/config").await.ok()).unwrap();
    let root = PublicKey::from_jwk(&config.root_jwk).unwrap();
    let keys = ControlPlaneKeys::verify(&config.keyset, &root, &name(DEPLOYMENT), 0).unwrap();
    keys.keys_for(KeyUse::Receipt).remove(0)
}

#[tokio::test]
async fn an_accepted_statement_is_receipted_listed_and_shown_as_it_was_signed() {
    let (world, owner, mut runner) = ready().await;
    let said = runner.say(&world);
    let answer: EventsAnswer =
        serde_json::from_value(runner.hand_in(&world, &[&said]).await.ok()).unwrap();
    assert_eq!((answer.next_expected_sequence, answer.missing.len()), (2, 0));
    let receipt = answer.results[0].receipt.clone().unwrap();
    let receipt = Receipt::verify(&receipt, &receipt_key(&world, &runner).await).unwrap();
    assert!(receipt.is_for(runner.runner, 1, &said.payload));
    assert_eq!((receipt.tenant, receipt.received_at), (owner.tenant, world.now()));
    assert_eq!(receipt.promise.seal_by, world.now().plus(Duration::from_mins(1)));

    let runs = world.get(&owner, "/v1/runs").await.ok();
    let (run, id) = (&runs["runs"][0], said.statement.predicate.run.id);
    assert_eq!(
        (&run["run"], &run["verification"], &run["outcome"]),
        (&json!(id), &json!("verified"), &json!("fail"))
    );
    // 10000 · 3/4: the check that weighs 3 passed, the one that weighs 1 failed.
    assert_eq!(
        (&run["score"]["score_bp"], &run["score"]["coverage_bp"]),
        (&json!(7_500), &json!(10_000))
    );
    assert_eq!(
        world.get(&owner, &format!("/v1/runs/{id}/statement")).await.ok(),
        body(&said.event.data)
    );
    let shown = world.get(&owner, &format!("/v1/runs/{id}")).await.ok();
    assert_eq!(shown["evidence"][0]["root"], json!(said.statement.predicate.evidence[0].root));
    assert_eq!(world.count(owner.tenant, "run.completed").await, 1);
}

#[tokio::test]
async fn an_event_in_order_costs_one_write() {
    let (world, _, mut runner) = ready().await;
    let first = runner.say(&world);
    runner.hand_in(&world, &[&first]).await.ok();
    let batch: Vec<Said> = (0..50).map(|_| runner.say(&world)).collect();
    world.documents.reset_counts();
    runner.hand_in(&world, &batch.iter().collect::<Vec<_>>()).await.ok();
    let counts = world.documents.counts();
    // The tenant's plan counts runs: the month's count is read and written once for the batch.
    assert_eq!(counts.writes, 50 + 1);
    // The Runner's record, to admit the request and to see how it stands.
    assert_eq!(counts.reads + counts.queries, 2 + 1);
}

#[tokio::test]
async fn a_hundred_events_are_one_request_and_the_hint_is_far_less_than_a_write_each() {
    let (world, owner, mut runner) = ready().await;
    let batch: Vec<Said> = (0..100).map(|_| runner.say(&world)).collect();
    world.documents.reset_counts();
    let answer: EventsAnswer = serde_json::from_value(
        runner.hand_in(&world, &batch.iter().collect::<Vec<_>>()).await.ok(),
    )
    .unwrap();
    assert!(answer.results.iter().all(|result| result.receipt.is_some()));
    assert_eq!(answer.next_expected_sequence, 101);
    assert!(world.documents.counts().writes <= 110);
    assert_eq!(world.documents_of(owner.tenant, "statement").await, 100);
}

#[tokio::test]
async fn another_process_knows_the_chain_from_what_is_held() {
    let (mut world, _, mut runner) = ready().await;
    let batch: Vec<Said> = (0..70).map(|_| runner.say(&world)).collect();
    runner.hand_in(&world, &batch.iter().collect::<Vec<_>>()).await.ok();
    let kept = runner.clone();
    let last = runner.say(&world);
    runner.hand_in(&world, &[&last]).await.ok();
    world.restart().await;
    let answer = runner.hand_in(&world, &[&last]).await.ok();
    assert_eq!(
        (&answer["results"][0]["status"], &answer["next_expected_sequence"]),
        (&json!("duplicate"), &json!(72))
    );
    world.restart().await;
    let mut clone = kept;
    let fork = clone.say_as(&world, |predicate| predicate.run.monotonic_ms = 13);
    assert_eq!(clone.outcome(&world, &body(&fork.event)).await.1, "event-id-conflict");
}

#[tokio::test]
async fn two_processes_that_know_different_things_agree() {
    let (world, owner, mut runner) = ready().await;
    let (first, second) = (runner.say(&world), runner.say(&world));
    runner.hand_in(&world, &[&first]).await.ok();
    // Another process holds the second one; this one believes that its number is free.
    let other = world.another_process().await;
    let request = runner.events_request(&world, &[&second]);
    other.send(request).await.ok();
    let third = runner.say(&world);
    let answer = runner.hand_in(&world, &[&second, &third]).await.ok();
    assert_eq!(
        (&answer["results"][0]["status"], &answer["results"][1]["status"]),
        (&json!("duplicate"), &json!("accepted"))
    );
    assert_eq!(world.documents_of(owner.tenant, "statement").await, 3);
}

#[tokio::test]
async fn receipts_can_be_asked_for_again() {
    let (world, _, mut runner) = ready().await;
    let batch: Vec<Said> = (0..3).map(|_| runner.say(&world)).collect();
    let answer: EventsAnswer = serde_json::from_value(
        runner.hand_in(&world, &batch.iter().collect::<Vec<_>>()).await.ok(),
    )
    .unwrap();
    let given: Vec<Envelope> =
        answer.results.into_iter().filter_map(|result| result.receipt).collect();
    let asked = async |after: u64| -> Vec<Envelope> {
        let answer = runner.get(&world, &format!("/v1/runner/receipts?after={after}")).await.ok();
        serde_json::from_value::<ReceiptsAnswer>(answer).unwrap().receipts
    };
    assert_eq!(asked(0).await, given);
    assert_eq!(asked(2).await, given[2..]);
    assert!(asked(3).await.is_empty());
}

#[tokio::test]
async fn a_commit_that_was_not_answered_is_neither_lost_nor_doubled() {
    // The first commit counts the run, the second holds it.
    for (nth, fault) in [
        (1, Fault::NotApplied),
        (1, Fault::AppliedButUnanswered),
        (2, Fault::NotApplied),
        (2, Fault::AppliedButUnanswered),
    ] {
        let (world, owner, mut runner) = ready().await;
        let said = runner.say(&world);
        world.documents.fail_commit(nth, fault);
        let answer = runner.hand_in(&world, &[&said]).await.ok();
        assert_eq!(answer["results"][0]["status"], "accepted", "{nth} {fault:?}");
        assert_eq!(world.count(owner.tenant, "run.completed").await, 1);
        assert_eq!(world.runs_counted(owner.tenant).await, 1, "{nth} {fault:?}");
    }
}

#[tokio::test]
async fn when_storage_does_not_answer_nothing_is_acknowledged_and_a_repetition_ends_well() {
    for fault in [Fault::NotApplied, Fault::AppliedButUnanswered] {
        let (world, owner, mut runner) = ready().await;
        let said = runner.say(&world);
        world.fail(4, Fault::NotApplied);
        runner.hand_in(&world, &[&said]).await.refused(503, "dependency-unavailable");
        assert_eq!(world.documents_of(owner.tenant, "statement").await, 0);
        world.fail(1, fault);
        assert_eq!(runner.outcome(&world, &body(&said.event)).await.0, "accepted");
        assert_eq!(world.documents_of(owner.tenant, "statement").await, 1);
    }
}

#[tokio::test]
async fn pages_of_runs_are_complete_over_all_shards() {
    let (world, customer) = (World::new().await, Customer::new());
    let owner = world.person(world.tenant().await, Role::Owner).await;
    customer.register(&world, &owner).await;
    let mut all = Vec::new();
    for seed in 10..14 {
        let mut runner = FieldRunner::active(&world, &customer, &owner, seed).await;
        for _ in 0..3 {
            let said = runner.say(&world);
            runner.hand_in(&world, &[&said]).await.ok();
            all.push(said.statement.predicate.run.id.to_string());
        }
    }
    let (mut listed, mut after) = (Vec::new(), String::new());
    loop {
        let page = world.get(&owner, &format!("/v1/runs?limit=5{after}")).await.ok();
        listed.extend(
            page["runs"]
                .as_array()
                .unwrap()
                .iter()
                .map(|run| run["run"].as_str().unwrap().to_owned()),
        );
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(listed.len(), 12);
    all.sort();
    listed.sort();
    assert_eq!(listed, all);
}
