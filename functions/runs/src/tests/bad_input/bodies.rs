//! Bodies that cannot be read: too long, or no events.

use protocol::{
    cloudevent::{BATCH_MEDIA_TYPE, MEDIA_TYPE},
    dsse::PAYLOAD_MAX,
};
use serde_json::json;

use super::{EVENTS, is_recorded, pair};
use crate::tests::{customer::body, field_runner::outcome, ingestion::ready};

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
