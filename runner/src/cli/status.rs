//! `status`: how this Runner stands, without asking anybody.

use serde_json::json;

use super::{Bench, init::FILE_KEY_WARNING, session::Session, witness};
use crate::{
    exit::{Exit, Failure},
    report::Report,
    vault::StatementState,
};

pub(super) fn status(bench: &Bench<'_>) -> Result<Report, Failure> {
    let session = Session::open(bench)?;
    let runner = session.identity.runner;
    let count = |states: &[StatementState]| {
        session.vault.statements(runner, states, usize::MAX).map(|found| found.len())
    };
    let waiting = count(&[StatementState::Queued, StatementState::Sent])?;
    let rejected = count(&[StatementState::Rejected])?;
    let last = session.vault.last_sequence(runner)?;
    let enrolment = session.vault.enrolment()?;
    let url = enrolment.as_ref().map(|enrolment| enrolment.url.clone());
    let digest = session.policy.digest().map_err(|error| Failure::usage(error.to_string()))?;
    let clock = session.vault.clock(session.now())?;
    let lines = vec![
        format!("Runner:       {runner}"),
        format!("Tenant:       {}", session.identity.tenant),
        format!("Enrolled at:  {}", url.as_deref().unwrap_or("nowhere yet")),
        format!("Signing key:  {}", session.kid()),
        format!("Trust policy: {digest}"),
        format!("Statements:   {last}, of which {waiting} wait and {rejected} were rejected"),
        FILE_KEY_WARNING.to_owned(),
    ];
    let (witness_lines, witness) = witness::standing(&session)?;
    let is_alarmed = session.vault.standing_alarm()?.is_some();
    let lines = lines.into_iter().chain(witness_lines).collect();
    let json = json!({
        "runner": runner, "tenant": session.identity.tenant, "deployment": session.identity.deployment,
        "url": url, "is_enrolled": session.identity.is_enrolled, "sign_kid": session.kid(),
        "trust_policy_digest": digest, "last_sequence": last, "waiting": waiting, "rejected": rejected,
        "clock": clock, "key_storage": "file", "witness": witness,
    });
    let exit = if is_alarmed { Exit::Fail } else { Exit::Pass };
    Ok(Report { exit, lines, json })
}
