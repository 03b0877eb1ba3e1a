//! `GET /v1/audit/promised-row?size=&epoch=&from=&receipt=` or `&promise=`: the row that a receipt, or a line of an answer, promised. Whoever holds one may see
//! that it was kept.

use axum::{Json, extract::State};
use chain::Hash;
use domain::{Class, Fault, TenantId, Timestamp};
use ports::{Identity, KeyPurpose};
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
use store::{KeyringError, SEAL_WITHIN, StoreError, proofs};
use web::{Access, Endpoint, Problem, Selection};

use crate::{
    described,
    export::{self, ExportError},
    promised::{Look, Wanted},
};

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
    "search-unfinished",
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
    /// Where an earlier look ended (`next` of `search-unfinished`).
    from: Option<u64>,
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
    #[error("if there is such a row, it is in an epoch of the log that is over; ask for epoch {0}")]
    Ended(u64),
    #[error("too many rows were sealed since to look through at once; ask again with from={0}")]
    Unfinished(u64),
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
            Self::Keys(_) => Class::Unavailable,
            // Not 404, which says nothing more to anyone: a Runner raises an alarm for one of these and not for the others.
            Self::NotFound(_)
            | Self::Purged
            | Self::Ended(_)
            | Self::Unfinished(_)
            | Self::Unsigned(_) => Class::Conflict,
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
            Self::Unfinished(_) => "search-unfinished",
            Self::Keys(_) => "dependency-unavailable",
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
    match promised(&state, &asked).await {
        Err(error @ PromiseError::Unfinished(next)) => Err(Problem::from(error).with("next", next)),
        shown => Ok(Json(shown?)),
    }
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
    let blobs = &*state.ports.blobs;
    let Owed { intent, since, .. } = owed;
    let wanted = Wanted { blobs, log: &log, intent, since };
    let (index, row) = match wanted.look(size, asked.from).await? {
        Look::Found(index, row) => (index, row),
        Look::Unfinished(next) => return Err(PromiseError::Unfinished(next)),
        Look::Purged => return Err(PromiseError::Purged),
        Look::Missing if wanted.may_be_before().await? => {
            return Err(PromiseError::Ended(log.epoch().saturating_sub(1)));
        }
        Look::Missing => return Err(PromiseError::NotFound(size)),
    };
    let proof = proofs::inclusion(blobs, (log.tenant(), log.epoch()), index, size).await?;
    let proof = proof.into_iter().map(|Hash(bytes)| Digest(bytes)).collect();
    Ok(PromisedRow { row, index, proof })
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
