//! `log-policy`: what an inspector pins to verify the tenant's audit log without asking the control plane.

use std::path::Path;

use chain::{policy::Tier, quorum::Quorum};
use protocol::log_policy::{self, LogPolicyError};
use serde_json::json;

use super::{Bench, keys::unwritable, session::Session, witness::UNCERTIFIED};
use crate::{
    enrolment,
    exit::{Exit, Failure},
    report::Report,
    witness::Seen,
};

/// Writes the policy: the log's name, the keys that the pinned root key signed, this Runner as a witness, and the head that it saw last.
pub(super) fn log_policy(
    out: Option<&Path>,
    witnessed: bool,
    bench: &Bench<'_>,
) -> Result<Report, Failure> {
    let session = Session::open(bench)?;
    let known = session.enrolment()?;
    let keys = enrolment::verify_keys(
        &known.keyset,
        &known.root_jwk,
        &session.policy,
        known.keyset_version,
    )?;
    let seen = session.vault.seen()?;
    let origin = seen.as_ref().map_or_else(
        || format!("{}{}", keys.log_origin_prefix, session.policy.tenant),
        |seen| seen.origin.clone(),
    );
    let mut policy = log_policy::log_policy(&keys, &origin).map_err(refused)?;
    policy.seen = seen.iter().map(Seen::pinned).collect();
    if let Some(certified) = session.certified()? {
        policy.quorum = Quorum::of_one(&certified.name, certified.public())
            .map_err(|error| Failure::refused("witness-name", error.to_string()))?;
    } else if witnessed {
        return Err(Failure::refused("witness-uncertified", UNCERTIFIED));
    }
    if witnessed {
        policy.tier = Tier::Witnessed;
    }
    let text = format!(
        "# Keys of the control plane {} as this Runner pinned them.\n{policy}",
        keys.deployment
    );
    if let Some(out) = out {
        std::fs::write(out, &text)
            .map_err(|error| unwritable(&out.display().to_string(), &error))?;
    }
    let lines = match out {
        Some(out) => vec![
            format!("Policy for {}: {}", policy.origin, out.display()),
            "Give it to the inspector by a way that the control plane does not carry.".to_owned(),
        ],
        None => text.lines().map(str::to_owned).collect(),
    };
    let file = out.map(|out| out.display().to_string());
    Ok(Report::done(lines, json!({ "origin": policy.origin, "file": file, "policy": text })))
}

fn refused(error: LogPolicyError) -> Failure {
    match error {
        LogPolicyError::NoLogKey => {
            Failure { exit: Exit::Error, code: "no-log-key", message: error.to_string() }
        }
        LogPolicyError::Key(_) => Failure::refused("key-unexpected", error.to_string()),
    }
}
