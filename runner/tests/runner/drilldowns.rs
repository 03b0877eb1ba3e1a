//! Commands: drill-downs that the customer allows are answered, everything else is refused with its code.

use std::{fs::File, time::Duration};

use domain::{CommandId, DrilldownId, EvidenceId, UserId, VersionId};
use protocol::{
    Base64Url, Digest, Nonce, V1,
    command::{
        Command, CommandBody, CommandOutcome, CommandResult, DrilldownBody, RefusalCode, Requester,
        RunBody,
    },
    drilldown::{AnswerKey, DisclosureRequest, build, check_disclosure},
    dsse::{Envelope, PayloadType},
    key::{Ed25519Key, Es256Key},
    routes::WaitingCommand,
    statement::Statement,
};
use serde_json::{Value, json};

use crate::{
    control_plane::ControlPlane,
    site::{CANARY, Site},
};

/// A Runner with one published run, and who asks for what.
struct Case {
    control_plane: ControlPlane,
    site: Site,
    evidence: EvidenceId,
    root: Digest,
    answer_key: AnswerKey,
}

impl Case {
    async fn new() -> Self {
        let (control_plane, site) = Box::pin(ControlPlane::with_site()).await;
        let procedure = site.signed(&site.procedure(1)).await;
        let publish = ["run", &procedure, "--publish", "https"];
        let run = Box::pin(control_plane.serve(site.run(&publish))).await;
        let evidence = run.json["steps"][1]["evidence"].clone();
        let statement: Statement =
            serde_json::from_slice(&control_plane.state.lock().unwrap().held[&1].0).unwrap();
        let evidence: EvidenceId = evidence["id"].as_str().unwrap().parse().unwrap();
        let stated = statement.predicate.evidence.iter().find(|item| item.id == evidence);
        let root = stated.unwrap().root;
        let answer_key = AnswerKey::from_ikm(&[8; 32]);
        Self { control_plane, site, evidence, root, answer_key }
    }

    /// What Ada asks for: the failing value.
    fn request(&self, nonce: u8) -> DisclosureRequest {
        DisclosureRequest {
            v: V1,
            drilldown_nonce: Base64Url([nonce; 16]),
            runner: self.control_plane.runner,
            tenant: self.site.tenant,
            evidence: self.evidence,
            paths: vec!["/content/password".to_owned()],
            purpose: "audit".parse().unwrap(),
            requester: UserId::from_u128(1),
            hpke_public: self.answer_key.public(),
            not_after: self.control_plane.now().plus(Duration::from_mins(2)),
        }
    }

    fn body(&self, request: &DisclosureRequest, viewer: &Ed25519Key) -> DrilldownBody {
        let (request, _) = build(request, viewer, self.control_plane.now()).unwrap();
        let requester = Requester {
            user: UserId::from_u128(1),
            roles: vec!["auditor".parse().unwrap()],
            acr: "mfa".parse().unwrap(),
            auth_time: self.control_plane.now(),
        };
        DrilldownBody { drilldown: DrilldownId::from_u128(1), request, requester }
    }

    fn command(&self, nonce: u8, body: CommandBody) -> Command {
        let now = self.control_plane.now();
        Command {
            id: CommandId::from_u128(u128::from(nonce)),
            tenant: self.site.tenant,
            runner: self.control_plane.runner,
            body,
            nonce: Base64Url([nonce; 16]),
            not_before: now.minus(Duration::from_mins(1)),
            not_after: now.plus(Duration::from_mins(2)),
        }
    }

    fn drilldown(&self, nonce: u8) -> Command {
        let body = self.body(&self.request(nonce), &self.site.key("viewer"));
        self.command(nonce, CommandBody::Drilldown(body))
    }

    fn signed(&self, command: &Command) -> Envelope {
        Envelope::sign_message(command, &[&self.control_plane.command]).unwrap()
    }

    /// Lets the Runner fetch `envelope`, and gives what it made of it.
    async fn deliver(&self, envelope: Envelope) -> CommandResult {
        let waiting = WaitingCommand { id: CommandId::from_u128(77), envelope };
        self.control_plane.state.lock().unwrap().commands.push(waiting);
        let served = self.control_plane.serve(self.site.run(&["serve", "--once"])).await;
        assert_eq!(served.exit, 0, "{}", served.json);
        self.control_plane.state.lock().unwrap().results.pop().unwrap()
    }

    fn forget_results(&self) {
        let vault = rusqlite::Connection::open(self.site.home().join("vault.sqlite")).unwrap();
        vault.execute("DELETE FROM command", []).unwrap();
    }

    async fn refusal(&self, command: &Command) -> RefusalCode {
        let result = self.deliver(self.signed(command)).await;
        assert_eq!((result.outcome, &result.sealed), (CommandOutcome::Refused, &None));
        result.code.unwrap()
    }
}

#[tokio::test]
async fn a_listed_viewer_gets_the_value_sealed_and_proved() {
    let case = Case::new().await;
    let request = case.request(1);
    let result = case.deliver(case.signed(&case.drilldown(1))).await;
    assert_eq!(result.outcome, CommandOutcome::Done, "{:?}", result.code);
    let sealed = result.sealed.unwrap().0;
    let drilldown = DrilldownId::from_u128(1);
    let disclosure = case.answer_key.open(&result.request_sha256, drilldown, &sealed).unwrap();
    check_disclosure(&disclosure, &request, &case.root).unwrap();
    assert_eq!(disclosure.leaves.len(), 1);
    assert_eq!(disclosure.leaves[0].value, CANARY);
    let seen = &case.control_plane.state.lock().unwrap().seen;
    assert!(!seen.windows(CANARY.len()).any(|window| window == CANARY.as_bytes()));
}

#[tokio::test]
async fn a_viewer_whom_the_customer_did_not_list_is_refused() {
    let case = Case::new().await;
    let stranger = Ed25519Key::from_seed(&[5; 32]);
    let body = case.body(&case.request(1), &stranger);
    let command = case.command(1, CommandBody::Drilldown(body));
    assert_eq!(case.refusal(&command).await, RefusalCode::ViewerUnlisted);
    // A procedure signer is no viewer either.
    let body = case.body(&case.request(2), &case.site.key("author"));
    let command = case.command(2, CommandBody::Drilldown(body));
    assert_eq!(case.refusal(&command).await, RefusalCode::ViewerUnlisted);
}

#[tokio::test]
async fn a_viewers_request_that_the_carrier_changed_is_refused() {
    let case = Case::new().await;
    let mut body = case.body(&case.request(1), &case.site.key("viewer"));
    let mut asked: Value = serde_json::from_slice(&body.request.body.0).unwrap();
    asked["paths"] = json!([""]);
    body.request.body.0 = protocol::canonical::to_vec(&asked).unwrap();
    let command = case.command(1, CommandBody::Drilldown(body));
    assert_eq!(case.refusal(&command).await, RefusalCode::SignatureInvalid);
}

#[tokio::test]
async fn a_command_counts_only_from_the_command_key_for_this_runner_and_now() {
    let case = Case::new().await;
    let sound = case.drilldown(1);
    for key in [Es256Key::from_seed(&[3; 32]).unwrap(), Es256Key::from_seed(&[4; 32]).unwrap()] {
        let forged = Envelope::sign_message(&sound, &[&key]).unwrap();
        let result = case.deliver(forged).await;
        assert_eq!(result.code, Some(RefusalCode::Unsigned));
    }
    let other = Command { runner: domain::RunnerId::from_u128(9), ..sound.clone() };
    assert_eq!(case.refusal(&other).await, RefusalCode::WrongRunner);
    let now = case.control_plane.now();
    let expired = Command { not_after: now.minus(Duration::from_secs(1)), ..sound.clone() };
    assert_eq!(case.refusal(&expired).await, RefusalCode::CommandExpired);
    let early = Command { not_before: now.plus(Duration::from_mins(1)), ..sound.clone() };
    assert_eq!(case.refusal(&early).await, RefusalCode::CommandExpired);
    // None of them used the command up.
    assert_eq!(case.deliver(case.signed(&sound)).await.outcome, CommandOutcome::Done);
}

#[tokio::test]
async fn an_unknown_field_in_a_command_is_refused_even_when_it_was_signed() {
    let case = Case::new().await;
    let mut command = serde_json::to_value(case.drilldown(1)).unwrap();
    command["surprise"] = json!(1);
    let payload = protocol::canonical::to_vec(&command).unwrap();
    let keys: [&dyn protocol::key::Signer; 1] = [&case.control_plane.command];
    let envelope = Envelope::sign(PayloadType::Command, payload, &keys).unwrap();
    assert_eq!(case.deliver(envelope).await.code, Some(RefusalCode::UnknownField));
}

#[tokio::test]
async fn a_command_and_a_viewers_request_are_each_obeyed_once() {
    let case = Case::new().await;
    let command = case.drilldown(1);
    let answered = case.deliver(case.signed(&command)).await;
    assert_eq!(answered.outcome, CommandOutcome::Done);
    // The same command again gets the very answer that it had.
    assert_eq!(case.deliver(case.signed(&command)).await, answered);
    // Its nonce in another command, and the same viewer's request in a new one.
    let other = Command { id: CommandId::from_u128(98), ..command.clone() };
    assert_eq!(case.refusal(&other).await, RefusalCode::Replay);
    let fresh_nonce: Nonce = Base64Url([99; 16]);
    let repeated = Command { id: CommandId::from_u128(99), nonce: fresh_nonce, ..command };
    assert_eq!(case.refusal(&repeated).await, RefusalCode::Replay);
}

/// What is on the disk after kill -9 between the nonce and the result: both are used up, and the disclosure is noted.
#[tokio::test]
async fn a_drilldown_whose_runner_was_stopped_before_it_answered_is_answered_by_the_next() {
    let case = Case::new().await;
    let command = case.drilldown(1);
    assert_eq!(case.deliver(case.signed(&command)).await.outcome, CommandOutcome::Done);
    case.forget_results();
    assert_eq!(case.deliver(case.signed(&command)).await.outcome, CommandOutcome::Done);
    // It counts once: two a day are allowed.
    let mut second = case.drilldown(2);
    let CommandBody::Drilldown(body) = &mut second.body else { panic!() };
    body.drilldown = DrilldownId::from_u128(2);
    assert_eq!(case.deliver(case.signed(&second)).await.outcome, CommandOutcome::Done);
    case.forget_results();
    let repeated = Command { id: CommandId::from_u128(99), nonce: Base64Url([99; 16]), ..command };
    assert_eq!(case.refusal(&repeated).await, RefusalCode::Replay);
}

#[tokio::test]
async fn a_run_that_was_stopped_before_it_was_answered_is_not_made_twice() {
    let case = Case::new().await;
    let digest = case.control_plane.publish(&case.site.signed(&case.site.procedure(2)).await);
    let body = RunBody { version: VersionId::of_digest(&digest.0), digest };
    let command = case.command(1, CommandBody::Run(body));
    assert_eq!(case.deliver(case.signed(&command)).await.outcome, CommandOutcome::Done);
    case.forget_results();
    let result = case.deliver(case.signed(&command)).await;
    assert_eq!(
        (result.outcome, result.code),
        (CommandOutcome::Failed, Some(RefusalCode::Internal))
    );
    assert_eq!(case.control_plane.state.lock().unwrap().held.len(), 2);
}

/// Another process of the same Runner is at it: whatever this one said would beat the real answer.
#[tokio::test]
async fn while_another_process_obeys_nothing_is_answered() {
    let case = Case::new().await;
    let envelope = case.signed(&case.drilldown(1));
    let lock = File::create(case.site.home().join("obeying.lock")).unwrap();
    lock.lock().unwrap();
    let waiting = WaitingCommand { id: CommandId::from_u128(1), envelope: envelope.clone() };
    case.control_plane.state.lock().unwrap().commands.push(waiting);
    let served = case.control_plane.serve(case.site.run(&["serve", "--once"])).await;
    assert_eq!(served.exit, 0, "{}", served.json);
    assert_eq!(case.control_plane.state.lock().unwrap().results, []);
    drop(lock);
    assert_eq!(case.deliver(envelope).await.outcome, CommandOutcome::Done);
}

/// Whoever may say what day it is would begin a new quota with each word.
#[tokio::test]
async fn a_control_plane_that_says_another_day_gets_no_value_more() {
    let case = Case::new().await;
    case.control_plane.state.lock().unwrap().clock_ahead_s = 86_400;
    let mut tomorrow = case.drilldown(1);
    assert_eq!(case.refusal(&tomorrow).await, RefusalCode::CommandExpired);
    // The command counts from today on; what it carries was not asked yet.
    tomorrow.not_before = tomorrow.not_before.minus(Duration::from_hours(24));
    assert_eq!(case.refusal(&tomorrow).await, RefusalCode::CommandExpired);
}

#[tokio::test]
async fn another_purpose_another_person_and_other_evidence_are_refused() {
    let case = Case::new().await;
    let viewer = case.site.key("viewer");
    let ask = |nonce: u8, change: &dyn Fn(&mut DisclosureRequest)| {
        let mut request = case.request(nonce);
        change(&mut request);
        case.command(nonce, CommandBody::Drilldown(case.body(&request, &viewer)))
    };
    let purpose = ask(1, &|request| request.purpose = "curiosity".parse().unwrap());
    assert_eq!(case.refusal(&purpose).await, RefusalCode::PurposeNotAllowed);
    let person = ask(2, &|request| request.requester = UserId::from_u128(2));
    assert_eq!(case.refusal(&person).await, RefusalCode::WrongRequester);
    let evidence = ask(3, &|request| request.evidence = EvidenceId::from_u128(1));
    assert_eq!(case.refusal(&evidence).await, RefusalCode::EvidenceUnknown);
    let path = ask(4, &|request| request.paths = vec!["/content/none".to_owned()]);
    assert_eq!(case.refusal(&path).await, RefusalCode::EvidenceUnknown);
    let tenant = ask(5, &|request| request.tenant = domain::TenantId::from_u128(1));
    assert_eq!(case.refusal(&tenant).await, RefusalCode::WrongRunner);
}

#[tokio::test]
async fn the_customers_limit_for_a_day_holds() {
    let case = Case::new().await;
    for nonce in [1, 2] {
        let mut command = case.drilldown(nonce);
        let CommandBody::Drilldown(body) = &mut command.body else { panic!() };
        body.drilldown = DrilldownId::from_u128(u128::from(nonce));
        let result = case.deliver(case.signed(&command)).await;
        assert_eq!(result.outcome, CommandOutcome::Done);
    }
    let mut third = case.drilldown(3);
    let CommandBody::Drilldown(body) = &mut third.body else { panic!() };
    body.drilldown = DrilldownId::from_u128(3);
    assert_eq!(case.refusal(&third).await, RefusalCode::QuotaExceeded);
}

#[tokio::test]
async fn a_run_is_executed_on_command_only_when_the_customer_signed_it() {
    let case = Case::new().await;
    let run = |nonce: u8, digest: Digest| {
        let body = RunBody { version: VersionId::of_digest(&digest.0), digest };
        case.command(nonce, CommandBody::Run(body))
    };
    let signed = case.control_plane.publish(&case.site.signed(&case.site.procedure(2)).await);
    let result = case.deliver(case.signed(&run(1, signed))).await;
    assert_eq!(result.outcome, CommandOutcome::Done, "{:?}", result.code);
    let payload = case.control_plane.state.lock().unwrap().held[&2].0.clone();
    let statement: Statement = serde_json::from_slice(&payload).unwrap();
    assert_eq!(json!(statement.predicate.run.trigger), "command");

    assert_eq!(case.refusal(&run(1, signed)).await, RefusalCode::Replay);
    assert_eq!(case.control_plane.state.lock().unwrap().held.len(), 2);

    let procedure: domain::procedure::Procedure =
        serde_json::from_value(case.site.procedure(3)).unwrap();
    let payload = protocol::canonical::to_vec(&procedure).unwrap();
    let alone = case.control_plane.publish(&case.site.signed_with(payload, &["author"]));
    assert_eq!(case.refusal(&run(2, alone)).await, RefusalCode::ProcedureUnsigned);
}
