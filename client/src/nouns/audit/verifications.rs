//! `proofline audit verify`: the log as it is stored, verified where it is; and what earlier verifications found.

use serde_json::{Value, json};

use super::{PATH, tier::Tier};
use crate::{
    call::Caller,
    failure::Failure,
    nouns::rows,
    print::{Column, Printer},
};

const FOUND: [Column; 10] = [
    ("Verdict", "/verdict"),
    ("Tier", "/tier"),
    ("Tier asked for", "/asked"),
    ("Rows checked", "/rows_checked"),
    ("From row", "/from"),
    ("To row", "/to"),
    ("First bad", "/first_bad"),
    ("Purged", "/purged"),
    ("Not signed yet", "/unsigned_tail"),
    ("Witnessed, seconds ago", "/witness_age_s"),
];

const LIST: [Column; 5] = [
    ("WHEN", "/created_at"),
    ("VERDICT", "/verdict"),
    ("TIER", "/tier"),
    ("ROWS", "/rows_checked"),
    ("VERIFICATION", "/verification"),
];

/// Verifies part after part until the end, or until something does not hold; and fails unless all of it holds, at the tier that is demanded.
pub(super) async fn verify(
    caller: &mut Caller,
    tier: Option<Tier>,
    printer: &mut Printer<'_>,
) -> Result<(), Failure> {
    let path = format!("{PATH}/verifications");
    let (mut from, mut lacking) = (None, None);
    loop {
        let asked = json!({"from": from, "tier": tier.map(Tier::name)});
        let answer = caller.post(&path, &asked).await?;
        let next = answer.get("next").and_then(Value::as_u64);
        let (Some(next), None) = (next, answer.pointer("/first_bad/kind")) else {
            printer.record(&answer, &FOUND)?;
            if let Some(tier) = tier {
                tier.require(&answer)?;
            }
            require_ok(&answer)?;
            // The answer is the last part's; one before may have been less than ok.
            return lacking.map_or(Ok(()), Err);
        };
        lacking = lacking.or(require_ok(&answer).err());
        let held = if lacking.is_some() { "are not all there" } else { "hold" };
        printer.note(&format!("Rows before {next} {held}; going on …"));
        from = Some(next);
    }
}

/// Only `ok` is a success.
fn require_ok(answer: &Value) -> Result<(), Failure> {
    match answer.get("verdict").and_then(Value::as_str) {
        Some("ok") => Ok(()),
        Some(verdict) => Err(Failure::Verdict(verdict.to_owned())),
        None => Err(Failure::Answer("verdict")),
    }
}

pub(super) async fn list(caller: &mut Caller, printer: &mut Printer<'_>) -> Result<(), Failure> {
    let answer = caller.get(&format!("{PATH}/verifications")).await?;
    printer.list(rows(&answer, "verifications"), &LIST, "The log was not verified here yet.")
}
