//! `certify`: the customer's word that this Runner's key is its own.

use std::time::Duration;

use protocol::{
    V1,
    certificate::RunnerCertificate,
    dsse::Envelope,
    key::{Ed25519Key, Signer as _},
};
use serde_json::json;

use super::{Bench, keys::signing_key};
use crate::{args::Certify, exit::Failure, home::Home, report::Report};

/// Certificates count from a little earlier, so that clocks may differ a little.
const SKEW: Duration = Duration::from_mins(5);
const DAY: Duration = Duration::from_hours(24);

pub(super) fn certify(certify: &Certify, bench: &Bench<'_>) -> Result<Report, Failure> {
    let home = Home::open(&bench.home)?;
    let policy = home.draft_trust()?;
    let authority = signing_key(&certify.authority)?;
    if authority.kid() != policy.authority.kid() {
        let message = "that is not the authority key that the trust policy names";
        return Err(Failure::refused("key-unexpected", message));
    }
    let key = home.signing_key()?;
    let witness = Ed25519Key::from_seed(&*home.made_witness_seed(&*bench.randomness)?);
    let now = bench.clock.now();
    let certificate = RunnerCertificate {
        v: V1,
        tenant: policy.tenant,
        name: certify.name.clone(),
        sign_kid: key.kid(),
        sign_jwk: key.public().jwk(),
        seal_jwk: None,
        witness_jwk: Some(witness.public().jwk()),
        not_before: now.minus(SKEW),
        not_after: now.plus(DAY.saturating_mul(certify.days)),
    };
    let envelope = Envelope::sign_message(&certificate, &[&authority])
        .map_err(|error| Failure::usage(error.to_string()))?;
    let bytes = serde_json::to_vec_pretty(&envelope).unwrap_or_default();
    let path = home.save_certificate(&bytes)?.display().to_string();
    let until = certificate.not_after;
    let lines = vec![format!(
        "{} is certified as {} until {until}, and so is its witness key: {path}",
        key.kid(),
        certify.name
    )];
    let json = json!({ "sign_kid": key.kid(), "witness_kid": witness.kid(), "name": certify.name, "not_after": until, "file": path });
    Ok(Report::done(lines, json))
}
