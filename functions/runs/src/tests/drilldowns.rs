use std::time::Duration;

use domain::{DrilldownId, Role};
use protocol::{
    Base64, Base64Url, Digest, V1,
    command::{Command, CommandBody, CommandOutcome, CommandResult, RefusalCode},
    drilldown::{DisclosureRequest, SignedRequest, build},
    dsse::Envelope,
    key::PublicKey,
    keyset::{ControlPlaneKeys, KeyUse},
    routes::{CommandsAnswer, ConfigAnswer, ENVELOPE_MEDIA_TYPE, result_path},
};
use serde_json::{Value, json};
use system_tests::doubles::Fault;

use super::{
    customer::{Customer, body, name},
    field_runner::{FieldRunner, Said},
    ingestion::ready,
    world::{Answer, DEPLOYMENT, Person, World},
};

fn asked(world: &World, person: &Person, runner: &FieldRunner, said: &Said) -> DisclosureRequest {
    DisclosureRequest {
        v: V1,
        drilldown_nonce: Base64Url([3; 16]),
        runner: runner.runner,
        tenant: person.tenant,
        evidence: said.statement.predicate.evidence[0].id,
        paths: vec!["/mode".to_owned()],
        purpose: name("audit"),
        requester: person.user,
        hpke_public: Base64Url([4; 32]),
        not_after: world.now().plus(Duration::from_mins(2)),
    }
}

fn signed(world: &World, request: &DisclosureRequest) -> SignedRequest {
    build(request, &Customer::new().viewer, world.now()).unwrap().0
}

async fn ask(world: &World, person: &Person, said: &Said, request: &DisclosureRequest) -> Answer {
    let evidence = said.statement.predicate.evidence[0].id;
    let run = said.statement.predicate.run.id;
    let body = json!({"run": run, "request": signed(world, request)});
    world.post(person, &format!("/v1/evidence/{evidence}/drilldowns"), body).await
}

async fn told() -> (World, Person, FieldRunner, Said) {
    let (world, owner, mut runner) = ready().await;
    let said = runner.say(&world);
    runner.hand_in(&world, &[&said]).await.ok();
    (world, owner, runner, said)
}

async fn commands(world: &World, runner: &FieldRunner) -> CommandsAnswer {
    serde_json::from_value(runner.get(world, "/v1/runner/commands?wait=0").await.ok()).unwrap()
}

async fn command_keys(world: &World, runner: &FieldRunner) -> Vec<PublicKey> {
    let config: ConfigAnswer =
        serde_json::from_value(runner.get(world, "/v1/runner/config").await.ok()).unwrap();
    let root = PublicKey::from_jwk(&config.root_jwk).unwrap();
    let keys = ControlPlaneKeys::verify(&config.keyset, &root, &name(DEPLOYMENT), 0).unwrap();
    keys.keys_for(KeyUse::Command)
}

fn result(
    command: &Command,
    outcome: CommandOutcome,
    code: Option<RefusalCode>,
    sealed: Option<&[u8]>,
) -> CommandResult {
    let sealed = sealed.map(|bytes| Base64(bytes.to_vec()));
    CommandResult {
        v: V1,
        command: command.id,
        outcome,
        code,
        request_sha256: Digest::of("base"),
        sealed,
    }
}

async fn hand_back(
    world: &World,
    runner: &FieldRunner,
    command: &Command,
    result: &CommandResult,
) -> Answer {
    let envelope = Envelope::sign_message(result, &[&runner.key]).unwrap();
    let path = result_path(command.id);
    let path = path.strip_prefix("/api/runs").unwrap();
    let bytes = serde_json::to_vec(&envelope).unwrap();
    runner.send(world, "POST", path, Some((ENVELOPE_MEDIA_TYPE, bytes))).await
}

#[tokio::test]
async fn a_viewers_request_reaches_the_runner_and_its_sealed_answer_the_viewer() {
    let (world, owner, runner, said) = told().await;
    let request = asked(&world, &owner, &runner, &said);
    let answer = ask(&world, &owner, &said, &request).await;
    assert_eq!((answer.status.as_u16(), &answer.json["state"]), (202, &json!("requested")));
    assert_eq!(world.count(owner.tenant, "evidence.drilldown.requested").await, 1);
    let path = format!("/v1/drilldowns/{}", answer.json["drilldown"].as_str().unwrap());

    let waiting = commands(&world, &runner).await;
    assert_eq!(waiting.commands.len(), 1);
    let keys = command_keys(&world, &runner).await;
    let command = Command::verify(
        &waiting.commands[0].envelope,
        &keys,
        owner.tenant,
        runner.runner,
        world.now(),
    )
    .unwrap();
    let CommandBody::Drilldown(carried) = &command.body else { panic!("{command:?}") };
    assert_eq!(carried.request, signed(&world, &request));
    assert_eq!(
        (carried.requester.user, carried.requester.roles[0].as_str()),
        (owner.user, "owner")
    );
    assert_eq!(world.get(&owner, &path).await.ok()["state"], "dispatched");
    assert_eq!(
        commands(&world, &runner).await.commands.len(),
        1,
        "a Runner that was stopped gets it again"
    );
    assert_eq!(world.count(owner.tenant, "evidence.drilldown.dispatched").await, 1);

    let done = result(&command, CommandOutcome::Done, None, Some(b"sealed to the viewer"));
    assert_eq!(hand_back(&world, &runner, &command, &done).await.ok()["state"], "delivered");
    let read = world.get(&owner, &path).await.ok();
    assert_eq!(
        (&read["state"], &read["sealed"]),
        (&json!("delivered"), &json!(Base64(b"sealed to the viewer".to_vec())))
    );
    let envelope: Envelope = serde_json::from_value(read["result"].clone()).unwrap();
    assert_eq!(envelope, Envelope::sign_message(&done, &[&runner.key]).unwrap());
    assert!(commands(&world, &runner).await.commands.is_empty());
    assert_eq!(world.count(owner.tenant, "evidence.drilldown.delivered").await, 1);

    hand_back(&world, &runner, &command, &done).await.ok();
    let other = result(&command, CommandOutcome::Done, None, Some(b"something else"));
    hand_back(&world, &runner, &command, &other).await.refused(409, "state-transition");
    assert_eq!(world.count(owner.tenant, "evidence.drilldown.delivered").await, 1);
}

#[tokio::test]
async fn a_runner_hears_of_nothing_that_is_not_in_the_log() {
    let (world, owner, runner, said) = told().await;
    let request = asked(&world, &owner, &runner, &said);
    let evidence = said.statement.predicate.evidence[0].id;
    let path = format!("/v1/evidence/{evidence}/drilldowns");
    let run = said.statement.predicate.run.id;
    let body = json!({"run": run, "request": signed(&world, &request)});
    world.sealer.seal_nothing();
    let begun = world.now();
    let late = world.post(&owner, &path, body.clone()).await;
    late.refused(503, "not-sealed-yet");
    assert_eq!(world.now().since(begun), Duration::from_secs(10));
    assert!(commands(&world, &runner).await.commands.is_empty());

    world.sealer.seal_the_rest().await;
    let key = late.json["idempotency_key"].as_str().unwrap();
    let again = || world.post_again(&owner, &path, &body, key);
    let first = again().await.ok();
    assert_eq!(again().await.ok(), first);
    assert_eq!(world.count(owner.tenant, "evidence.drilldown.requested").await, 1);
    assert_eq!(commands(&world, &runner).await.commands.len(), 1);
}

#[tokio::test]
async fn a_sealed_answer_is_gone_after_a_quarter_of_an_hour() {
    let (world, owner, runner, said) = told().await;
    let request = asked(&world, &owner, &runner, &said);
    let drilldown =
        ask(&world, &owner, &said, &request).await.ok()["drilldown"].as_str().unwrap().to_owned();
    let keys = command_keys(&world, &runner).await;
    let envelope = commands(&world, &runner).await.commands.remove(0).envelope;
    let command =
        Command::verify(&envelope, &keys, owner.tenant, runner.runner, world.now()).unwrap();
    hand_back(
        &world,
        &runner,
        &command,
        &result(&command, CommandOutcome::Done, None, Some(b"sealed")),
    )
    .await
    .ok();
    world.advance(Duration::from_mins(15));
    let kept = world.documents_of(owner.tenant, "answer").await;
    assert_eq!(kept, 0, "{drilldown}");
}

#[tokio::test]
async fn a_refusal_of_the_runner_is_recorded_and_told() {
    let (world, owner, runner, said) = told().await;
    let request = asked(&world, &owner, &runner, &said);
    let drilldown =
        ask(&world, &owner, &said, &request).await.ok()["drilldown"].as_str().unwrap().to_owned();
    let keys = command_keys(&world, &runner).await;
    let envelope = commands(&world, &runner).await.commands.remove(0).envelope;
    let command =
        Command::verify(&envelope, &keys, owner.tenant, runner.runner, world.now()).unwrap();
    let refused =
        result(&command, CommandOutcome::Refused, Some(RefusalCode::ViewerUnlisted), None);
    assert_eq!(hand_back(&world, &runner, &command, &refused).await.ok()["state"], "denied");
    let read = world.get(&owner, &format!("/v1/drilldowns/{drilldown}")).await.ok();
    assert_eq!((&read["state"], &read["code"]), (&json!("denied"), &json!("viewer-unlisted")));
    assert_eq!(world.count(owner.tenant, "evidence.drilldown.denied_locally").await, 1);
}

#[tokio::test]
async fn only_the_runner_that_was_asked_can_answer() {
    let (world, owner, runner, said) = told().await;
    let other = FieldRunner::active(&world, &Customer::new(), &owner, 20).await;
    ask(&world, &owner, &said, &asked(&world, &owner, &runner, &said)).await.ok();
    assert!(commands(&world, &other).await.commands.is_empty());
    let keys = command_keys(&world, &runner).await;
    let envelope = commands(&world, &runner).await.commands.remove(0).envelope;
    let command =
        Command::verify(&envelope, &keys, owner.tenant, runner.runner, world.now()).unwrap();
    let done = result(&command, CommandOutcome::Done, None, Some(b"sealed"));
    hand_back(&world, &other, &command, &done).await.refused(404, "not-found");
    let wrong = CommandResult { command: domain::CommandId::from_u128(1), ..done };
    hand_back(&world, &runner, &command, &wrong).await.refused(400, "command-mismatch");
}

#[tokio::test]
async fn what_is_not_the_callers_own_to_ask_is_refused_before_anything_is_sent() {
    let (world, owner, runner, said) = told().await;
    let right = asked(&world, &owner, &runner, &said);
    let other = world.person(owner.tenant, Role::Auditor).await;
    ask(&world, &other, &said, &right).await.refused(403, "wrong-requester");
    let foreign = DisclosureRequest { tenant: world.tenant().await, ..right.clone() };
    ask(&world, &owner, &said, &foreign).await.refused(400, "evidence-mismatch");
    let elsewhere =
        DisclosureRequest { evidence: domain::EvidenceId::from_u128(99), ..right.clone() };
    ask(&world, &owner, &said, &elsewhere).await.refused(400, "evidence-mismatch");
    let twin = FieldRunner::active(&world, &Customer::new(), &owner, 20).await;
    let other_runner = DisclosureRequest { runner: twin.runner, ..right.clone() };
    let answer = ask(&world, &owner, &said, &other_runner).await;
    assert!(answer.status.is_client_error(), "{}", answer.json);
    let nobody = DisclosureRequest { runner: domain::RunnerId::from_u128(1), ..right.clone() };
    ask(&world, &owner, &said, &nobody).await.refused(404, "not-found");
    let mut unknown_field = body(&right);
    unknown_field["all"] = json!(true);
    let mut request = signed(&world, &right);
    request.body = Base64(serde_json::to_vec(&unknown_field).unwrap());
    let evidence = said.statement.predicate.evidence[0].id;
    let sent: Value = json!({"run": said.statement.predicate.run.id, "request": request});
    world
        .post(&owner, &format!("/v1/evidence/{evidence}/drilldowns"), sent)
        .await
        .refused(400, "unknown-field");
    assert_eq!(world.count(owner.tenant, "evidence.drilldown.requested").await, 0);
    assert!(commands(&world, &runner).await.commands.is_empty());
}

#[tokio::test]
async fn evidence_is_asked_for_in_the_run_that_collected_it() {
    let (world, owner, mut runner, first) = told().await;
    let second = runner.say(&world);
    runner.hand_in(&world, &[&second]).await.ok();
    let request = asked(&world, &owner, &runner, &second);
    let body = json!({
        "run": first.statement.predicate.run.id,
        "request": signed(&world, &request),
    });
    let path = format!("/v1/evidence/{}/drilldowns", request.evidence);
    world.post(&owner, &path, body).await.refused(400, "evidence-mismatch");
    ask(&world, &owner, &second, &request).await.ok();
}

#[tokio::test]
async fn a_drilldown_needs_a_fresh_second_factor_and_is_its_askers_alone() {
    let (world, owner, runner, said) = told().await;
    let request = asked(&world, &owner, &runner, &said);
    let drilldown =
        ask(&world, &owner, &said, &request).await.ok()["drilldown"].as_str().unwrap().to_owned();
    let auditor = world.person(owner.tenant, Role::Auditor).await;
    world.get(&auditor, &format!("/v1/drilldowns/{drilldown}")).await.refused(404, "not-found");
    let unknown = DrilldownId::from_u128(1);
    world.get(&owner, &format!("/v1/drilldowns/{unknown}")).await.refused(404, "not-found");
    let admin = world.person(owner.tenant, Role::Admin).await;
    ask(&world, &admin, &said, &request).await.refused(403, "forbidden");
    world.advance(Duration::from_secs(301));
    let later = asked(&world, &owner, &runner, &said);
    ask(&world, &owner, &said, &later).await.refused(401, "step-up-required");
}

#[tokio::test]
async fn nobody_waits_longer_than_the_request_lasts() {
    let (world, owner, runner, said) = told().await;
    let request = asked(&world, &owner, &runner, &said);
    let drilldown =
        ask(&world, &owner, &said, &request).await.ok()["drilldown"].as_str().unwrap().to_owned();
    world.advance(Duration::from_mins(2));
    assert!(commands(&world, &runner).await.commands.is_empty());
    assert_eq!(
        world.get(&owner, &format!("/v1/drilldowns/{drilldown}")).await.ok()["state"],
        "expired"
    );
    assert_eq!(world.count(owner.tenant, "evidence.drilldown.dispatched").await, 0);
}

#[tokio::test]
async fn when_the_record_cannot_be_written_nothing_is_asked() {
    let (world, owner, runner, said) = told().await;
    world.fail(4, Fault::NotApplied);
    ask(&world, &owner, &said, &asked(&world, &owner, &runner, &said))
        .await
        .refused(503, "dependency-unavailable");
    assert!(commands(&world, &runner).await.commands.is_empty());
}

#[tokio::test]
async fn a_runner_that_waits_is_answered_when_something_comes() {
    let (world, owner, runner, said) = told().await;
    let request = asked(&world, &owner, &runner, &said);
    let waits = runner.get(&world, "/v1/runner/commands?wait=25");
    let (answer, _) = tokio::join!(waits, ask(&world, &owner, &said, &request));
    assert_eq!(answer.ok()["commands"].as_array().unwrap().len(), 1);
}
