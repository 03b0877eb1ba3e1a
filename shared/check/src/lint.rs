//! Everything that is wrong with a procedure, its expressions and fixtures included.

use domain::procedure::{self, Check, EXPRESSION_BYTES_MAX, Finding, Procedure};

use crate::{Expression, Verdict, YamlError, procedure_from_yaml};

/// `now` while fixtures are evaluated: 2026-01-01T00:00:00Z, so that linting does not depend on the day.
pub const FIXTURE_NOW_S: i64 = 1_767_225_600;

/// Why a text is not a sound procedure.
#[derive(Debug, thiserror::Error)]
pub enum ProcedureError {
    /// It cannot be read.
    #[error("the procedure cannot be read")]
    Yaml(#[from] YamlError),
    /// It is read, and wrong.
    #[error("the procedure has {} findings: correct each and lint again", .0.len())]
    Findings(Vec<Finding>),
}

/// The procedure that the YAML `text` writes, without a finding.
///
/// # Errors
/// [`ProcedureError`].
pub fn read_procedure(text: &str) -> Result<Procedure, ProcedureError> {
    let procedure = procedure_from_yaml(text)?;
    let findings = lint(&procedure);
    if findings.is_empty() { Ok(procedure) } else { Err(ProcedureError::Findings(findings)) }
}

/// Everything that is wrong with `procedure`; empty when nothing is.
pub fn lint(procedure: &Procedure) -> Vec<Finding> {
    let mut findings = procedure::lint(procedure);
    for (step_number, step) in procedure.steps.iter().enumerate() {
        for (check_number, check) in step.checks.iter().enumerate() {
            let at = format!("/steps/{step_number}/checks/{check_number}");
            findings.extend(lint_expression(&at, check));
        }
    }
    findings
}

fn lint_expression(at: &str, check: &Check) -> Option<Finding> {
    if check.expr.trim().is_empty() || check.expr.len() > EXPRESSION_BYTES_MAX {
        return None; // Found by `domain` already.
    }
    let expression = match Expression::compile(&check.expr) {
        Ok(expression) => expression,
        Err(error) => {
            return Some(Finding::new(format!("{at}/expr"), error.code(), error.to_string()));
        }
    };
    let verdict = expression.evaluate(&check.must_fail, FIXTURE_NOW_S);
    (verdict != Verdict::Fails).then(|| fixture_finding(at, verdict))
}

fn fixture_finding(at: &str, verdict: Verdict) -> Finding {
    let detail = if verdict == Verdict::Holds {
        "the expression holds over this value too: give one over which it yields false".to_owned()
    } else {
        format!("the expression yields neither true nor false over this value ({verdict:?})")
    };
    Finding::new(format!("{at}/must_fail"), "fixture-does-not-fail", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: &str = "
schema: proofline-procedure/1
key: host.baseline
title: Host baseline
version: 1.0.0
revision: 1
owner: security
steps:
  - id: passwd
    title: Account file
    connector: file
    with: { path: /etc/passwd }
    checks:
      - id: mode
        title: Nobody else writes
        expr: value.mode == '0644'
        severity: high
        weight: 10
        fail_message: Set the mode to 0644.
        must_fail: { mode: '0666' }
";

    fn codes(text: &str) -> Vec<&'static str> {
        match read_procedure(text) {
            Ok(_) => Vec::new(),
            Err(ProcedureError::Findings(findings)) => findings.iter().map(|f| f.code).collect(),
            Err(ProcedureError::Yaml(error)) => panic!("{error}"),
        }
    }

    #[test]
    fn a_sound_procedure_is_read() {
        assert_eq!(codes(SOUND), Vec::<&str>::new());
    }

    #[test]
    fn a_check_that_cannot_fail_is_found() {
        assert_eq!(codes(&SOUND.replace("'0666'", "'0644'")), ["fixture-does-not-fail"]);
    }

    #[test]
    fn a_fixture_that_decides_nothing_is_no_proof() {
        assert_eq!(
            codes(&SOUND.replace("{ mode: '0666' }", "{ mood: 1 }")),
            ["fixture-does-not-fail"]
        );
        let not_boolean = SOUND.replace("value.mode == '0644'", "value.mode");
        assert_eq!(codes(&not_boolean), ["fixture-does-not-fail"]);
    }

    #[test]
    fn a_broken_expression_is_found_where_it_stands() {
        let text = SOUND.replace("value.mode == '0644'", "value.mode ==");
        let Err(ProcedureError::Findings(findings)) = read_procedure(&text) else { panic!() };
        assert_eq!(findings[0].code, "expression-syntax");
        assert_eq!(findings[0].pointer, "/steps/0/checks/0/expr");
    }

    #[test]
    fn an_unknown_field_is_refused() {
        let text = SOUND.replace("owner: security", "owner: security\nsurprise: 1");
        assert!(matches!(read_procedure(&text), Err(ProcedureError::Yaml(_))));
    }
}
