//! Who may not say it: strangers, other Runners, other tenants.

use domain::Role;
use protocol::key::Signer as _;
use serde_json::json;

use super::{is_recorded, pair};
use crate::tests::{
    customer::{Customer, body, key, name},
    field_runner::FieldRunner,
    ingestion::ready,
};

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
