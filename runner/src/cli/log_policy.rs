//! `log-policy`: what an inspector pins to verify the tenant's audit log without asking the control plane.

use std::path::Path;

use chain::{
    note::VerifierKey,
    policy::{Policy, Tier},
};
use protocol::{
    key::PublicKey,
    keyset::{ControlPlaneKeys, KeyUse},
};
use serde_json::json;

use super::{Bench, keys::unwritable, session::Session};
use crate::{
    enrolment,
    exit::{Exit, Failure},
    report::Report,
};

/// Writes the policy: the log's name, and the keys that the pinned root key signed.
pub(super) fn log_policy(out: Option<&Path>, bench: &Bench<'_>) -> Result<Report, Failure> {
    let session = Session::open(bench)?;
    let known = session.enrolment()?;
    let keys = enrolment::verify_keys(
        &known.keyset,
        &known.root_jwk,
        &session.policy,
        known.keyset_version,
    )?;
    let policy = policy_of(&keys, &format!("{}{}", keys.log_origin_prefix, session.policy.tenant))?;
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

fn policy_of(keys: &ControlPlaneKeys, origin: &str) -> Result<Policy, Failure> {
    let log_keys = named(keys, KeyUse::Checkpoint, origin)?;
    if log_keys.is_empty() {
        let message = "the control plane has not listed a key for its log yet; try again when it has started completely";
        return Err(Failure { exit: Exit::Error, code: "no-log-key", message: message.to_owned() });
    }
    let export_keys = named(keys, KeyUse::Export, &format!("{origin}/export"))?;
    Ok(Policy { origin: origin.to_owned(), log_keys, export_keys, tier: Tier::Signed })
}

/// The Ed25519 keys for one use, under the name with which they sign notes.
fn named(keys: &ControlPlaneKeys, usage: KeyUse, name: &str) -> Result<Vec<VerifierKey>, Failure> {
    let unusable = |_| Failure::refused("key-unexpected", "the log's name cannot sign notes");
    let ed25519 = keys.keys_for(usage).into_iter().filter_map(|key| match key {
        PublicKey::Ed25519(key) => Some(key),
        PublicKey::P256(_) => None,
    });
    ed25519.map(|key| VerifierKey::new(name, key).map_err(unusable)).collect()
}
