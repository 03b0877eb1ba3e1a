//! Procedures that the Runner does not execute.

use protocol::canonical;
use serde_json::{Value, json};

use crate::site::{Site, no_root};

fn payload(procedure: &Value) -> Vec<u8> {
    // With every default written out, as signing does.
    let procedure: domain::procedure::Procedure =
        serde_json::from_value(procedure.clone()).unwrap();
    canonical::to_vec(&procedure).unwrap()
}

async fn refusal(site: &Site, file: &str) -> (u8, String) {
    let answer = site.run(&["run", file, "--offline"]).await;
    (answer.exit, answer.code().to_owned())
}

#[tokio::test]
async fn only_what_two_listed_signers_signed_and_one_approved_is_executed() {
    let site = Site::new(&no_root()).await;
    let signed = |keys: &[&str]| site.signed_with(payload(&site.procedure(1)), keys);
    for keys in [&["author"][..], &["approver"], &["author", "author"], &["author", "viewer"]] {
        let refused = refusal(&site, &signed(keys)).await;
        assert_eq!(refused, (4, "signature-invalid".to_owned()), "{keys:?}");
    }
    assert_eq!(refusal(&site, &signed(&[])).await, (4, "unsigned".to_owned()));
    assert_eq!(refusal(&site, &signed(&["viewer"])).await, (4, "unsigned".to_owned()));
    let yaml = site.write("plain.yaml", serde_json::to_string(&site.procedure(1)).unwrap());
    assert_eq!(refusal(&site, &yaml).await, (4, "unsigned".to_owned()));
    assert_eq!(refusal(&site, &signed(&["author", "approver"])).await.0, 1);
}

#[tokio::test]
async fn two_authors_without_an_approver_are_not_enough() {
    let site = Site::new(&no_root()).await;
    let policy = site.home().join("trust.toml");
    let text = std::fs::read_to_string(&policy).unwrap();
    std::fs::write(&policy, text.replace("\"approver\"", "\"author\"")).unwrap();
    let file = site.signed_with(payload(&site.procedure(1)), &["author", "approver"]);
    assert_eq!(refusal(&site, &file).await, (4, "signature-invalid".to_owned()));
}

#[tokio::test]
async fn a_procedure_that_was_edited_after_signing_is_not_executed() {
    let site = Site::new(&no_root()).await;
    let file = site.signed(&site.procedure(1)).await;
    let mut envelope: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let edited = payload(&{
        let mut procedure = site.procedure(1);
        procedure["steps"][1]["checks"][0]["weight"] = json!(2);
        procedure
    });
    envelope["payload"] = protocol::Base64(edited).to_string().into();
    let file = site.write("edited.dsse", envelope.to_string());
    assert_eq!(refusal(&site, &file).await, (4, "signature-invalid".to_owned()));
}

#[tokio::test]
async fn an_unknown_field_is_refused_even_when_it_was_signed() {
    let site = Site::new(&no_root()).await;
    let mut procedure: Value = serde_json::from_slice(&payload(&site.procedure(1))).unwrap();
    procedure["surprise"] = json!(1);
    let bytes = canonical::to_vec(&procedure).unwrap();
    let file = site.signed_with(bytes, &["author", "approver"]);
    assert_eq!(refusal(&site, &file).await, (4, "unknown-field".to_owned()));
}

#[tokio::test]
async fn bytes_that_are_not_canonical_and_procedures_that_are_unsound_are_refused() {
    let site = Site::new(&no_root()).await;
    let spaced = [payload(&site.procedure(1)).as_slice(), b" "].concat();
    let file = site.signed_with(spaced, &["author", "approver"]);
    assert_eq!(refusal(&site, &file).await, (4, "procedure-not-canonical".to_owned()));
    let mut unsound = site.procedure(1);
    unsound["steps"][0]["checks"][0]["must_fail"] = json!({ "content": { "a": "1" } });
    let file = site.signed_with(payload(&unsound), &["author", "approver"]);
    assert_eq!(refusal(&site, &file).await, (4, "procedure-unsound".to_owned()));
}

#[tokio::test]
async fn there_is_no_way_back_to_an_older_revision() {
    let site = Site::new(&no_root()).await;
    let older = std::fs::read(site.signed(&site.procedure(1)).await).unwrap();
    let newer = site.signed(&site.procedure(2)).await;
    assert_eq!(refusal(&site, &newer).await.0, 1);
    let older = site.write("older.dsse", older);
    assert_eq!(refusal(&site, &older).await, (4, "procedure-downgrade".to_owned()));
    assert_eq!(refusal(&site, &newer).await.0, 1);
}

#[tokio::test]
async fn a_trust_policy_with_one_signer_executes_nothing() {
    let site = Site::new(&no_root()).await;
    let file = site.signed(&site.procedure(1)).await;
    let policy = site.home().join("trust.toml");
    let text = std::fs::read_to_string(&policy).unwrap();
    std::fs::write(&policy, text.replace("threshold = 2", "threshold = 1")).unwrap();
    assert_eq!(refusal(&site, &file).await, (4, "trust-policy-invalid".to_owned()));
}
