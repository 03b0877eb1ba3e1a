use domain::EvidenceId;
use serde_json::json;

use super::*;
use crate::{
    Digest, canonical,
    samples::{EVIDENCE, RUN, at, name, predicate, statement},
    strict_json,
};

fn refusal(change: impl Fn(&mut Predicate)) -> StatementError {
    let mut predicate = predicate();
    change(&mut predicate);
    Statement::new(predicate).check().unwrap_err()
}

/// Written by hand from the wire contract and `mission.md` §4.4.
#[test]
fn a_statement_has_the_fields_of_the_wire_contract() {
    let kid = crate::key::Signer::kid(&crate::samples::runner_key());
    let signers = predicate().procedure.signers;
    let expected = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [
            {"name": "evd_00000000000000000000000003", "digest": {"sha256": "5c4bb10c7a358e0ff6a2348c2dd15fae6981bfdc5f33132f7de3b57270e3391c"}},
            {"name": "prv_00000000000000000000000005", "digest": {"sha256": Digest::of("procedure")}},
        ],
        "predicateType": "https://proofline.io/attestations/procedure-run/v1",
        "predicate": {
            "tenant": "ten_00000000000000000000000001",
            "deployment": "proofline.example",
            "event": {
                "id": "00000000000000000042",
                "source": "urn:proofline:runner:rnr_00000000000000000000000002",
                "type": "io.proofline.run.completed.v1",
                "subject": "run_00000000000000000000000004",
                "time": "2027-01-15T08:00:02.000000Z",
                "sequence": 42,
                "prev": Digest::of("before"),
            },
            "runner": {
                "id": "rnr_00000000000000000000000002", "kid": kid, "version": "0.1.0",
                "binary": Digest::of("binary"), "trust_policy": Digest::of("policy"), "key_storage": "file",
            },
            "procedure": {"version": "prv_00000000000000000000000005", "digest": Digest::of("procedure"), "signers": signers},
            "run": {
                "id": "run_00000000000000000000000004", "trigger": "schedule",
                "started": "2027-01-15T08:00:00.000000Z", "ended": "2027-01-15T08:00:02.000000Z",
                "monotonic_ms": 2000, "clock": {"offset_ms": -12, "confidence": "good"},
            },
            "steps": [{
                "id": "sshd", "outcome": "fail", "reason": "check_failed",
                "checks": [
                    {"id": "root-login", "outcome": "pass", "severity": "high", "weight": 3},
                    {"id": "password-login", "outcome": "fail", "severity": "high", "weight": 1},
                ],
                "evidence": ["evd_00000000000000000000000003"],
                "tool": {"name": "sshd", "version": "9.2", "sha256": Digest::of("/usr/sbin/sshd")},
            }],
            "score": {"algo": "v1", "score_bp": 7500, "coverage_bp": 10000, "counts": {"fail": 1, "pass": 1}},
            "evidence": [{
                "id": "evd_00000000000000000000000003", "step": "sshd",
                "root": "5c4bb10c7a358e0ff6a2348c2dd15fae6981bfdc5f33132f7de3b57270e3391c",
                "leaves": 9, "bytes": 100, "custody": "runner", "media_type": "application/json",
            }],
        },
    });
    assert_eq!(serde_json::to_value(statement()).unwrap(), expected);
    let bytes = canonical::to_vec(&statement()).unwrap();
    assert_eq!(strict_json::parse::<Statement>(&bytes, 10_000).unwrap(), statement());
}

#[test]
fn an_unknown_field_is_refused_wherever_it_is() {
    let good = serde_json::to_value(statement()).unwrap();
    for place in [
        "",
        "/subject/0",
        "/subject/0/digest",
        "/predicate",
        "/predicate/event",
        "/predicate/runner",
        "/predicate/procedure",
        "/predicate/run",
        "/predicate/run/clock",
        "/predicate/steps/0",
        "/predicate/steps/0/checks/0",
        "/predicate/steps/0/tool",
        "/predicate/score",
        "/predicate/evidence/0",
    ] {
        let mut bad = good.clone();
        bad.pointer_mut(place).unwrap()["note"] = json!("raw value");
        let refused = strict_json::shape::<Statement>(bad).unwrap_err();
        assert_eq!(domain::Fault::code(&refused), "unknown-field", "{place}");
    }
}

#[test]
fn free_text_has_no_place_in_a_statement() {
    let good = serde_json::to_value(statement()).unwrap();
    for place in [
        "/predicate/steps/0/id",
        "/predicate/steps/0/reason",
        "/predicate/steps/0/tool/version",
        "/predicate/steps/0/checks/0/id",
        "/predicate/evidence/0/media_type",
        "/predicate/runner/version",
        "/predicate/deployment",
        "/subject/0/name",
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(place).unwrap() = json!("root:x:0:0: secret");
        assert!(strict_json::shape::<Statement>(bad).is_err(), "{place}");
    }
}

#[test]
fn the_event_is_that_of_its_own_runner_run_and_sequence() {
    assert_eq!(statement().check(), Ok(()));
    assert_eq!(refusal(|it| it.event.id = EventNumber(41)), StatementError::Event);
    assert_eq!(refusal(|it| it.event.source.push('0')), StatementError::Event);
    assert_eq!(
        refusal(|it| it.event.subject = domain::RunId::from_u128(99)),
        StatementError::Event
    );
    assert_eq!(refusal(|it| it.runner.id = domain::RunnerId::from_u128(99)), StatementError::Event);
}

#[test]
fn only_the_first_statement_has_no_predecessor() {
    let numbered = |sequence: u64, prev: Digest| {
        let mut predicate = predicate();
        predicate.event.sequence = sequence;
        predicate.event.id = EventNumber(sequence);
        predicate.event.prev = prev;
        Statement::new(predicate).check()
    };
    let some = Digest::of("before");
    assert_eq!(numbered(1, Digest::ZERO), Ok(()));
    assert_eq!(numbered(2, some), Ok(()));
    assert_eq!(numbered(1, some), Err(StatementError::Sequence));
    assert_eq!(numbered(2, Digest::ZERO), Err(StatementError::Sequence));
    assert_eq!(numbered(0, Digest::ZERO), Err(StatementError::Sequence));
}

#[test]
fn steps_and_evidence_name_each_other() {
    let other = EvidenceId::from_u128(99);
    assert_eq!(refusal(|it| it.evidence.clear()), StatementError::Evidence);
    assert_eq!(refusal(|it| it.steps[0].evidence.clear()), StatementError::Evidence);
    assert_eq!(refusal(|it| it.steps[0].evidence.push(other)), StatementError::Evidence);
    assert_eq!(refusal(|it| it.steps[0].evidence.push(EVIDENCE)), StatementError::Evidence);
    assert_eq!(refusal(|it| it.evidence[0].step = name("other")), StatementError::Evidence);
}

#[test]
fn nothing_comes_twice() {
    let twice = |it: &mut Predicate| {
        let mut step = it.steps[0].clone();
        step.evidence.clear();
        it.steps.push(step);
    };
    assert_eq!(refusal(twice), StatementError::Twice);
    let check_twice = |it: &mut Predicate| {
        let check = it.steps[0].checks[0].clone();
        it.steps[0].checks.push(check);
    };
    assert_eq!(refusal(check_twice), StatementError::Twice);
    assert_eq!(refusal(|it| it.evidence.push(it.evidence[0].clone())), StatementError::Twice);
}

#[test]
fn the_subject_is_the_evidence_and_the_procedure() {
    let mut statement = statement();
    statement.subject[0].digest.sha256 = Digest::of("another root");
    assert_eq!(statement.check(), Err(StatementError::Subject));
    statement.subject.remove(0);
    assert_eq!(statement.check(), Err(StatementError::Subject));
}

#[test]
fn a_run_ends_after_it_started() {
    assert_eq!(refusal(|it| it.run.ended = at(-1)), StatementError::Times);
    let mut instant = predicate();
    instant.run.ended = instant.run.started;
    assert_eq!(Statement::new(instant).check(), Ok(()));
}

#[test]
fn a_run_has_limits() {
    let with_steps = |steps: usize, checks: usize| {
        let mut predicate = predicate();
        let mut step = predicate.steps[0].clone();
        step.evidence.clear();
        step.checks.clear();
        for index in 1..steps {
            step.id = name(&format!("step-{index}"));
            predicate.steps.push(step.clone());
        }
        let check = predicate.steps[0].checks[0].clone();
        predicate.steps[0].checks = (0..checks)
            .map(|index| Check { id: name(&format!("check-{index}")), ..check.clone() })
            .collect();
        Statement::new(predicate).check()
    };
    assert_eq!(with_steps(200, 1_000), Ok(()));
    assert_eq!(with_steps(201, 1), Err(StatementError::TooMany));
    assert_eq!(with_steps(1, 1_001), Err(StatementError::TooMany));
    let with_evidence = |count: u128| {
        let mut predicate = predicate();
        let item = predicate.evidence[0].clone();
        let ids: Vec<_> = (0..count).map(EvidenceId::from_u128).collect();
        predicate.steps[0].evidence.clone_from(&ids);
        predicate.evidence =
            ids.into_iter().map(|id| EvidenceReference { id, ..item.clone() }).collect();
        Statement::new(predicate).check()
    };
    assert_eq!(with_evidence(1_000), Ok(()));
    assert_eq!(with_evidence(1_001), Err(StatementError::TooMany));
}

#[test]
fn a_score_follows_from_the_outcomes() {
    let mut predicate = predicate();
    assert_eq!(predicate.recomputed_score(), predicate.score);
    assert_eq!((predicate.score.score_bp, predicate.score.coverage_bp), (7_500, 10_000));
    predicate.score.score_bp = 10_000;
    assert_ne!(predicate.recomputed_score(), predicate.score);
}

#[test]
fn an_event_number_has_20_digits() {
    assert_eq!(EventNumber(42).to_string(), "00000000000000000042");
    assert_eq!("18446744073709551615".parse(), Ok(EventNumber(u64::MAX)));
    for bad in ["42", "18446744073709551616", "+0000000000000000042", "0000000000000000004x", ""] {
        assert!(bad.parse::<EventNumber>().is_err(), "{bad}");
    }
    assert_eq!(RUN.to_string(), "run_00000000000000000000000004");
}
