use domain::Role;
use protocol::dsse::{Envelope, PayloadType};
use serde_json::json;

use super::{
    customer::{Customer, YAML, body, key, procedure, sign_with},
    field_runner::FieldRunner,
    world::World,
};

const VERSIONS: &str = "/v1/procedures/versions";

#[tokio::test]
async fn lint_finds_what_is_wrong_and_keeps_nothing() {
    let world = World::new().await;
    let viewer = world.person(world.tenant().await, Role::Viewer).await;
    let lint = async |text: &str| {
        world.post(&viewer, "/v1/procedures/lint", json!({"yaml": text})).await.ok()
    };
    assert_eq!(lint(YAML).await["findings"], json!([]));
    let found = lint(&YAML.replace("'0666'", "'0644'")).await;
    assert_eq!(found["findings"][0]["code"], "fixture-does-not-fail");
    assert_eq!(lint("not: [a procedure").await["findings"][0]["code"], "yaml-unreadable");
    let envelope = body(&sign_with(&procedure(), &[]));
    let found =
        world.post(&viewer, "/v1/procedures/lint", json!({"envelope": envelope})).await.ok();
    assert_eq!(found["findings"], json!([]));
    world.post(&viewer, "/v1/procedures/lint", json!({})).await.refused(400, "validation");
    assert_eq!(world.documents_of(viewer.tenant, "version").await, 0);
    assert_eq!(world.count(viewer.tenant, "procedure.version.linted").await, 4);
}

#[tokio::test]
async fn a_version_needs_two_of_the_customers_keys_one_of_them_an_approvers() {
    let (world, customer) = (World::new().await, Customer::new());
    let owner = world.person(world.tenant().await, Role::Owner).await;
    let signed = body(&customer.sign(&procedure()));
    world.post(&owner, VERSIONS, signed.clone()).await.refused(409, "customer-keys-missing");
    customer.register(&world, &owner).await;
    let publish = async |envelope: &Envelope| world.post(&owner, VERSIONS, body(envelope)).await;
    let refused: [&[&dyn protocol::key::Signer]; 4] = [
        &[&customer.approver],
        &[&customer.approver, &customer.approver],
        &[&customer.approver, &key(77)],
        &[&customer.author, &key(77)],
    ];
    for signers in refused {
        publish(&sign_with(&procedure(), signers)).await.refused(401, "signature-invalid");
    }
    publish(&sign_with(&procedure(), &[&key(76), &key(77)])).await.refused(401, "unsigned");
    let other_type = Envelope::sign(
        PayloadType::Statement,
        b"{}".to_vec(),
        &[&customer.author, &customer.approver],
    );
    publish(&other_type.unwrap()).await.refused(400, "validation");
    assert_eq!(world.documents_of(owner.tenant, "version").await, 0);
    assert_eq!(world.count(owner.tenant, "procedure.version.rejected").await, 6);
    let published = world.post(&owner, VERSIONS, signed).await;
    assert_eq!((published.status.as_u16(), &published.json["revision"]), (201, &json!(1)));
}

#[tokio::test]
async fn an_edited_payload_is_refused() {
    let (world, customer) = (World::new().await, Customer::new());
    let owner = world.person(world.tenant().await, Role::Owner).await;
    customer.register(&world, &owner).await;
    let mut envelope = body(&customer.sign(&procedure()));
    let mut edited = procedure();
    edited.owner = "mallory".into();
    envelope["payload"] = body(&sign_with(&edited, &[]))["payload"].clone();
    world.post(&owner, VERSIONS, envelope).await.refused(401, "signature-invalid");
}

#[tokio::test]
async fn signed_is_not_enough_it_must_be_sound_and_newer() {
    let (world, customer) = (World::new().await, Customer::new());
    let owner = world.person(world.tenant().await, Role::Owner).await;
    customer.register(&world, &owner).await;
    let publish = async |change: fn(&mut domain::procedure::Procedure)| {
        let mut procedure = procedure();
        change(&mut procedure);
        world.post(&owner, VERSIONS, body(&customer.sign(&procedure))).await
    };
    let unsound = publish(|procedure| procedure.steps[0].checks[0].expr = "1 == 1".into()).await;
    unsound.refused(400, "lint-findings");
    assert_eq!(unsound.json["findings"][0]["code"], "expression-constant");
    let mut unknown = body(&procedure());
    unknown["surprise"] = json!(1);
    let payload = serde_json::to_vec(&unknown).unwrap();
    let envelope =
        Envelope::sign(PayloadType::Procedure, payload, &[&customer.author, &customer.approver])
            .unwrap();
    world.post(&owner, VERSIONS, body(&envelope)).await.refused(400, "unknown-field");

    publish(|procedure| procedure.revision = 7).await.ok();
    publish(|procedure| procedure.revision = 7).await.refused(409, "version-published");
    for revision in [
        |p: &mut domain::procedure::Procedure| p.revision = 6,
        |p: &mut domain::procedure::Procedure| {
            (p.revision, p.owner) = (7, "another".into());
        },
    ] {
        publish(revision).await.refused(409, "revision-not-higher");
    }
    publish(|procedure| procedure.revision = 8).await.ok();
    assert_eq!(world.get(&owner, "/v1/procedures").await.ok()["procedures"][0]["revision"], 8);
}

#[tokio::test]
async fn a_runner_gets_what_was_signed_until_it_is_withdrawn() {
    let (world, customer) = (World::new().await, Customer::new());
    let owner = world.person(world.tenant().await, Role::Owner).await;
    customer.register(&world, &owner).await;
    let mut runner = FieldRunner::active(&world, &customer, &owner, 10).await;
    let digest = world.get(&owner, "/v1/procedures").await.ok()["procedures"][0]["digest"]
        .as_str()
        .unwrap()
        .to_owned();
    let bundle = runner.get(&world, &format!("/v1/runner/bundles/{digest}")).await;
    assert_eq!(bundle.headers["content-type"], "application/vnd.dsse+json");
    assert_eq!(bundle.json, body(&customer.sign(&procedure())));
    runner
        .get(&world, &format!("/v1/runner/bundles/{}", "0".repeat(64)))
        .await
        .refused(404, "not-found");

    let before = runner.say(&world);
    assert_eq!(
        runner.outcome(&world, &body(&before.event)).await,
        ("accepted".into(), String::new())
    );
    let withdrawn =
        world.post(&owner, &format!("{VERSIONS}/{digest}/withdraw"), json!({})).await.ok();
    assert_eq!(withdrawn["state"], "withdrawn");
    runner
        .get(&world, &format!("/v1/runner/bundles/{digest}"))
        .await
        .refused(409, "version-withdrawn");
    let after = runner.say(&world);
    assert_eq!(
        runner.outcome(&world, &body(&after.event)).await,
        ("rejected".into(), "version-withdrawn".into())
    );
    world
        .post(&owner, &format!("{VERSIONS}/{digest}/withdraw"), json!({}))
        .await
        .refused(409, "version-withdrawn");
}
