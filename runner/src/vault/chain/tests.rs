//! Numbers without gaps, and what stays once it is there.

use protocol::{dsse::PayloadType, key::Ed25519Key};

use super::*;
use crate::vault::tests::vault;

fn signed(text: &str) -> Envelope {
    let key = Ed25519Key::from_seed(&[1; 32]);
    Envelope::sign(PayloadType::Statement, text.into(), &[&key]).unwrap()
}

fn append(vault: &Vault, run: u128, text: &str) -> (u64, Digest) {
    let mut seen = Digest::ZERO;
    let sequence = vault.append_statement(
        RunnerId::from_u128(1),
        RunId::from_u128(run),
        Timestamp::default(),
        StatementState::Queued,
        |_, prev| {
            seen = prev;
            Ok::<_, VaultError>(signed(text))
        },
    );
    (sequence.unwrap(), seen)
}

#[test]
fn statements_are_numbered_from_one_and_name_the_one_before() {
    let dir = tempfile::tempdir().unwrap();
    let vault = vault(dir.path());
    assert_eq!(append(&vault, 1, "first"), (1, Digest::ZERO));
    assert_eq!(append(&vault, 2, "second"), (2, Digest::of("first")));
    assert_eq!(vault.last_sequence(RunnerId::from_u128(1)).unwrap(), 2);
    assert_eq!(vault.last_sequence(RunnerId::from_u128(2)).unwrap(), 0);
}

#[test]
fn a_statement_that_could_not_be_signed_leaves_no_gap() {
    let dir = tempfile::tempdir().unwrap();
    let vault = vault(dir.path());
    let failed = vault.append_statement(
        RunnerId::from_u128(1),
        RunId::from_u128(1),
        Timestamp::default(),
        StatementState::Queued,
        |_, _| Err(VaultError::Missing("key")),
    );
    assert!(failed.is_err());
    assert_eq!(append(&vault, 1, "first"), (1, Digest::ZERO));
}

#[test]
fn what_was_appended_is_there_after_the_process_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    append(&vault(dir.path()), 1, "first");
    let reopened = vault(dir.path());
    let waiting =
        reopened.statements(RunnerId::from_u128(1), &[StatementState::Queued], 10).unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(append(&reopened, 2, "second"), (2, Digest::of("first")));
}

#[test]
fn a_receipt_is_kept_for_ever_and_a_receipted_statement_is_not_rejected_later() {
    let dir = tempfile::tempdir().unwrap();
    let vault = vault(dir.path());
    let runner = RunnerId::from_u128(1);
    append(&vault, 1, "first");
    vault.mark_sent(runner, 1).unwrap();
    vault.keep_receipt(runner, 1, &signed("receipt"), None, Timestamp::default()).unwrap();
    vault.keep_receipt(runner, 1, &signed("another"), None, Timestamp::default()).unwrap();
    vault.mark_rejected(runner, 1, "late").unwrap();
    let kept = vault.statement_of(RunId::from_u128(1)).unwrap();
    assert_eq!(kept.state, StatementState::Receipted);
    assert_eq!(kept.receipt.unwrap(), signed("receipt"));
}
