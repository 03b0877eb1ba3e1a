//! `GET /v1/audit/events/{seq}`: one row, and the proof that it is in the log that was signed.

use axum::{
    Json,
    extract::{Path, State},
};
use chain::{
    Hash, checkpoint::Checkpoint, note::Note, proof, row_proof::RowProof, tree::leaf_hash,
};
use domain::{AuditEvent, EventKind, Feature, Permission, Target};
use schemars::JsonSchema;
use serde::Serialize;
use store::{Change, log};
use web::{Access, Caller, Endpoint, Problem};

use crate::{
    export::{self, ExportError, SignedCheckpoint},
    inclusion,
};

pub(crate) const ENDPOINT: Endpoint = Endpoint::get(
    "/v1/audit/events/{seq}",
    Access::Requires(Permission::AuditRead),
)
.summary(
    "Read one row of the audit log with the proof that it is in it; reading is itself recorded",
)
.with(Feature::AuditRead)
.audited(&[EventKind::AuditViewed])
.response::<Response>();

#[derive(JsonSchema, Serialize)]
pub(crate) struct Response {
    /// Its number.
    seq: u64,
    /// SHA-256 of 0x00 and the bytes of `raw`: its leaf hash (RFC 6962), in hexadecimal.
    hash: String,
    /// Its exact bytes.
    raw: String,
    /// Whether it is still to be signed: then there is no proof yet.
    pending: bool,
    /// The proof under the last signed checkpoint.
    proof: Option<Proof>,
}

#[derive(JsonSchema, Serialize)]
struct Proof {
    /// The signed checkpoint (C2SP tlog-checkpoint).
    checkpoint: String,
    /// How many rows it covers.
    size: u64,
    /// The inclusion proof, leaf end first (RFC 9162 §2.1.3), in hexadecimal.
    hashes: Vec<String>,
    /// Row, proof and checkpoint as one file (C2SP tlog-proof), for verifiers.
    tlog_proof: String,
}

pub(crate) async fn handle(
    State(state): State<crate::State>,
    caller: Caller,
    Path(seq): Path<String>,
) -> Result<Json<Response>, Problem> {
    let seq = number(&seq).ok_or_else(Problem::not_found)?;
    if seq >= log::head(&caller.data).await?.tree.size() {
        return Err(Problem::not_found());
    }
    let event = AuditEvent::new(EventKind::AuditViewed, Target::new("log", caller.data.tenant()));
    caller.commit(Change::new(event.with("row", seq))).await?;
    let commit = log::holding(&caller.data, seq).await?.ok_or_else(|| log::missing(seq))?;
    let raw = (commit.first..).zip(commit.rows).find(|(number, _)| *number == seq);
    let (_, raw) = raw.ok_or_else(|| log::missing(seq))?;
    let hash = leaf_hash(raw.as_bytes());
    let checkpoint = covering(&state, &caller, seq).await?;
    let proof = match &checkpoint {
        Some(checkpoint) => Some(prove(&caller, seq, &raw, hash, checkpoint).await?),
        None => None,
    };
    Ok(Json(Response { seq, hash: hash.to_string(), raw, pending: proof.is_none(), proof }))
}

/// A number in its one spelling.
fn number(text: &str) -> Option<u64> {
    text.parse::<u64>().ok().filter(|number| number.to_string() == text)
}

/// The last signed checkpoint, if it covers the row.
async fn covering(
    state: &crate::State,
    caller: &Caller,
    seq: u64,
) -> Result<Option<SignedCheckpoint>, ExportError> {
    match export::checkpoint(state, caller.data.tenant()).await {
        Ok(checkpoint) => Ok(Some(checkpoint).filter(|checkpoint| seq < checkpoint.size)),
        Err(ExportError::NothingSigned) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn prove(
    caller: &Caller,
    seq: u64,
    raw: &str,
    hash: Hash,
    signed: &SignedCheckpoint,
) -> Result<Proof, Problem> {
    let hashes = inclusion::prove(&caller.data, seq, signed.size).await?;
    let note = Note::parse(signed.note.as_bytes()).map_err(|error| Problem::internal(&error))?;
    let head = Checkpoint::parse(note.text).map_err(|error| Problem::internal(&error))?;
    proof::check_inclusion(hash, seq, head.size, &hashes, head.root)
        .map_err(|error| Problem::internal(&format!("row {seq}: {error}")))?;
    let row = Some(raw.as_bytes().to_vec());
    let whole = RowProof { row, index: seq, hashes, checkpoint: &signed.note };
    Ok(Proof {
        checkpoint: signed.note.clone(),
        size: signed.size,
        hashes: whole.hashes.iter().map(ToString::to_string).collect(),
        tlog_proof: whole.to_text(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_one_number() {
        assert_eq!(number("0"), Some(0));
        assert_eq!(number("18446744073709551615"), Some(u64::MAX));
        for text in ["", "-1", "+1", "01", "1.0", "18446744073709551616", "１"] {
            assert_eq!(number(text), None, "{text}");
        }
    }
}
