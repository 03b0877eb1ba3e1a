//! `init`: the Runner's directory.

use protocol::key::{Ed25519Key, Signer as _};
use serde_json::json;

use super::Bench;
use crate::{exit::Failure, home::Home, report::Report};

pub(super) const FILE_KEY_WARNING: &str = "warning: the vault's key is a file beside the vault; every statement says so. Whoever can read the \
     directory can read the evidence.";

pub(super) fn init(bench: &mut Bench<'_>) -> Result<Report, Failure> {
    let home = Home::create(&bench.home, &*bench.randomness)?;
    let vault = home.vault(std::sync::Arc::clone(&bench.randomness))?;
    let now = bench.clock.now();
    vault.name_provisionally(bench.randomness.id(now))?;
    let key = home.signing_key()?;
    let (kid, jwk) = (key.kid(), key.public().jwk());
    let witness = Ed25519Key::from_seed(&*home.made_witness_seed(&*bench.randomness)?).kid();
    let dir = home.dir().display().to_string();
    let lines = vec![
        format!("Runner's directory: {dir}"),
        format!("Signing key:        {kid}"),
        format!("Witness key:        {witness}"),
        FILE_KEY_WARNING.to_owned(),
        "Next: 'trust init', then let the customer's authority 'certify' these keys.".to_owned(),
    ];
    let json = json!({ "home": dir, "sign_kid": kid, "sign_jwk": jwk, "witness_kid": witness, "key_storage": "file" });
    Ok(Report::done(lines, json))
}
