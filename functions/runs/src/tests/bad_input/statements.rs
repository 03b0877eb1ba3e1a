//! Statements that say what cannot be, and events that say something else than theirs.

use serde_json::json;

use super::{is_recorded, pair};
use crate::tests::{customer::body, field_runner::outcome, ingestion::ready};

#[tokio::test]
async fn a_wrongly_typed_field_is_refused() {
    let (world, _, mut runner) = ready().await;
    let said = runner.say(&world);
    for (pointer, value) in [
        ("/sequence", json!(1)),
        ("/time", json!("yesterday")),
        ("/data/payload", json!(7)),
        ("/tenantid", json!("x")),
    ] {
        let mut event = body(&said.event);
        *event.pointer_mut(pointer).unwrap() = value;
        assert_eq!(
            runner.outcome(&world, &event).await,
            pair("rejected", "validation"),
            "{pointer}"
        );
    }
    let mut statement = body(&said.statement);
    statement["predicate"]["score"]["score_bp"] = json!("7500");
    let event = runner.sign_bytes(&said, serde_json::to_vec(&statement).unwrap());
    assert_eq!(runner.outcome(&world, &body(&event)).await, pair("rejected", "validation"));
}

#[tokio::test]
async fn an_attribute_that_the_statement_does_not_say_is_refused() {
    let (world, _, mut runner) = ready().await;
    let said = runner.say(&world);
    let other = domain::RunId::from_u128(1);
    for (attribute, value) in [
        ("subject", json!(other)),
        ("id", json!("00000000000000000002")),
        ("time", json!("2026-01-01T00:00:00Z")),
    ] {
        let mut event = body(&said.event);
        event[attribute] = value;
        assert_eq!(
            runner.outcome(&world, &event).await,
            pair("rejected", "attribute-mismatch"),
            "{attribute}"
        );
    }
    let mut event = body(&said.event);
    event["traceparent"] = json!("added on the way");
    assert_eq!(runner.outcome(&world, &event).await, pair("accepted", ""));
}

#[tokio::test]
async fn an_unknown_field_in_a_statement_is_refused() {
    let (world, _, mut runner) = ready().await;
    let said = runner.say(&world);
    for pointer in ["", "/predicate", "/predicate/steps/0", "/predicate/evidence/0"] {
        let mut statement = body(&said.statement);
        statement.pointer_mut(pointer).unwrap()["raw_value"] = json!("root:x:0:0");
        let event = runner.sign_bytes(&said, serde_json::to_vec(&statement).unwrap());
        assert_eq!(
            runner.outcome(&world, &body(&event)).await,
            pair("rejected", "unknown-field"),
            "{pointer}"
        );
    }
    assert!(is_recorded(&world, &runner, "run.result.rejected", "unknown-field").await);
}

#[tokio::test]
async fn a_statement_that_is_wrong_is_held_as_wrong_and_leaves_no_gap() {
    let (world, owner, mut runner) = ready().await;
    let said = [
        runner.say_as(&world, |predicate| predicate.score.score_bp = 10_000),
        runner.say_as(&world, |predicate| {
            predicate.steps[0].checks.pop();
            predicate.score = predicate.recomputed_score();
        }),
        runner.say_as(&world, |predicate| {
            predicate.steps[0].checks[1].weight = 100;
            predicate.score = predicate.recomputed_score();
        }),
        runner.say_as(&world, |predicate| {
            predicate.procedure.digest = protocol::Digest::of("never published");
        }),
        runner.say_as(&world, |predicate| {
            predicate.procedure.version = domain::VersionId::from_u128(1);
        }),
        runner.say(&world),
    ];
    let answer = runner.hand_in(&world, &said.each_ref()).await.ok();
    let codes: Vec<_> = answer["results"].as_array().unwrap().iter().map(outcome).collect();
    let rejected = |code| pair("rejected", code);
    assert_eq!(
        codes[..3],
        [rejected("score-mismatch"), rejected("checks-mismatch"), rejected("checks-mismatch")]
    );
    assert_eq!(
        codes[3..],
        [rejected("procedure-unknown"), rejected("procedure-unknown"), pair("accepted", "")]
    );
    assert!(
        answer["results"].as_array().unwrap().iter().all(|result| result["receipt"].is_object())
    );
    assert_eq!(answer["next_expected_sequence"], 7);
    assert_eq!(world.count(owner.tenant, "run.result.rejected").await, 5);
    assert_eq!(world.count(owner.tenant, "run.completed").await, 1);
}
