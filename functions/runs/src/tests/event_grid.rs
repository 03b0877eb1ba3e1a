use std::time::Duration;

use domain::TenantId;
use protocol::key::Signer as _;
use serde_json::json;
use system_tests::doubles::Fault;

use super::{
    customer::{body, key},
    field_runner::FieldRunner,
    ingestion::ready,
};

#[tokio::test]
async fn the_same_bytes_come_in_through_event_grid() {
    let (world, owner, mut runner) = ready().await;
    let said = runner.say(&world);
    let answer = world.deliver(&body(&said.event)).await.ok();
    assert_eq!(answer["ReturnValue"]["status"], "accepted");
    let receipts = runner.get(&world, "/v1/runner/receipts").await.ok();
    assert_eq!(receipts["receipts"].as_array().unwrap().len(), 1);
    // At least once, in any order: the second delivery and the other door change nothing.
    assert_eq!(world.deliver(&body(&said.event)).await.ok()["ReturnValue"]["status"], "duplicate");
    assert_eq!(runner.outcome(&world, &body(&said.event)).await.0, "duplicate");
    assert_eq!(world.documents_of(owner.tenant, "statement").await, 1);
}

#[tokio::test]
async fn what_no_runner_signed_is_put_aside_and_touches_no_tenant() {
    let (world, owner, mut runner) = ready().await;
    let said = runner.say(&world);
    let before = world.recorded(owner.tenant).await.len();
    let forged =
        FieldRunner { key: key(99), ..runner.clone() }.sign(said.statement.clone(), world.now());
    let mut unknown = body(&said.event);
    unknown["runnerid"] = json!(domain::RunnerId::from_u128(1));
    let mut deep = json!(1);
    for _ in 0..40 {
        deep = json!([deep]);
    }
    let cases = [
        (body(&forged.event), "signature-invalid"),
        (unknown, "runner-unknown"),
        (json!({"specversion": "1.0"}), "validation"),
        (json!({"deep": deep}), "validation"),
    ];
    for (event, code) in &cases {
        let expected = if *code == "signature-invalid" { "unsigned" } else { code };
        let answer = world.deliver(event).await.ok();
        assert_eq!(answer["ReturnValue"], json!({"status": "rejected", "code": expected}));
        world.deliver(event).await.ok();
    }
    assert_eq!(world.documents_of(TenantId::SYSTEM, "quarantined").await, cases.len());
    assert_eq!(world.recorded(owner.tenant).await.len(), before);
}

#[tokio::test]
async fn a_signature_in_the_name_of_the_right_key_must_hold() {
    let (world, owner, mut runner) = ready().await;
    let said = runner.say(&world);
    let mut event = body(&said.event);
    let other = runner.say(&world);
    event["data"]["payload"] = body(&other.event)["data"]["payload"].clone();
    assert_eq!(event["data"]["signatures"][0]["keyid"], json!(runner.key.kid()));
    let answer = world.deliver(&event).await.ok();
    assert_eq!(answer["ReturnValue"]["code"], "signature-invalid");
    assert_eq!(world.documents_of(owner.tenant, "statement").await, 0);
}

#[tokio::test]
async fn what_a_revoked_runner_signed_is_recorded_and_does_not_count() {
    let (world, owner, mut runner) = ready().await;
    let said = runner.say(&world);
    world.post(&owner, &format!("/v1/runners/{}/revoke", runner.runner), json!({})).await.ok();
    for _ in 0..2 {
        let answer = world.deliver(&body(&said.event)).await.ok();
        assert_eq!(answer["ReturnValue"]["code"], "key-revoked");
    }
    assert_eq!(world.documents_of(owner.tenant, "statement").await, 0);
    assert_eq!(world.documents_of(TenantId::SYSTEM, "quarantined").await, 1);
    let rejected = ("run.result.rejected".to_owned(), "key-revoked".to_owned());
    assert_eq!(
        world.recorded(owner.tenant).await.iter().filter(|event| **event == rejected).count(),
        1
    );
}

#[tokio::test]
async fn a_runners_key_counts_no_longer_than_its_certificate() {
    let (world, owner, mut runner) = ready().await;
    world.advance(Duration::from_hours(24 * 365));
    let said = runner.say(&world);
    assert_eq!(world.deliver(&body(&said.event)).await.ok()["ReturnValue"]["code"], "key-revoked");
    runner.hand_in(&world, &[&said]).await.refused(401, "signature-invalid");
    assert_eq!(world.documents_of(owner.tenant, "statement").await, 0);
}

#[tokio::test]
async fn what_waits_for_approval_does_not_count_yet() {
    let (world, owner, _) = ready().await;
    let mut waiting =
        FieldRunner::enrolled(&world, &super::customer::Customer::new(), &owner, 20).await;
    let said = waiting.say(&world);
    assert_eq!(
        world.deliver(&body(&said.event)).await.ok()["ReturnValue"]["code"],
        "runner-not-active"
    );
}

#[tokio::test]
async fn when_storage_does_not_answer_event_grid_is_asked_to_come_again() {
    let (world, owner, mut runner) = ready().await;
    let said = runner.say(&world);
    world.fail(4, Fault::NotApplied);
    world.deliver(&body(&said.event)).await.refused(503, "dependency-unavailable");
    assert_eq!(world.documents_of(TenantId::SYSTEM, "quarantined").await, 0);
    assert_eq!(world.deliver(&body(&said.event)).await.ok()["ReturnValue"]["status"], "accepted");
    assert_eq!(world.documents_of(owner.tenant, "statement").await, 1);
}

#[tokio::test]
async fn the_quarantine_has_an_end() {
    let (world, _, _) = ready().await;
    let long = "x".repeat(70_000);
    world.deliver(&json!({"n": 0, "text": long})).await.ok();
    for n in 1..40 {
        world.deliver(&json!({"n": n})).await.ok();
    }
    let kept = world.documents_of(TenantId::SYSTEM, "quarantined").await;
    assert!((38..=40).contains(&kept), "{kept}");
    let whole = world.quarantined_bytes().await;
    assert!(whole < 40 * 1_000, "the long one is kept as its digest: {whole}");
}
