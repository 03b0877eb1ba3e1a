//! `GET /v1/audit/events/{seq}`: one row, and the proof that it is in the log that was signed.

use std::str::FromStr;

use axum::{Json, extract::State};
use chain::{
    Hash, checkpoint::Checkpoint, note::Note, proof, row_proof::RowProof, tree::leaf_hash,
};
use domain::{AuditEvent, Class, EventKind, Feature, Permission, Target};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Change, Partition, SignedHead, log, proofs};
use web::{Access, Caller, Endpoint, PathPart, Problem, Selection};

use crate::{
    export::ExportError,
    list_events::in_epoch,
    purged::{self, Kept},
    witnessed::{self, HeadChoice, Witnessed},
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
.query::<Query>()
.response::<Response>()
.problems(&["row-purged", "invalid-filter", "log-refused"]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    /// An epoch that the log had before it began again; the current one unless it says so.
    epoch: Option<u64>,
}

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
    PathPart(seq): PathPart<Seq>,
    Selection(query): Selection<Query>,
) -> Result<Json<Response>, Problem> {
    let Seq(seq) = seq;
    let data = in_epoch(state.log(&caller.data).await?, query.epoch)?;
    if seq >= log::head(&data).await?.tree.size() {
        return Err(Problem::not_found());
    }
    let event = AuditEvent::new(EventKind::AuditViewed, Target::new("log", caller.data.tenant()));
    caller.commit(Change::new(event.with("row", seq))).await?;
    let raw = match row(&state, &data, seq).await? {
        Kept::Row(raw) => raw,
        Kept::Hash(hash) => return Err(gone(hash)),
    };
    let hash = leaf_hash(raw.as_bytes());
    let checkpoint = covering(&state, &data, seq).await?;
    let proof = match &checkpoint {
        Some(checkpoint) => Some(prove(&state, &data, seq, (&raw, hash), checkpoint).await?),
        None => None,
    };
    Ok(Json(Response { seq, hash: hash.to_string(), raw, pending: proof.is_none(), proof }))
}

/// The row, or what is left of it.
async fn row(state: &crate::State, data: &Partition, seq: u64) -> Result<Kept, Problem> {
    let Some(commit) = log::holding(data, seq).await? else {
        return Ok(purged::row(&*state.ports.blobs, data, seq).await?);
    };
    let row = (commit.first..).zip(commit.rows).find(|(number, _)| *number == seq);
    Ok(Kept::Row(row.ok_or_else(|| log::missing(seq))?.1))
}

fn gone(hash: Hash) -> Problem {
    let detail = "The row was removed when its time was over. Its hash is left; an export proves that, and names the row that accounts for it.";
    Problem::new(Class::NotFound, "row-purged", detail).with("hash", hash.to_string())
}

/// A number in its one spelling.
#[derive(Debug)]
pub(crate) struct Seq(u64);

impl FromStr for Seq {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let number = text.parse::<u64>().ok().filter(|number| number.to_string() == text);
        number.map(Self).ok_or(())
    }
}

/// The last signed checkpoint, if it covers the row.
async fn covering(
    state: &crate::State,
    log: &Partition,
    seq: u64,
) -> Result<Option<SignedHead>, ExportError> {
    match witnessed::head(state, log, HeadChoice::Newest).await {
        Ok(Witnessed { head, .. }) => Ok(Some(head).filter(|head| seq < head.size)),
        Err(ExportError::NothingSigned) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn prove(
    state: &crate::State,
    log: &Partition,
    seq: u64,
    (raw, hash): (&str, Hash),
    signed: &SignedHead,
) -> Result<Proof, Problem> {
    let blobs = &*state.ports.blobs;
    let hashes = proofs::inclusion(blobs, (log.tenant(), log.epoch()), seq, signed.size).await?;
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
        let number = |text: &str| text.parse().map(|Seq(number)| number);
        assert_eq!(number("0"), Ok(0));
        assert_eq!(number("18446744073709551615"), Ok(u64::MAX));
        for text in ["", "-1", "+1", "01", "1.0", "18446744073709551616", "１"] {
            assert_eq!(number(text), Err(()), "{text}");
        }
    }
}
