//! What follows from what was collected: a pure function, so that a run can be judged again from the vault.

use check::Expression;
use domain::{
    procedure::{Check, Step},
    run::{Outcome, ReasonCode},
};
use serde_json::Value;

use crate::connector;

/// How a step ended, and each of its checks in their order.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Judgement {
    /// How the step ended.
    pub(crate) outcome: Outcome,
    /// Why.
    pub(crate) reason: ReasonCode,
    /// How each check ended.
    pub(crate) checks: Vec<Outcome>,
}

/// What the evidence of `step` says about its checks at the time of the run, `now_s` (seconds since 1970).
pub(crate) fn judge(step: &Step, evidence: &Value, now_s: i64) -> Judgement {
    if connector::is_truncated(evidence) {
        return all(step, Outcome::Inconclusive, ReasonCode::OutputTruncated);
    }
    let verdicts: Vec<_> =
        step.checks.iter().map(|check| verdict(check, evidence, now_s)).collect();
    let outcome = Outcome::of_parts(verdicts.iter().map(|(outcome, _)| *outcome));
    let reason = verdicts.iter().find(|(part, _)| *part == outcome).map(|(_, reason)| *reason);
    Judgement {
        outcome,
        reason: reason.unwrap_or(ReasonCode::NoChecks),
        checks: verdicts.into_iter().map(|(outcome, _)| outcome).collect(),
    }
}

/// Every check of a step that collected nothing ends alike.
pub(crate) fn all(step: &Step, outcome: Outcome, reason: ReasonCode) -> Judgement {
    Judgement { outcome, reason, checks: vec![outcome; step.checks.len()] }
}

fn verdict(check: &Check, evidence: &Value, now_s: i64) -> (Outcome, ReasonCode) {
    // Linting refused expressions that do not compile; an older signature may still carry one.
    Expression::compile(&check.expr).map_or(
        (Outcome::Error, ReasonCode::CheckError),
        |expression| {
            let verdict = expression.evaluate(evidence, now_s);
            (verdict.outcome(), verdict.reason())
        },
    )
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use super::*;

    pub(crate) fn step(expressions: &[&str]) -> Step {
        let checks: Vec<_> = expressions
            .iter()
            .enumerate()
            .map(|(number, expr)| {
                json!({ "id": format!("c{number}"), "title": "t", "expr": expr, "severity": "low",
                        "weight": 1, "fail_message": "m", "must_fail": {} })
            })
            .collect();
        serde_json::from_value(json!({
            "id": "s", "title": "t", "connector": "file", "with": { "path": "/x" }, "checks": checks,
        }))
        .unwrap()
    }

    #[test]
    fn a_step_is_as_good_as_its_gravest_check_and_says_why() {
        let step = step(&["value.a == 1", "value.a == 2", "value.b == 1"]);
        let judged = judge(&step, &json!({ "a": 1 }), 0);
        assert_eq!((judged.outcome, judged.reason), (Outcome::Fail, ReasonCode::CheckFailed));
        assert_eq!(judged.checks, [Outcome::Pass, Outcome::Fail, Outcome::Inconclusive]);
    }

    #[test]
    fn what_was_cut_decides_nothing_even_if_what_was_seen_would_pass() {
        let step = step(&["value.a == 1"]);
        let judged = judge(&step, &json!({ "a": 1, "truncated": true }), 0);
        assert_eq!(judged.checks, [Outcome::Inconclusive]);
        assert_eq!(judged.reason, ReasonCode::OutputTruncated);
        assert_eq!(judge(&step, &json!({ "a": 1, "truncated": false }), 0).outcome, Outcome::Pass);
    }
}
