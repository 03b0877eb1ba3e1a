use std::time::Duration;

use axum::{body::Body, http::Request};
use domain::{Quota, Role, SeparationName};
use protocol::{
    Base64Url,
    dsse::Envelope,
    enrolment::{EnrolAnswer, EnrolRequest},
    key::PublicKey,
    keyset::{ControlPlaneKeys, KeyUse},
    routes::{ConfigAnswer, KEYS, KeysAnswer, RunnerState},
};
use serde_json::json;
use store::TenantRecord;

use super::{
    customer::{Customer, certificate, key, name},
    field_runner::{FieldRunner, enrol, fields, token},
    world::{DEPLOYMENT, World},
};

#[tokio::test]
async fn a_runner_enrols_shows_the_same_words_and_is_approved() {
    let (world, customer) = (World::new().await, Customer::new());
    let owner = world.person(world.tenant().await, Role::Owner).await;
    customer.register(&world, &owner).await;
    let runner = FieldRunner::enrolled(&world, &customer, &owner, 10).await;

    let shown = world.get(&owner, &format!("/v1/runners/{}", runner.runner)).await.ok();
    assert_eq!(shown["words"], json!(runner.words));
    assert_eq!(
        (shown["state"].as_str(), shown["labels"]["site"].as_str()),
        (Some("awaiting_approval"), Some("north"))
    );
    let config: ConfigAnswer =
        serde_json::from_value(runner.get(&world, "/v1/runner/config").await.ok()).unwrap();
    assert_eq!(config.state, RunnerState::AwaitingApproval);
    runner.get(&world, "/v1/runner/commands").await.refused(403, "runner-not-active");
    runner.get(&world, "/v1/runner/receipts").await.refused(403, "runner-not-active");

    let approve = format!("/v1/runners/{}/approve", runner.runner);
    let mut wrong = runner.words.clone();
    wrong.swap(0, 5);
    if wrong != runner.words {
        world.post(&owner, &approve, json!({"words": wrong})).await.refused(400, "words-mismatch");
        assert!(
            world
                .recorded(owner.tenant)
                .await
                .contains(&("runner.enrolment.denied".into(), "words-mismatch".into()))
        );
    }
    let approved = world.post(&owner, &approve, json!({"words": runner.words})).await.ok();
    assert_eq!(approved["state"], "active");
    runner.get(&world, "/v1/runner/commands").await.ok();
    world
        .post(&owner, &approve, json!({"words": runner.words}))
        .await
        .refused(409, "state-transition");
    let names: Vec<String> =
        world.recorded(owner.tenant).await.into_iter().map(|(name, _)| name).collect();
    for expected in [
        "tenant.customer_keys.changed",
        "runner.enrolment.issued",
        "runner.enrolment.redeemed",
        "runner.activated",
    ] {
        assert!(names.iter().any(|name| name == expected), "{expected}: {names:?}");
    }
}

#[tokio::test]
async fn whoever_issued_an_enrolment_does_not_approve_it_where_the_tenant_says_so() {
    let (world, customer) = (World::new().await, Customer::new());
    let apart = |record: &mut TenantRecord| {
        record.settings.separations.insert(SeparationName::RunnerEnrolment);
    };
    let owner = world.person(world.tenant_that(apart).await, Role::Owner).await;
    let other = world.person(owner.tenant, Role::Owner).await;
    customer.register(&world, &owner).await;
    let runner = FieldRunner::enrolled(&world, &customer, &owner, 10).await;
    let approve = format!("/v1/runners/{}/approve", runner.runner);
    let words = json!({"words": runner.words});
    world.post(&owner, &approve, words.clone()).await.refused(409, "sod-violation");
    assert_eq!(world.count(owner.tenant, "iam.sod.violation_blocked").await, 1);
    assert_eq!(world.post(&other, &approve, words).await.ok()["state"], "active");
}

#[tokio::test]
async fn there_are_no_more_runners_than_the_plan_allows() {
    let (world, customer) = (World::new().await, Customer::new());
    let one = |record: &mut TenantRecord| {
        record.overrides.quotas.insert(Quota::RunnersMax, 1);
    };
    let owner = world.person(world.tenant_that(one).await, Role::Owner).await;
    customer.register(&world, &owner).await;
    let runner = FieldRunner::enrolled(&world, &customer, &owner, 10).await;
    let issue = || world.post(&owner, "/v1/runners/enrolments", json!({"name": "second"}));
    let refused = issue().await;
    refused.refused(403, "entitlement-required");
    assert_eq!(refused.json["entitlement"], "runners_max");
    world.post(&owner, &format!("/v1/runners/{}/revoke", runner.runner), json!({})).await.ok();
    issue().await.ok();
}

#[tokio::test]
async fn the_keyset_is_signed_by_the_root_that_the_token_names() {
    let (world, customer) = (World::new().await, Customer::new());
    let owner = world.person(world.tenant().await, Role::Owner).await;
    customer.register(&world, &owner).await;
    let runner = FieldRunner::enrolled(&world, &customer, &owner, 10).await;
    let issued = world.post(&owner, "/v1/runners/enrolments", json!({"name": "other"})).await.ok();
    let config: ConfigAnswer =
        serde_json::from_value(runner.get(&world, "/v1/runner/config").await.ok()).unwrap();
    let pinned = issued["root_kid"].as_str().unwrap().parse().unwrap();
    let root = PublicKey::pinned(&config.root_jwk, &pinned).unwrap();
    let keys = ControlPlaneKeys::verify(&config.keyset, &root, &name(DEPLOYMENT), 0).unwrap();
    assert_eq!(keys.keys_for(KeyUse::Receipt).len(), 1);
    // Only `auth` and `runs` have started here: one intent key each.
    assert_eq!(
        (keys.keys_for(KeyUse::Intent).len(), keys.keys_for(KeyUse::Checkpoint).len()),
        (2, 0)
    );

    store::Keyring::open(&world.store.ports(ports::Identity::Signer)).await.unwrap();
    let config: ConfigAnswer =
        serde_json::from_value(runner.get(&world, "/v1/runner/config").await.ok()).unwrap();
    let more = ControlPlaneKeys::verify(&config.keyset, &root, &name(DEPLOYMENT), keys.version + 1)
        .unwrap();
    assert_eq!(more.keys_for(KeyUse::Checkpoint).len(), 1);
}

/// Whoever knows the root key's thumbprint needs no Runner, and no account, to learn the keys.
#[tokio::test]
async fn the_signed_list_of_keys_is_anybodys_to_read() {
    let (world, customer) = (World::new().await, Customer::new());
    let owner = world.person(world.tenant().await, Role::Owner).await;
    customer.register(&world, &owner).await;
    let issued = world.post(&owner, "/v1/runners/enrolments", json!({"name": "other"})).await.ok();
    let answer = world.send(Request::get(KEYS).body(Body::empty()).unwrap()).await.ok();
    let answer: KeysAnswer = serde_json::from_value(answer).unwrap();
    let pinned = issued["root_kid"].as_str().unwrap().parse().unwrap();
    let root = PublicKey::pinned(&answer.root_jwk, &pinned).unwrap();
    let keys = ControlPlaneKeys::verify(&answer.keyset, &root, &name(DEPLOYMENT), 0).unwrap();
    assert_eq!(keys.keys_for(KeyUse::Receipt).len(), 1);
}

#[tokio::test]
async fn the_same_request_gets_the_same_answer_and_another_key_is_refused() {
    let (world, customer) = (World::new().await, Customer::new());
    let owner = world.person(world.tenant().await, Role::Owner).await;
    customer.register(&world, &owner).await;
    let token = token(&world, &owner, "plant-1").await;
    let said = fields(&customer, owner.tenant, &token, &key(10), "plant-1", world.now());
    let request = EnrolRequest::sign(said.clone(), &key(10)).unwrap();
    let first: EnrolAnswer = serde_json::from_value(enrol(&world, &request).await.ok()).unwrap();
    world.advance(Duration::from_mins(20));
    let again: EnrolAnswer = serde_json::from_value(enrol(&world, &request).await.ok()).unwrap();
    assert_eq!((first.runner, first.words), (again.runner, again.words));
    assert_eq!(world.documents_of(owner.tenant, "runner").await, 1);

    let other_key = fields(&customer, owner.tenant, &token, &key(11), "plant-1", world.now());
    enrol(&world, &EnrolRequest::sign(other_key, &key(11)).unwrap())
        .await
        .refused(409, "enrolment-used");
    let mut other_nonce = said;
    other_nonce.nonce = Base64Url([8; 16]);
    enrol(&world, &EnrolRequest::sign(other_nonce, &key(10)).unwrap())
        .await
        .refused(409, "enrolment-used");
    assert!(
        world
            .recorded(owner.tenant)
            .await
            .contains(&("runner.enrolment.denied".into(), "enrolment-used".into()))
    );
}

#[tokio::test]
async fn a_wrong_an_unknown_and_an_expired_token_let_nobody_in() {
    let (world, customer) = (World::new().await, Customer::new());
    let owner = world.person(world.tenant().await, Role::Owner).await;
    customer.register(&world, &owner).await;
    let good = token(&world, &owner, "plant-1").await;
    let attempt = async |token: &str| {
        let said = fields(&customer, owner.tenant, token, &key(10), "plant-1", world.now());
        enrol(&world, &EnrolRequest::sign(said, &key(10)).unwrap()).await
    };
    let mut parts: Vec<&str> = good.split('.').collect();
    let secret = Base64Url([1; 32]).to_string();
    parts[2] = &secret;
    attempt(&parts.join(".")).await.refused(401, "enrolment-invalid");
    let unknown = domain::EnrolmentId::from_u128(1).to_string();
    parts = good.split('.').collect();
    parts[1] = unknown.strip_prefix("enr_").unwrap();
    attempt(&parts.join(".")).await.refused(401, "enrolment-invalid");
    world.advance(Duration::from_mins(15));
    attempt(&good).await.refused(401, "enrolment-expired");
    assert_eq!(world.documents_of(owner.tenant, "runner").await, 0);
}

#[tokio::test]
async fn a_key_that_the_customer_did_not_certify_is_refused() {
    let (world, customer) = (World::new().await, Customer::new());
    let owner = world.person(world.tenant().await, Role::Owner).await;
    let token = token(&world, &owner, "plant-1").await;
    let said = || fields(&customer, owner.tenant, &token, &key(10), "plant-1", world.now());
    enrol(&world, &EnrolRequest::sign(said(), &key(10)).unwrap())
        .await
        .refused(409, "customer-keys-missing");
    customer.register(&world, &owner).await;

    let mut stranger = said();
    let certified = certificate(owner.tenant, &key(10), "plant-1", world.now());
    stranger.certificate = Envelope::sign_message(&certified, &[&key(77)]).unwrap();
    enrol(&world, &EnrolRequest::sign(stranger, &key(10)).unwrap()).await.refused(401, "unsigned");
    let mut foreign = said();
    let certified = certificate(world.tenant().await, &key(10), "plant-1", world.now());
    foreign.certificate = Envelope::sign_message(&certified, &[&customer.authority]).unwrap();
    enrol(&world, &EnrolRequest::sign(foreign, &key(10)).unwrap())
        .await
        .refused(403, "wrong-tenant");
    let other_name = fields(&customer, owner.tenant, &token, &key(10), "plant-2", world.now());
    enrol(&world, &EnrolRequest::sign(other_name, &key(10)).unwrap())
        .await
        .refused(400, "certificate-mismatch");
    let mut unproved = EnrolRequest::sign(said(), &key(10)).unwrap();
    unproved.fields.version = name("6.6.6");
    enrol(&world, &unproved).await.refused(401, "signature-invalid");
    assert_eq!(world.documents_of(owner.tenant, "runner").await, 0);
}

#[tokio::test]
async fn customer_keys_must_be_distinct_and_enough() {
    let (world, customer) = (World::new().await, Customer::new());
    let owner = world.person(world.tenant().await, Role::Owner).await;
    let put = async |keys: serde_json::Value| {
        world.call("PUT", &owner, "/v1/customer-keys", Some(keys)).await
    };
    let with = |change: fn(&mut serde_json::Value)| {
        let mut keys = customer.keys();
        change(&mut keys);
        keys
    };
    put(with(|keys| keys["threshold"] = json!(1))).await.refused(400, "threshold-invalid");
    put(with(|keys| keys["threshold"] = json!(3))).await.refused(400, "threshold-invalid");
    put(with(|keys| keys["signers"][1]["role"] = json!("author")))
        .await
        .refused(400, "threshold-invalid");
    put(with(|keys| keys["signers"][1] = keys["signers"][0].clone()))
        .await
        .refused(400, "key-twice");
    put(with(|keys| keys["authority"] = keys["signers"][0]["jwk"].clone()))
        .await
        .refused(400, "key-twice");
    put(with(|keys| keys["signers"][0]["kid"] = keys["signers"][1]["kid"].clone()))
        .await
        .refused(400, "key-unusable");
    assert_eq!(put(customer.keys()).await.ok()["version"], 1);
    assert_eq!(put(customer.keys()).await.ok()["version"], 2);
    assert_eq!(world.get(&owner, "/v1/customer-keys").await.ok()["threshold"], 2);
}

#[tokio::test]
async fn another_tenant_sees_nothing_of_it() {
    let (world, customer) = (World::new().await, Customer::new());
    let owner = world.person(world.tenant().await, Role::Owner).await;
    customer.register(&world, &owner).await;
    let mut runner = FieldRunner::active(&world, &customer, &owner, 10).await;
    let said = runner.say(&world);
    runner.hand_in(&world, &[&said]).await.ok();
    let digest = world.get(&owner, "/v1/procedures").await.ok()["procedures"][0]["digest"]
        .as_str()
        .unwrap()
        .to_owned();
    let run = said.statement.predicate.run.id;

    let stranger = world.person(world.tenant().await, Role::Owner).await;
    for path in [
        format!("/v1/runners/{}", runner.runner),
        format!("/v1/procedures/versions/{digest}"),
        format!("/v1/runs/{run}"),
        format!("/v1/runs/{run}/statement"),
        "/v1/customer-keys".to_owned(),
    ] {
        world.get(&owner, &path).await.ok();
        world.get(&stranger, &path).await.refused(404, "not-found");
    }
    world
        .post(&stranger, &format!("/v1/runners/{}/revoke", runner.runner), json!({}))
        .await
        .refused(404, "not-found");
    for path in ["/v1/runners", "/v1/runs", "/v1/procedures"] {
        let listed = world.get(&stranger, path).await.ok().to_string();
        assert!(listed.contains("[]"), "{path}: {listed}");
    }
}
