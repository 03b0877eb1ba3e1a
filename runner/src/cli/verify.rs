//! `verify`: judge a run again from the vault.

use domain::RunId;
use protocol::key::Signer as _;
use serde_json::json;

use super::{Bench, session::Session};
use crate::{
    exit::{Exit, Failure},
    report::Report,
    verification,
};

pub(super) fn verify(run: RunId, bench: &Bench<'_>) -> Result<Report, Failure> {
    let session = Session::open(bench)?;
    let found = verification::verify(run, session.key.public(), &session.policy, &session.vault)?;
    let is_sound = found.mismatches.is_empty();
    let predicate = &found.statement.predicate;
    let mut lines = vec![format!(
        "{run}: {} of {} evidence items opened, {} checks evaluated again, score {} bp",
        found.evidence,
        predicate.evidence.len(),
        found.checks,
        predicate.score.score_bp
    )];
    lines.extend(found.mismatches.iter().cloned());
    lines.push(if is_sound {
        "Everything is as stated.".to_owned()
    } else {
        "NOT as stated.".to_owned()
    });
    let exit = if is_sound { Exit::Pass } else { Exit::Fail };
    let json = json!({
        "run": run, "verified": is_sound, "evidence": found.evidence, "checks": found.checks,
        "score": predicate.score, "mismatches": found.mismatches,
    });
    Ok(Report { exit, lines, json })
}
