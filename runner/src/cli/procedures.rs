//! `procedures`: lint, sign and name.

use std::{
    fs,
    path::{Path, PathBuf},
};

use check::{ProcedureError, read_procedure};
use domain::procedure::{Finding, Procedure};
use protocol::{
    Digest, canonical,
    dsse::{Envelope, PAYLOAD_MAX, PayloadType},
    key::{Ed25519Key, Signer},
};
use serde_json::{Value, json};

use super::keys::{read_text, signing_key, unwritable};
use crate::{
    args::Procedures,
    exit::{Exit, Failure},
    report::Report,
};

pub(super) fn procedures(procedures: &Procedures) -> Result<Report, Failure> {
    match procedures {
        Procedures::Lint { files } => lint(files),
        Procedures::Sign { file, keys, out } => sign(file, keys, out.as_deref()),
        Procedures::Digest { files } => digest(files),
    }
}

fn lint(files: &[PathBuf]) -> Result<Report, Failure> {
    let (mut lines, mut results, mut is_sound) = (Vec::new(), Vec::<Value>::new(), true);
    for file in files {
        let name = file.display().to_string();
        let findings = findings_of(&read_text(file)?);
        is_sound &= findings.is_empty();
        for Finding { pointer, code, detail } in &findings {
            lines.push(format!("{name}{pointer}: {detail} ({code})"));
        }
        if findings.is_empty() {
            lines.push(format!("{name}: sound"));
        }
        results.push(json!({ "file": name, "findings": findings }));
    }
    let exit = if is_sound { Exit::Pass } else { Exit::Fail };
    Ok(Report { exit, lines, json: json!({ "files": results }) })
}

fn findings_of(text: &str) -> Vec<Finding> {
    match read_procedure(text) {
        Ok(_) => Vec::new(),
        Err(ProcedureError::Findings(findings)) => findings,
        Err(ProcedureError::Yaml(error)) => {
            vec![Finding::new("", "procedure-unreadable", error.to_string())]
        }
    }
}

fn sign(file: &Path, keys: &[PathBuf], out: Option<&Path>) -> Result<Report, Failure> {
    let keys: Vec<Ed25519Key> =
        keys.iter().map(|path| signing_key(path)).collect::<Result<_, _>>()?;
    let text = read_text(file)?;
    let mut envelope = match signed(&text) {
        Some(envelope) => envelope,
        None => Envelope::sign(PayloadType::Procedure, payload_of(&text)?, &[])?,
    };
    let known: Vec<_> = envelope.signatures().iter().map(|signature| signature.keyid).collect();
    for key in keys.iter().filter(|key| !known.contains(&key.kid())) {
        envelope.add_signature(key)?;
    }
    let out = out.map_or_else(|| file.with_extension("dsse"), Path::to_path_buf);
    let name = out.display().to_string();
    let bytes = serde_json::to_vec_pretty(&envelope).unwrap_or_default();
    fs::write(&out, bytes).map_err(|error| unwritable(&name, &error))?;
    let digest = Digest::of(envelope.unverified_payload());
    let signers: Vec<_> = envelope.signatures().iter().map(|signature| signature.keyid).collect();
    let lines = vec![format!("{name}: {digest}, signed by {} keys", signers.len())];
    Ok(Report::done(lines, json!({ "file": name, "digest": digest, "signers": signers })))
}

fn digest(files: &[PathBuf]) -> Result<Report, Failure> {
    let (mut lines, mut results) = (Vec::new(), Vec::<Value>::new());
    for file in files {
        let text = read_text(file)?;
        let digest = match signed(&text) {
            Some(envelope) => Digest::of(envelope.unverified_payload()),
            None => Digest::of(payload_of(&text)?),
        };
        let name = file.display().to_string();
        lines.push(format!("{digest}  {name}"));
        results.push(json!({ "file": name, "digest": digest }));
    }
    Ok(Report::done(lines, json!({ "files": results })))
}

/// The signed procedure that `text` is, if it is one.
pub(super) fn signed(text: &str) -> Option<Envelope> {
    let envelope = Envelope::from_json(text.as_bytes()).ok()?;
    (envelope.payload_type() == PayloadType::Procedure).then_some(envelope)
}

/// What is signed: the RFC 8785 bytes of a sound procedure.
fn payload_of(text: &str) -> Result<Vec<u8>, Failure> {
    let procedure: Procedure = read_procedure(text).map_err(|error| match error {
        ProcedureError::Findings(findings) => Failure::refused(
            "procedure-unsound",
            format!("{} findings: see 'procedures lint'", findings.len()),
        ),
        ProcedureError::Yaml(error) => Failure::refused("procedure-unreadable", error.to_string()),
    })?;
    let payload = canonical::to_vec(&procedure)
        .map_err(|error| Failure::refused("procedure-not-canonical", error.to_string()))?;
    if payload.len() > PAYLOAD_MAX {
        let message = format!("the procedure has {} bytes, {PAYLOAD_MAX} at most", payload.len());
        return Err(Failure::refused("procedure-too-long", message));
    }
    Ok(payload)
}
