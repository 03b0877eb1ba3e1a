//! What is wrong with a procedure's structure. Expressions are examined by the crate `check`.

mod forms;

use std::collections::BTreeSet;

use serde::Serialize;

use super::{
    CHECKS_MAX, Check, Connector, EVIDENCE_BYTES_MAX, EXPRESSION_BYTES_MAX, PlanError, Procedure,
    RETAIN_DAYS_MAX, SCHEMA, STEPS_MAX, Step, TEXT_CHARS_MAX, TIMEOUT_S_MAX, TITLE_CHARS_MAX, plan,
};
use forms::{is_argument, is_name, is_plain_path, is_semver, is_web_url};

/// Something that is wrong with a procedure.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Finding {
    /// Where: a JSON pointer (RFC 6901) into the procedure; empty for the whole.
    pub pointer: String,
    /// What: a stable code in kebab case.
    pub code: &'static str,
    /// What to change, for people.
    pub detail: String,
}

impl Finding {
    /// `code` at `pointer`.
    pub fn new(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code, detail: detail.into() }
    }
}

/// Everything that is wrong with the structure of `procedure`, in its order; empty when nothing is.
pub fn lint(procedure: &Procedure) -> Vec<Finding> {
    let mut findings = Vec::new();
    lint_head(procedure, &mut findings);
    lint_amounts(procedure, &mut findings);
    lint_order(procedure, &mut findings);
    let (mut step_ids, mut check_ids) = (BTreeSet::new(), BTreeSet::new());
    for (index, step) in procedure.steps.iter().enumerate() {
        let at = format!("/steps/{index}");
        lint_id(&at, &step.id, &mut step_ids, &mut findings);
        lint_step(&at, step, &mut findings);
        lint_connector(&format!("{at}/with"), &step.connector, &mut findings);
        for (number, check) in step.checks.iter().enumerate() {
            let at = format!("{at}/checks/{number}");
            lint_id(&at, &check.id, &mut check_ids, &mut findings);
            lint_check(&at, check, &mut findings);
        }
    }
    findings
}

fn lint_head(procedure: &Procedure, findings: &mut Vec<Finding>) {
    if procedure.schema != SCHEMA {
        findings.push(Finding::new("/schema", "schema-unknown", format!("write '{SCHEMA}'")));
    }
    if !is_name(&procedure.key, 2, 64, b".-") {
        let detail = "use 2 to 64 of a-z, 0-9, '.' and '-', starting with a letter or digit";
        findings.push(Finding::new("/key", "key-malformed", detail));
    }
    if !is_semver(&procedure.version) {
        let detail = "write major.minor.patch, such as 1.4.0";
        findings.push(Finding::new("/version", "version-malformed", detail));
    }
    if procedure.revision == 0 {
        findings.push(Finding::new("/revision", "revision-zero", "count revisions from 1"));
    }
    lint_text("/title", &procedure.title, TITLE_CHARS_MAX, findings);
    lint_text("/owner", &procedure.owner, TITLE_CHARS_MAX, findings);
}

fn lint_amounts(procedure: &Procedure, findings: &mut Vec<Finding>) {
    if procedure.steps.is_empty() {
        findings.push(Finding::new("/steps", "steps-missing", "add at least one step"));
    }
    if procedure.steps.len() > STEPS_MAX {
        let detail = format!("{} steps, {STEPS_MAX} at most", procedure.steps.len());
        findings.push(Finding::new("/steps", "steps-too-many", detail));
    }
    let checks = procedure.checks().count();
    if checks > CHECKS_MAX {
        let detail = format!("{checks} checks, {CHECKS_MAX} at most");
        findings.push(Finding::new("/steps", "checks-too-many", detail));
    }
}

fn lint_order(procedure: &Procedure, findings: &mut Vec<Finding>) {
    if let Err(error) = plan(procedure) {
        let code = match error {
            PlanError::Unknown { .. } => "need-unknown",
            PlanError::Cycle { .. } => "needs-cyclic",
        };
        findings.push(Finding::new("/steps", code, error.to_string()));
    }
}

fn lint_id<'a>(at: &str, id: &'a str, seen: &mut BTreeSet<&'a str>, findings: &mut Vec<Finding>) {
    let pointer = format!("{at}/id");
    if !is_name(id, 1, 63, b"_-") {
        let detail = "use 1 to 63 of a-z, 0-9, '_' and '-', starting with a letter or digit";
        findings.push(Finding::new(pointer.clone(), "id-malformed", detail));
    }
    if !seen.insert(id) {
        let detail = format!("'{id}' is already used: choose another");
        findings.push(Finding::new(pointer, "id-duplicate", detail));
    }
}

fn lint_step(at: &str, step: &Step, findings: &mut Vec<Finding>) {
    lint_text(&format!("{at}/title"), &step.title, TITLE_CHARS_MAX, findings);
    if let Some(instruction) = &step.instruction {
        lint_text(&format!("{at}/instruction"), instruction, TEXT_CHARS_MAX, findings);
    }
    if step.checks.is_empty() {
        let detail = "add at least one check: nothing checked is never valid";
        findings.push(Finding::new(format!("{at}/checks"), "checks-missing", detail));
    }
    let evidence = step.evidence;
    let limits = [
        ("timeout_s", u64::from(step.timeout_s), u64::from(TIMEOUT_S_MAX)),
        ("evidence/retain_days", u64::from(evidence.retain_days), u64::from(RETAIN_DAYS_MAX)),
        ("evidence/max_bytes", evidence.max_bytes, EVIDENCE_BYTES_MAX),
    ];
    for (field, value, max) in limits {
        if !(1..=max).contains(&value) {
            let detail = format!("{value} is not between 1 and {max}");
            findings.push(Finding::new(format!("{at}/{field}"), "limit-out-of-range", detail));
        }
    }
}

fn lint_check(at: &str, check: &Check, findings: &mut Vec<Finding>) {
    lint_text(&format!("{at}/title"), &check.title, TITLE_CHARS_MAX, findings);
    lint_text(&format!("{at}/fail_message"), &check.fail_message, TEXT_CHARS_MAX, findings);
    if !(1..=100).contains(&check.weight) {
        let detail = format!("{} is not between 1 and 100", check.weight);
        findings.push(Finding::new(format!("{at}/weight"), "weight-out-of-range", detail));
    }
    if check.expr.trim().is_empty() || check.expr.len() > EXPRESSION_BYTES_MAX {
        let detail = format!("write an expression of 1 to {EXPRESSION_BYTES_MAX} bytes");
        findings.push(Finding::new(format!("{at}/expr"), "expression-length", detail));
    }
    if check.must_fail.is_null() {
        let detail = "give a value over which the expression yields false";
        findings.push(Finding::new(format!("{at}/must_fail"), "fixture-missing", detail));
    }
}

fn lint_connector(at: &str, connector: &Connector, findings: &mut Vec<Finding>) {
    let mut refuse = |field: &str, code, detail: &str| {
        findings.push(Finding::new(format!("{at}/{field}"), code, detail));
    };
    let absolute = "write an absolute path without '.' and '..'";
    match connector {
        Connector::File(file) if !is_plain_path(&file.path) => {
            refuse("path", "path-not-plain", absolute);
        }
        Connector::Command(command) => {
            if !command.argv.first().is_some_and(|program| is_plain_path(program)) {
                refuse("argv", "path-not-plain", absolute);
            }
            let arguments = command.argv.iter().chain(&command.version_args);
            if arguments.clone().count() > 64 || arguments.clone().any(|a| !is_argument(a)) {
                refuse(
                    "argv",
                    "argument-malformed",
                    "at most 64, each up to 1024 bytes without NUL",
                );
            }
        }
        Connector::Http(http) if !is_web_url(&http.url) => {
            let detail = "write http:// or https://, a host and no user, in visible ASCII";
            refuse("url", "url-malformed", detail);
        }
        Connector::Tls(tls) => {
            if tls.host.is_empty() || tls.host.len() > 253 || tls.port == 0 {
                refuse("host", "endpoint-malformed", "name a host of at most 253 bytes and a port");
            }
            if tls.roots_file.as_deref().is_some_and(|path| !is_plain_path(path)) {
                refuse("roots_file", "path-not-plain", absolute);
            }
        }
        Connector::File(_) | Connector::Http(_) => {}
    }
}

fn lint_text(pointer: &str, text: &str, chars_max: usize, findings: &mut Vec<Finding>) {
    let count = text.chars().count();
    if text.trim().is_empty() || count > chars_max {
        let detail = format!("write 1 to {chars_max} characters");
        findings.push(Finding::new(pointer, "text-length", detail));
    } else if text.chars().any(|letter| letter.is_control() && letter != '\n') {
        findings.push(Finding::new(pointer, "text-control", "remove the control characters"));
    }
}

#[cfg(test)]
mod tests;
