//! `GET /v1/audit/promised-row?size=&epoch=&receipt=` or `&promise=`: the row that a receipt, or a line of an answer, promised. Whoever holds one may see
//! that it was kept.

use std::time::Duration;

use axum::{Json, extract::State};
use chain::{Hash, row};
use domain::{Class, Fault, TenantId, Timestamp};
use ports::{Blobs, Identity, KeyPurpose};
use protocol::{
    Digest,
    dsse::{Envelope, EnvelopeError},
    from_base64url,
    key::{KeyError, PublicKey},
    promise::SignedPromise,
    receipt::Receipt,
    witness::PromisedRow,
};
use schemars::JsonSchema;
use serde::Deserialize;
use store::{KeyringError, Partition, SEAL_WITHIN, SignedHead, StoreError, log, proofs};
use web::{Access, Endpoint, Problem, Selection};

use crate::{
    described,
    export::{self, ExportError},
    purged::Kept,
    search::{self, Order},
};

/// Clocks of apps differ by so much at most: a row is looked for from this long before its receipt on.
const SKEW: Duration = Duration::from_mins(5);
/// How often commits are read for one answer.
const READS_MAX: usize = 64;

pub(crate) const ENDPOINT: Endpoint = Endpoint::get(
    "/v1/audit/promised-row",
    Access::Public(
        "a receipt, or a line of an answer, that this deployment signed: it names the tenant and the one row that it promises",
    ),
)
.summary("The row that a receipt or a `Proofline-Promise` line promised, with the proof that it is in the log of the signed `size`")
.query::<Asked>()
.response::<described::PromisedRow>()
.problems(&[
    "receipt-invalid",
    "row-not-found",
    "row-purged",
    "row-in-ended-epoch",
    "nothing-signed",
    "log-refused",
    "checkpoint-unknown",
]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    /// A size of the log that was signed: the tree in which the row is proved.
    size: u64,
    /// The epoch of the log in which it is looked for; the one in which the log goes on unless it is said.
    epoch: Option<u64>,
    /// The receipt's envelope, in base64url.
    receipt: Option<String>,
    /// The line of the answer's head, in base64url.
    promise: Option<String>,
}

/// The one row that is owed to whoever asks.
struct Owed {
    tenant: TenantId,
    intent: Digest,
    /// When it was promised: it was not sealed before.
    since: Timestamp,
}

/// Why no row is shown.
#[derive(Debug, thiserror::Error)]
enum PromiseError {
    #[error(
        "that is neither a receipt nor a promise which this deployment signed; give one of the two, `receipt` or `promise`, whole and in base64url"
    )]
    Receipt,
    #[error("the log of {0} rows does not hold what was promised")]
    NotFound(u64),
    #[error(
        "rows of that time were removed when their time was over; their hashes stay, and nothing else"
    )]
    Purged,
    #[error("the row is in epoch {0} of the log, which is over; export that epoch and look there")]
    Ended(u64),
    #[error("too many rows were sealed at that time to look through at once")]
    TooMany,
    #[error("a log of {0} rows was not signed")]
    Unsigned(u64),
    #[error(transparent)]
    Head(#[from] ExportError),
    #[error("the receipt key cannot be read; try again")]
    Keys(#[from] KeyringError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for PromiseError {
    fn class(&self) -> Class {
        match self {
            Self::Receipt => Class::Forbidden,
            Self::TooMany | Self::Keys(_) => Class::Unavailable,
            // Not 404, which says nothing more to anyone: a Runner raises an alarm for one of these and not for the others.
            Self::NotFound(_) | Self::Purged | Self::Ended(_) | Self::Unsigned(_) => {
                Class::Conflict
            }
            Self::Head(error) => error.class(),
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Receipt => "receipt-invalid",
            Self::NotFound(_) => "row-not-found",
            Self::Purged => "row-purged",
            Self::Ended(_) => "row-in-ended-epoch",
            Self::TooMany | Self::Keys(_) => "dependency-unavailable",
            Self::Unsigned(_) => "checkpoint-unknown",
            Self::Head(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
}

impl From<EnvelopeError> for PromiseError {
    fn from(_: EnvelopeError) -> Self {
        Self::Receipt
    }
}

impl From<KeyError> for PromiseError {
    fn from(_: KeyError) -> Self {
        Self::Receipt
    }
}

pub(crate) async fn handle(
    State(state): State<crate::State>,
    Selection(asked): Selection<Asked>,
) -> Result<Json<PromisedRow>, Problem> {
    Ok(Json(promised(&state, &asked).await?))
}

async fn promised(state: &crate::State, asked: &Asked) -> Result<PromisedRow, PromiseError> {
    let owed = match (&asked.receipt, &asked.promise) {
        (Some(text), None) => of_receipt(state, text).await?,
        (None, Some(text)) => of_answer(state, text).await?,
        (None, None) | (Some(_), Some(_)) => return Err(PromiseError::Receipt),
    };
    let data = state.cap.partition(owed.tenant, "promised-row");
    let log = match asked.epoch {
        Some(epoch) => data.in_epoch(epoch),
        None => state.log(&data).await?,
    };
    let size = asked.size;
    if size > export::checkpoint(state, &log).await?.size {
        return Err(PromiseError::Unsigned(size));
    }
    let (index, row) = match find(&*state.ports.blobs, &log, &owed, size).await {
        Err(PromiseError::NotFound(size)) => {
            return Err(ended(state, &log, &owed).await?.unwrap_or(PromiseError::NotFound(size)));
        }
        found => found?,
    };
    let blobs = &*state.ports.blobs;
    let proof = proofs::inclusion(blobs, (log.tenant(), log.epoch()), index, size).await?;
    let proof = proof.into_iter().map(|Hash(bytes)| Digest(bytes)).collect();
    Ok(PromisedRow { row, index, proof })
}

/// What is to say of a row that is not in the current epoch, if it is in one that is over.
async fn ended(
    state: &crate::State,
    log: &Partition,
    owed: &Owed,
) -> Result<Option<PromiseError>, PromiseError> {
    for epoch in (0..log.epoch()).rev() {
        let old = log.in_epoch(epoch);
        let blobs = &*state.ports.blobs;
        let Some(signed) = SignedHead::read_ended(blobs, log.tenant(), epoch).await? else {
            continue;
        };
        if find(blobs, &old, owed, signed.size).await.is_ok() {
            return Ok(Some(PromiseError::Ended(epoch)));
        }
    }
    Ok(None)
}

async fn of_receipt(state: &crate::State, text: &str) -> Result<Owed, PromiseError> {
    let bytes = from_base64url(text).map_err(|_| PromiseError::Receipt)?;
    let envelope = Envelope::from_json(&bytes).map_err(|_| PromiseError::Receipt)?;
    let jwk = state.public_key(KeyPurpose::Receipt).await?.ok_or(PromiseError::Receipt)?;
    let receipt = Receipt::verify(&envelope, &PublicKey::from_jwk(&jwk)?)?;
    let Receipt { tenant, received_at, promise, .. } = receipt;
    Ok(Owed { tenant, intent: promise.intent, since: received_at })
}

async fn of_answer(state: &crate::State, text: &str) -> Result<Owed, PromiseError> {
    let line = String::from_utf8(from_base64url(text).map_err(|_| PromiseError::Receipt)?);
    let line = line.map_err(|_| PromiseError::Receipt)?;
    let signed = SignedPromise::parse(&line).map_err(|_| PromiseError::Receipt)?;
    let purpose = promising(signed.promise.app.as_str()).ok_or(PromiseError::Receipt)?;
    let jwk = state.public_key(purpose).await?.ok_or(PromiseError::Receipt)?;
    let promise =
        signed.verify(&[PublicKey::from_jwk(&jwk)?]).map_err(|_| PromiseError::Receipt)?;
    let since = promise.seal_by.minus(SEAL_WITHIN);
    Ok(Owed { tenant: promise.tenant, intent: promise.intent, since })
}

/// The key by which the app `name` promises: that of its intents.
fn promising(name: &str) -> Option<KeyPurpose> {
    [
        (Identity::Auth, KeyPurpose::AuthIntent),
        (Identity::Runs, KeyPurpose::RunsIntent),
        (Identity::Audit, KeyPurpose::AuditIntent),
    ]
    .into_iter()
    .find_map(|(identity, purpose)| (identity.name() == name).then_some(purpose))
}

/// The row whose intent is the promised one, among those that were sealed since it was promised.
async fn find(
    blobs: &dyn Blobs,
    log: &Partition,
    owed: &Owed,
    size: u64,
) -> Result<(u64, String), PromiseError> {
    let start = log::first_since(log, owed.since.minus(SKEW), size).await?;
    let mut left = start..size;
    let mut is_whole = true;
    for _ in 0..READS_MAX {
        if left.is_empty() {
            return Err(if is_whole { PromiseError::NotFound(size) } else { PromiseError::Purged });
        }
        for (number, row) in search::read(blobs, log, Order::Oldest, &left, search::COMMITS).await?
        {
            match row {
                Kept::Row(row) => {
                    if row::intent_text(&row).is_ok_and(|intent| Digest::of(&intent) == owed.intent)
                    {
                        return Ok((number, row));
                    }
                }
                Kept::Hash(_) => is_whole = false,
            }
            left.start = number + 1;
        }
    }
    Err(PromiseError::TooMany)
}
