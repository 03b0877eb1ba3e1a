//! What must not get in: each kind of bad input, refused with its stable code or set apart, and recorded.

use std::time::Duration;

use domain::Role;
use protocol::{
    cloudevent::{BATCH_MEDIA_TYPE, MEDIA_TYPE},
    dsse::PAYLOAD_MAX,
    key::Signer as _,
};
use serde_json::{Value, json};

use super::{
    customer::{Customer, body, key, name},
    field_runner::{FieldRunner, outcome},
    ingestion::ready,
    world::World,
};

const EVENTS: &str = "/v1/runner/events";

fn pair(status: &str, code: &str) -> (String, String) {
    (status.to_owned(), code.to_owned())
}

async fn is_recorded(world: &World, runner: &FieldRunner, action: &str, code: &str) -> bool {
    world.recorded(runner.tenant).await.contains(&pair(action, code))
}

#[tokio::test]
async fn an_oversized_body_is_refused_with_the_limit() {
    let (world, _, runner) = ready().await;
    let mut bytes = vec![b' '; 1024 * 1024 + 1];
    bytes[0] = b'[';
    let answer = runner.send(&world, "POST", EVENTS, Some((MEDIA_TYPE, bytes))).await;
    answer.refused(413, "payload-too-large");
    assert_eq!(answer.json["max"], 1024 * 1024);
}

#[tokio::test]
async fn a_batch_of_more_than_a_hundred_is_refused_whole() {
    let (world, owner, mut runner) = ready().await;
    let said = runner.say(&world);
    let events = vec![body(&said.event); 101];
    runner.hand_in_raw(&world, &events).await.refused(413, "payload-too-large");
    runner.hand_in_raw(&world, &[]).await.refused(413, "payload-too-large");
    assert_eq!(world.documents_of(owner.tenant, "statement").await, 0);
}

#[tokio::test]
async fn an_oversized_statement_is_refused() {
    let (world, _, mut runner) = ready().await;
    let said = runner.say(&world);
    let event = runner.sign_bytes(&said, vec![b' '; PAYLOAD_MAX + 1]);
    assert_eq!(runner.outcome(&world, &body(&event)).await, pair("rejected", "payload-too-large"));
    assert!(is_recorded(&world, &runner, "run.result.rejected", "payload-too-large").await);
}

#[tokio::test]
async fn what_is_no_json_is_refused_and_a_bad_entry_spoils_no_other() {
    let (world, _, mut runner) = ready().await;
    for bytes in [&b"{"[..], b"[1,]", b"", b"[] []"] {
        let body = Some((BATCH_MEDIA_TYPE, bytes.to_vec()));
        runner.send(&world, "POST", EVENTS, body).await.refused(400, "validation");
    }
    let (first, second) = (runner.say(&world), runner.say(&world));
    let events = [body(&first.event), json!({"id": "x"}), json!(7), body(&second.event)];
    let answer = runner.hand_in_raw(&world, &events).await.ok();
    let outcomes: Vec<(String, String)> =
        answer["results"].as_array().unwrap().iter().map(outcome).collect();
    let rejected = pair("rejected", "validation");
    assert_eq!(outcomes, [pair("accepted", ""), rejected.clone(), rejected, pair("accepted", "")]);
    assert_eq!(answer["results"][1]["id"], "x");
    assert!(is_recorded(&world, &runner, "run.result.rejected", "validation").await);
}

#[tokio::test]
async fn another_media_type_is_refused() {
    let (world, _, runner) = ready().await;
    let answer =
        runner.send(&world, "POST", EVENTS, Some(("application/json", b"[]".to_vec()))).await;
    answer.refused(415, "unsupported-media-type");
}

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

#[tokio::test]
async fn a_request_outside_of_two_minutes_is_told_our_time() {
    let (world, _, mut runner) = ready().await;
    let said = runner.say(&world);
    let request = |created| {
        let bytes = serde_json::to_vec(&[&said.event]).unwrap();
        runner.request(created, "POST", EVENTS, Some((BATCH_MEDIA_TYPE, bytes)))
    };
    for created in
        [world.now().plus(Duration::from_secs(121)), world.now().minus(Duration::from_mins(3))]
    {
        let answer = world.send(request(created)).await;
        answer.refused(401, "clock-skew");
        assert_eq!(answer.json["server_time"], json!(world.now()));
    }
    for created in
        [world.now().plus(Duration::from_mins(2)), world.now().minus(Duration::from_secs(60 + 119))]
    {
        world.send(request(created)).await.ok();
    }
}

#[tokio::test]
async fn a_skewed_clock_is_flagged_and_a_wrong_day_is_not_believed() {
    let (world, owner, mut runner) = ready().await;
    let at = |predicate: &mut protocol::statement::Predicate, time| predicate.event.time = time;
    let (now, day) = (world.now(), Duration::from_hours(24));
    let said = [
        runner.say_as(&world, |predicate| at(predicate, now.plus(Duration::from_secs(121)))),
        runner.say_as(&world, |predicate| at(predicate, now.minus(day + Duration::from_secs(1)))),
        runner.say_as(&world, |predicate| at(predicate, now.minus(day * 401))),
    ];
    let answer = runner.hand_in(&world, &said.each_ref()).await.ok();
    let outcomes: Vec<_> = answer["results"].as_array().unwrap().iter().map(outcome).collect();
    assert_eq!(
        outcomes,
        [pair("accepted", ""), pair("accepted", ""), pair("rejected", "too-late")]
    );
    let runs = world.get(&owner, "/v1/runs").await.ok();
    let times: Vec<&Value> =
        runs["runs"].as_array().unwrap().iter().map(|run| &run["time"]).collect();
    assert_eq!(times, ["time_untrusted", "time_untrusted", "skewed"]);
}

#[tokio::test]
async fn an_unknown_key_an_unknown_runner_and_a_revoked_one_get_the_same_answer() {
    let (world, owner, mut runner) = ready().await;
    let said = runner.say(&world);
    let stranger = FieldRunner { key: key(99), ..runner.clone() };
    let wrong = stranger.hand_in(&world, &[&said]).await;
    wrong.refused(401, "signature-invalid");
    let nobody = FieldRunner { runner: domain::RunnerId::from_u128(1), ..runner.clone() };
    let unknown = nobody.hand_in(&world, &[&said]).await;
    world.post(&owner, &format!("/v1/runners/{}/revoke", runner.runner), json!({})).await.ok();
    let revoked = runner.hand_in(&world, &[&said]).await;
    for answer in [&unknown, &revoked] {
        answer.refused(401, "signature-invalid");
        assert_eq!(answer.json["detail"], wrong.json["detail"]);
    }
    assert_eq!(world.documents_of(owner.tenant, "statement").await, 0);
}

#[tokio::test]
async fn an_unsigned_and_a_changed_request_are_refused() {
    let (world, _, mut runner) = ready().await;
    let said = runner.say(&world);
    let request = || runner.events_request(&world, &[&said]);
    let mut unsigned = request();
    unsigned.headers_mut().remove("signature");
    world.send(unsigned).await.refused(401, "unsigned");
    let mut moved = request();
    *moved.uri_mut() = "/api/runs/v1/runner/events?x=1".parse().unwrap();
    world.send(moved).await.refused(401, "signature-invalid");
    let (parts, _) = request().into_parts();
    let other_body = axum::http::Request::from_parts(parts, axum::body::Body::from("[1]"));
    world.send(other_body).await.refused(401, "signature-invalid");
    let mut other_tenant = request();
    other_tenant
        .headers_mut()
        .insert("proofline-tenant", world.tenant().await.to_string().parse().unwrap());
    world.send(other_tenant).await.refused(401, "signature-invalid");
}

#[tokio::test]
async fn a_statement_of_another_tenants_runner_is_refused() {
    let (world, owner, runner) = ready().await;
    let customer = Customer::new();
    let other = world.person(world.tenant().await, Role::Owner).await;
    customer.register(&world, &other).await;
    let mut foreign = FieldRunner::active(&world, &customer, &other, 20).await;
    let said = foreign.say(&world);
    assert_eq!(runner.outcome(&world, &body(&said.event)).await, pair("rejected", "unsigned"));

    // Its own key, in another tenant's or deployment's name.
    let mut liar = runner.clone();
    let said = liar.say_as(&world, |predicate| predicate.tenant = other.tenant);
    assert_eq!(runner.outcome(&world, &body(&said.event)).await, pair("rejected", "wrong-tenant"));
    let mut liar = runner.clone();
    let said = liar.say_as(&world, |predicate| predicate.deployment = name("elsewhere"));
    assert_eq!(
        runner.outcome(&world, &body(&said.event)).await,
        pair("rejected", "wrong-deployment")
    );
    let mut liar = runner.clone();
    let said = liar.say_as(&world, |predicate| predicate.runner.kid = key(99).kid());
    assert_eq!(
        runner.outcome(&world, &body(&said.event)).await,
        pair("rejected", "attribute-mismatch")
    );
    assert_eq!(
        world.documents_of(owner.tenant, "statement").await
            + world.documents_of(other.tenant, "statement").await,
        0
    );
    assert!(is_recorded(&world, &runner, "run.result.rejected", "wrong-tenant").await);
}

#[tokio::test]
async fn another_runners_name_is_refused() {
    let (world, owner, runner) = ready().await;
    let mut twin = FieldRunner::active(&world, &Customer::new(), &owner, 20).await;
    twin.key = runner.key.clone();
    let said = twin.say(&world);
    assert_eq!(runner.outcome(&world, &body(&said.event)).await, pair("rejected", "wrong-runner"));
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
async fn deep_json_is_refused_in_the_body_and_in_the_statement() {
    let (world, _, mut runner) = ready().await;
    let deep = format!("{}{}", "[".repeat(33), "]".repeat(33)).into_bytes();
    let answer = runner.send(&world, "POST", EVENTS, Some((MEDIA_TYPE, deep.clone()))).await;
    answer.refused(400, "validation");
    let said = runner.say(&world);
    let event = runner.sign_bytes(&said, deep);
    assert_eq!(runner.outcome(&world, &body(&event)).await, pair("rejected", "validation"));
}

#[tokio::test]
async fn invalid_utf_8_is_refused_in_the_body_and_in_the_statement() {
    let (world, _, mut runner) = ready().await;
    let answer = runner
        .send(&world, "POST", EVENTS, Some((MEDIA_TYPE, b"{\"id\":\"\xff\"}".to_vec())))
        .await;
    answer.refused(400, "validation");
    let said = runner.say(&world);
    let event = runner.sign_bytes(&said, b"{\"_type\":\"\xff\"}".to_vec());
    assert_eq!(runner.outcome(&world, &body(&event)).await, pair("rejected", "validation"));
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
