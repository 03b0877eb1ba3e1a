//! Who signed, and what.

use std::collections::BTreeMap;

use crate::{
    bundle::CHECKPOINT,
    checkpoint::Checkpoint,
    note::{Note, VerifierKey},
    policy::Policy,
    report::{Finding, Head, Kind},
};

/// The export's checkpoint, and which of the pinned keys signed it.
pub(super) fn read(
    files: &BTreeMap<&str, &[u8]>,
    policy: Option<&Policy>,
    findings: &mut Vec<Finding>,
) -> Option<Head> {
    let bytes = files.get(CHECKPOINT).copied().unwrap_or_default();
    let malformed = |why: String| Finding::of(Kind::Signature, "a signed checkpoint", why);
    let read = Note::parse(bytes).map_err(|error| malformed(error.to_string())).and_then(|note| {
        let checkpoint =
            Checkpoint::parse(note.text).map_err(|error| malformed(error.to_string()))?;
        Ok((note, checkpoint))
    });
    let (note, Checkpoint { origin, size, root }) =
        read.map_err(|finding| findings.push(finding)).ok()?;
    let mut signed_by = Vec::new();
    if let Some(policy) = policy {
        if origin == policy.origin {
            signed_by = signers(&note, &policy.log_keys, findings);
        } else {
            findings.push(Finding::of(
                Kind::Signature,
                format!("the log {}", policy.origin),
                format!("the log {origin}"),
            ));
        }
    }
    Some(Head { origin, size, root, signed_by })
}

/// The pinned keys that signed the note; none is a finding.
pub(super) fn signers(
    note: &Note<'_>,
    keys: &[VerifierKey],
    findings: &mut Vec<Finding>,
) -> Vec<String> {
    match note.verify(keys) {
        Ok(signers) => signers.into_iter().map(ToString::to_string).collect(),
        Err(error) => {
            let keys: Vec<_> = keys.iter().map(ToString::to_string).collect();
            let expected = format!("a signature by {}", keys.join(" or "));
            findings.push(Finding::of(Kind::Signature, expected, error.to_string()));
            Vec::new()
        }
    }
}
