use serde_json::{Value, json};

use super::*;
use crate::{
    Base64,
    key::{Ed25519Key, Signer},
    samples::{COMMAND, NONCE, RUNNER, TENANT, VERSION, at, command_key, receipt_key, runner_key},
};

fn command() -> Command {
    Command {
        id: COMMAND,
        tenant: TENANT,
        runner: RUNNER,
        body: CommandBody::Run(RunBody { version: VERSION, digest: Digest::of("procedure") }),
        nonce: NONCE,
        not_before: at(0),
        not_after: at(60),
    }
}

fn verdict(envelope: &Envelope, seconds: i64) -> Result<Command, RefusalCode> {
    let keys = [command_key().public().clone()];
    Command::verify(envelope, &keys, TENANT, RUNNER, at(seconds)).map_err(|error| error.refusal())
}

fn signed(value: &Value) -> Envelope {
    let payload = crate::canonical::to_vec(value).unwrap();
    Envelope::sign(PayloadType::Command, payload, &[&command_key()]).unwrap()
}

/// Written by hand from the wire contract.
#[test]
fn a_command_has_the_fields_of_the_wire_contract() {
    let expected = json!({
        "v": 1,
        "id": "cmd_00000000000000000000000008",
        "tenant": "ten_00000000000000000000000001",
        "runner": "rnr_00000000000000000000000002",
        "type": "run",
        "body": {"version": "prv_00000000000000000000000005", "digest": Digest::of("procedure")},
        "nonce": "AAECAwQFBgcICQoLDA0ODw",
        "not_before": "2027-01-15T08:00:00.000000Z",
        "not_after": "2027-01-15T08:01:00.000000Z",
    });
    assert_eq!(serde_json::to_value(command()).unwrap(), expected);
    assert_eq!(verdict(&signed(&expected), 1), Ok(command()));
}

#[test]
fn a_command_counts_from_its_first_moment_to_its_last() {
    let envelope = Envelope::sign_message(&command(), &[&command_key()]).unwrap();
    assert_eq!(verdict(&envelope, 0), Ok(command()));
    assert!(verdict(&envelope, 59).is_ok());
    for seconds in [-1, 60] {
        assert_eq!(verdict(&envelope, seconds), Err(RefusalCode::CommandExpired));
    }
}

#[test]
fn only_a_command_key_commands() {
    let others: [&dyn Signer; 2] = [&receipt_key(), &Ed25519Key::from_seed(&[9; 32])];
    for other in others {
        let envelope = Envelope::sign_message(&command(), &[other]).unwrap();
        assert_eq!(verdict(&envelope, 1), Err(RefusalCode::Unsigned));
    }
    let unsigned = Envelope::sign_message(&command(), &[]).unwrap();
    assert_eq!(verdict(&unsigned, 1), Err(RefusalCode::Unsigned));
}

#[test]
fn a_changed_command_is_refused() {
    let envelope = Envelope::sign_message(&command(), &[&command_key()]).unwrap();
    let mut json = serde_json::to_value(&envelope).unwrap();
    let later = Command { not_after: at(6_000), ..command() };
    json["payload"] = json!(Base64(crate::canonical::to_vec(&later).unwrap()));
    let changed: Envelope = serde_json::from_value(json).unwrap();
    assert_eq!(verdict(&changed, 1), Err(RefusalCode::SignatureInvalid));
}

#[test]
fn a_command_for_another_runner_or_tenant_is_refused() {
    for foreign in [
        Command { tenant: TenantId::from_u128(99), ..command() },
        Command { runner: RunnerId::from_u128(99), ..command() },
    ] {
        let envelope = Envelope::sign_message(&foreign, &[&command_key()]).unwrap();
        assert_eq!(verdict(&envelope, 1), Err(RefusalCode::WrongRunner));
    }
}

#[test]
fn a_signed_command_with_an_unknown_field_or_type_is_refused() {
    let changed = |pointer: &str, name: &str, value: Value| {
        let mut command = serde_json::to_value(command()).unwrap();
        command.pointer_mut(pointer).unwrap()[name] = value;
        verdict(&signed(&command), 1).unwrap_err()
    };
    assert_eq!(changed("", "sudo", json!(true)), RefusalCode::UnknownField);
    assert_eq!(changed("/body", "parameters", json!({})), RefusalCode::UnknownField);
    assert_eq!(changed("", "type", json!("upgrade")), RefusalCode::Malformed);
    assert_eq!(changed("", "type", json!("drilldown")), RefusalCode::UnknownField);
    assert_eq!(changed("", "v", json!(2)), RefusalCode::Malformed);
    assert_eq!(changed("", "nonce", json!("AAAA")), RefusalCode::Malformed);
}

#[test]
fn a_signed_command_in_another_envelope_type_is_refused() {
    let payload = crate::canonical::to_vec(&command()).unwrap();
    let envelope = Envelope::sign(PayloadType::Receipt, payload, &[&command_key()]).unwrap();
    assert_eq!(verdict(&envelope, 1), Err(RefusalCode::Malformed));
}

#[test]
fn a_result_has_the_fields_of_the_wire_contract() {
    let refused = CommandResult {
        v: V1,
        command: COMMAND,
        outcome: CommandOutcome::Refused,
        code: Some(RefusalCode::ViewerUnlisted),
        request_sha256: Digest::ZERO,
        sealed: None,
    };
    let expected = json!({
        "v": 1,
        "command": "cmd_00000000000000000000000008",
        "outcome": "refused",
        "code": "viewer-unlisted",
        "request_sha256": "0".repeat(64),
    });
    assert_eq!(serde_json::to_value(&refused).unwrap(), expected);
    let envelope = Envelope::sign_message(&refused, &[&runner_key()]).unwrap();
    assert_eq!(dsse::open(&envelope, runner_key().public()), Ok(refused));
}

#[test]
fn refusal_codes_are_the_same_in_messages_and_in_problems() {
    for code in RefusalCode::ALL {
        assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        assert_eq!(code.code(), code.as_str());
        assert_eq!(serde_json::from_value::<RefusalCode>(json!(code.as_str())).unwrap(), *code);
    }
}
