//! `keys`: the customer's own keys.

use std::{fs, path::Path};

use protocol::key::{Ed25519Key, Jwk, Signer as _};
use serde_json::json;

use super::Bench;
use crate::{
    args::{KeyPurpose, Keys},
    exit::{Exit, Failure},
    home,
    report::Report,
};

pub(super) fn keys(keys: &Keys, bench: &mut Bench<'_>) -> Result<Report, Failure> {
    match keys {
        Keys::New { out, purpose } => new(out, *purpose, bench),
        Keys::Show { key } => {
            let jwk = signing_key(key)?.public().jwk();
            Ok(Report::done(vec![text_of(&jwk)], json!({ "kid": jwk.kid(), "jwk": jwk })))
        }
    }
}

fn new(out: &Path, purpose: KeyPurpose, bench: &mut Bench<'_>) -> Result<Report, Failure> {
    let seed = zeroize::Zeroizing::new(bench.randomness.bytes::<32>());
    home::write_seed(out, &seed)?;
    let jwk = Ed25519Key::from_seed(&seed).public().jwk();
    let public = format!("{}.pub", out.display());
    fs::write(&public, format!("{}\n", text_of(&jwk)))
        .map_err(|error| unwritable(&public, &error))?;
    let purpose = match purpose {
        KeyPurpose::Authority => "authority",
        KeyPurpose::Signer => "signer",
        KeyPurpose::Viewer => "viewer",
    };
    let lines = vec![
        format!(
            "{purpose} key {} in {}; keep it where only its holder can read it",
            jwk.kid(),
            out.display()
        ),
        text_of(&jwk),
    ];
    let json = json!({
        "purpose": purpose, "kid": jwk.kid(), "jwk": jwk, "seed_file": out.display().to_string(),
        "public_file": public,
    });
    Ok(Report::done(lines, json))
}

fn text_of(jwk: &Jwk) -> String {
    serde_json::to_string(jwk).expect("a JWK has string keys and no failing serializer")
}

/// The private key in a seed file.
pub(super) fn signing_key(path: &Path) -> Result<Ed25519Key, Failure> {
    Ok(Ed25519Key::from_seed(&*home::read_seed(path)?))
}

/// The public key in a `.pub` file.
pub(super) fn public_key(path: &Path) -> Result<Jwk, Failure> {
    let text = read_text(path)?;
    match serde_json::from_str(&text) {
        Ok(jwk @ Jwk::Ed25519(_)) => Ok(jwk),
        Ok(Jwk::X25519(_) | Jwk::P256 { .. }) | Err(_) => Err(Failure::usage(format!(
            "{} is not the JWK of an Ed25519 key: give the .pub file that 'keys new' wrote",
            path.display()
        ))),
    }
}

pub(super) fn read_text(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path)
        .map_err(|error| Failure::usage(format!("{} cannot be read: {error}", path.display())))
}

pub(super) fn unwritable(path: &str, error: &std::io::Error) -> Failure {
    let message = format!("{path} cannot be written: {error}");
    Failure { exit: Exit::Error, code: "file-unwritable", message }
}
