//! What a witness may ask for: the head of its tenant's log, and the rows that its receipts promised; nothing else.

use axum::http::Method;
use chain::{Hash, checkpoint::Checkpoint, note::Note, proof, row, tree::leaf_hash};
use domain::{TenantId, Timestamp};
use ports::{Identity, KeyPurpose};
use protocol::{
    Digest,
    dsse::{Envelope, PAYLOAD_MAX},
    receipt::{Promise, Receipt},
    routes::{PROMISED_ROW, RECEIPTS, ReceiptsAnswer, WITNESS_CHECKPOINT},
    strict_json, to_base64url,
    witness::{CheckpointAnswer, PromisedRow},
};
use serde_json::json;
use store::Keyring;
use system_tests::{
    load::{Customer, SyntheticRunner},
    sign_up::Owner,
    tampering::remove_intents,
    world::{Answer, World},
};

struct Scene {
    world: World,
    owner: Owner,
    runner: SyntheticRunner,
}

impl Scene {
    /// A Runner that said something, which is in the log.
    async fn new() -> Self {
        let world = World::new().await;
        let owner = world.owner().await;
        let customer = Customer::of(&world, &owner).await;
        let runner = customer.runner_that_was_heard(&world, "plant-1").await;
        Self { world, owner, runner }
    }

    async fn receipt(&self) -> Envelope {
        let path = format!("{RECEIPTS}?after=0");
        let answer = self.runner.ask(&self.world, Method::GET, &path, None).await;
        let answer: ReceiptsAnswer = serde_json::from_value(answer).unwrap();
        answer.receipts.into_iter().next().unwrap()
    }

    /// The last signed head of the log.
    async fn head(&self) -> Checkpoint {
        let path = format!("{WITNESS_CHECKPOINT}?from=0");
        let answer = self.runner.ask(&self.world, Method::GET, &path, None).await;
        let answer: CheckpointAnswer = serde_json::from_value(answer).unwrap();
        Checkpoint::parse(Note::parse(answer.checkpoint.as_bytes()).unwrap().text).unwrap()
    }

    /// Asks for the promised row as anybody can who holds a receipt.
    async fn promised(&self, receipt: &Envelope, size: u64) -> Answer {
        let receipt = to_base64url(&serde_json::to_vec(receipt).unwrap());
        let path = format!("{PROMISED_ROW}?size={size}&receipt={receipt}");
        self.world.call("GET", &path, None, None).await
    }

    /// A receipt that the control plane's own key signed, with another promise.
    async fn signed(&self, change: impl FnOnce(&mut Receipt)) -> Envelope {
        let mut receipt = payload(&self.receipt().await);
        change(&mut receipt);
        let keyring = Keyring::open(&self.world.store.ports(Identity::Runs)).await.unwrap();
        let key = keyring.es256(KeyPurpose::Receipt).unwrap();
        Envelope::sign_message(&receipt, &[&key]).unwrap()
    }
}

fn payload(receipt: &Envelope) -> Receipt {
    strict_json::parse(receipt.unverified_payload(), PAYLOAD_MAX).unwrap()
}

fn refused(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.code())
}

fn because(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn whoever_holds_a_receipt_sees_the_row_that_it_promised_proved_under_the_signed_head() {
    let scene = Scene::new().await;
    let (receipt, head) = (scene.receipt().await, scene.head().await);
    let answer = scene.promised(&receipt, head.size).await;
    let shown: PromisedRow = serde_json::from_value(answer.json()).unwrap();
    let intent = row::intent_text(&shown.row).unwrap();
    assert_eq!(Digest::of(intent), payload(&receipt).promise.intent);
    let path: Vec<_> = shown.proof.iter().map(|Digest(hash)| Hash(*hash)).collect();
    let leaf = leaf_hash(shown.row.as_bytes());
    let included = proof::check_inclusion(leaf, shown.index, head.size, &path, head.root);
    assert_eq!(included, Ok(()));
}

#[tokio::test]
async fn a_receipt_that_this_deployment_did_not_sign_shows_nothing() {
    let scene = Scene::new().await;
    let (receipt, size) = (scene.receipt().await, scene.head().await.size);
    let stranger = protocol::key::Es256Key::from_seed(&[9; 32]).unwrap();
    let forged = Envelope::sign_message(&payload(&receipt), &[&stranger]).unwrap();
    let invalid = because(403, "receipt-invalid");
    assert_eq!(refused(&scene.promised(&forged, size).await), invalid);
    let mut text = serde_json::to_string(&receipt).unwrap();
    let place = text.find("\"sig\":\"").unwrap() + 9;
    text.replace_range(place..=place, if &text[place..=place] == "A" { "B" } else { "A" });
    for text in [text, "{}".to_owned(), String::new()] {
        let path = format!("{PROMISED_ROW}?size={size}&receipt={}", to_base64url(text.as_bytes()));
        let answer = scene.world.call("GET", &path, None, None).await;
        assert_eq!(refused(&answer), invalid, "{text}");
    }
    let path = format!("{PROMISED_ROW}?size={size}&receipt=%2B");
    assert_eq!(refused(&scene.world.call("GET", &path, None, None).await), invalid);
}

/// The receipt stands for one row of one tenant: what it does not promise is not shown, whoever signed it.
#[tokio::test]
async fn what_was_promised_and_is_not_in_the_log_is_said_not_to_be() {
    let scene = Scene::new().await;
    let size = scene.head().await.size;
    let missing = because(409, "row-not-found");
    let other = Promise { intent: Digest::of("left out"), seal_by: Timestamp::from_unix_s(0) };
    let left_out = scene.signed(|receipt| receipt.promise = other).await;
    assert_eq!(refused(&scene.promised(&left_out, size).await), missing);
    // A head that does not reach as far as the row, and one that was never signed.
    let receipt = scene.receipt().await;
    let shown = scene.promised(&receipt, size).await.json();
    let index = shown["index"].as_u64().unwrap();
    assert_eq!(refused(&scene.promised(&receipt, index).await), missing);
    let unsigned = because(409, "checkpoint-unknown");
    assert_eq!(refused(&scene.promised(&receipt, size + 1).await), unsigned);
    // Another tenant has no log here, let alone this row.
    let elsewhere = scene.signed(|receipt| receipt.tenant = TenantId::from_u128(9)).await;
    let answer = scene.promised(&elsewhere, size).await;
    assert_eq!(refused(&answer), because(409, "nothing-signed"));
}

/// A line of an answer is as good as a receipt: whoever was answered demands the row with it.
#[tokio::test]
async fn whoever_keeps_the_line_of_an_answer_sees_the_row_that_it_promised() {
    let scene = Scene::new().await;
    let token = Some(scene.owner.access.as_str());
    let wish = Some(json!({"name": "plant-2"}));
    let path = "/api/runs/v1/runners/enrolments";
    let answer = scene.world.call("POST", path, token, wish.as_ref()).await;
    let [line] = answer.promise_lines().try_into().unwrap();
    let ask = async |line: &str, size: u64| {
        let path = format!("{PROMISED_ROW}?size={size}&promise={}", to_base64url(line.as_bytes()));
        scene.world.call("GET", &path, None, None).await
    };
    let before = scene.head().await.size;
    assert_eq!(refused(&ask(&line, before).await), because(409, "row-not-found"));
    scene.world.settle().await;
    let head = scene.head().await;
    let shown: PromisedRow = serde_json::from_value(ask(&line, head.size).await.json()).unwrap();
    let intent = Digest::of(row::intent_text(&shown.row).unwrap());
    assert_eq!(answer.promised()[0].1, intent.to_string());
    let path: Vec<_> = shown.proof.iter().map(|Digest(hash)| Hash(*hash)).collect();
    let leaf = leaf_hash(shown.row.as_bytes());
    let included = proof::check_inclusion(leaf, shown.index, head.size, &path, head.root);
    assert_eq!(included, Ok(()));

    // What no app signed shows nothing: another tenant's name, another intent, another app, no signature at all.
    let other = TenantId::from_u128(9).to_string();
    for forged in [
        line.replace(&scene.owner.tenant.to_string(), &other),
        line.replace(&intent.to_string(), &Digest::of("other").to_string()),
        line.replace("app=runs", "app=auth"),
        line.replace("app=runs", "app=signer"),
        line.split(", sig=").next().unwrap().to_owned(),
    ] {
        assert_ne!(forged, line);
        let answer = ask(&forged, head.size).await;
        assert_eq!(refused(&answer), because(403, "receipt-invalid"), "{forged}");
    }
    let neither = format!("{PROMISED_ROW}?size={}", head.size);
    let answer = scene.world.call("GET", &neither, None, None).await;
    assert_eq!(refused(&answer), because(403, "receipt-invalid"));
}

/// What a Runner said was acknowledged, and the operator takes it out of the database before it is sealed. The receipt is still asked for, and the
/// answer is the one for which a Runner raises its alarm (`promise_broken`), at whatever size the log is signed later.
#[tokio::test]
async fn what_an_operator_removes_before_it_is_sealed_is_missed_by_its_receipt() {
    let mut scene = Scene::new().await;
    let said = scene.runner.say_at(scene.world.now());
    scene.runner.deliver(&scene.world, &said).await;
    let path = format!("{RECEIPTS}?after=0");
    let answer = scene.runner.ask(&scene.world, Method::GET, &path, None).await;
    let answer: ReceiptsAnswer = serde_json::from_value(answer).unwrap();
    let receipt = answer.receipts.last().unwrap().clone();
    let intent = payload(&receipt).promise.intent;
    let removed = remove_intents(&scene.world.data(), |text| Digest::of(text) == intent);
    assert_eq!(removed, 1, "one document carries what was acknowledged");

    for _ in 0..3 {
        let said = scene.runner.say_at(scene.world.now());
        scene.runner.deliver(&scene.world, &said).await;
        scene.world.settle().await;
        let size = scene.head().await.size;
        let answer = scene.promised(&receipt, size).await;
        assert_eq!(refused(&answer), because(409, "row-not-found"));
        scene.world.clock.advance(std::time::Duration::from_mins(5));
    }
    // And the log says of itself that a number did not come.
    let policy = "/api/audit/v1/audit/events?limit=50&action=log.incomplete";
    for _ in 0..2 {
        let swept = scene.world.invoke("sweep_intents", &json!({"Data": {"timer": {}}})).await;
        assert_eq!(swept.status, 200);
        scene.world.settle().await;
        let timer = json!({"Data": {"timer": {}}});
        assert_eq!(scene.world.invoke("project_rows", &timer).await.status, 200);
    }
    let owner = scene.world.person(scene.owner.tenant, domain::Role::Owner).await;
    let page = scene.world.call("GET", policy, Some(&owner.token), None).await.json();
    assert!(!page["rows"].as_array().unwrap().is_empty(), "{page}");
}

#[tokio::test]
async fn a_log_that_nobody_witnessed_has_no_witnessed_export() {
    let scene = Scene::new().await;
    let (path, token) = ("/api/audit/v1/audit/exports", Some(scene.owner.access.as_str()));
    let wish = json!({"head": "witnessed"});
    let answer = scene.world.call("POST", path, token, Some(&wish)).await;
    assert_eq!(refused(&answer), because(409, "nothing-witnessed"));
    let newest = scene.world.call("POST", path, token, Some(&json!({}))).await.json();
    assert_eq!(newest["witnesses"], 0, "{newest}");
}
