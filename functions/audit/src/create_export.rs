//! `POST /v1/audit/exports`: what is signed, as a file: all of it with its proofs, or some rows in a form that other programs read.

use axum::{Json, extract::State, http::StatusCode};
use domain::{AuditEvent, AuditFilter, EventKind, ExportId, Feature, Permission, Target};
use ports::Bucket;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Change, Found, StoreError};
use web::{Access, Caller, Endpoint, IdempotencyKey, Input, Once, Problem, Wait, not_sealed_yet};

use crate::{
    disclosing,
    export::{self, ExportError, ExportRecord, Extent, Format, Made},
    filters::Filters,
    witnessed::HeadChoice,
};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/audit/exports",
    Access::Requires(Permission::AuditExport),
    &[EventKind::AuditExported, EventKind::ExportCreated],
)
.summary("Export the audit log: as one file that is verified offline, or rows as CSV, JSON lines or OCSF events")
.with(Feature::AuditRead)
.while_closing()
.request::<Request>()
.response::<Response>()
.problems(&["nothing-signed", "nothing-witnessed", "log-refused", "invalid-filter", "not-sealed-yet"]);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// In which form.
    #[serde(default)]
    format: Format,
    /// Which rows; all unless it says so. A bundle always holds all.
    #[serde(default)]
    filters: Filters,
    /// Which epoch of the log; the current one unless it says so. One that is over goes up to its end.
    #[serde(default)]
    epoch: Option<u64>,
    /// Up to which head: `newest`, or `witnessed` for the last one that a witness cosigned.
    #[serde(default)]
    head: HeadChoice,
    /// Whether a bundle shows the personal details that its rows commit to: for whoever may erase them.
    #[serde(default)]
    details: bool,
}

#[derive(JsonSchema, Serialize)]
pub(crate) struct Response {
    /// The export; download it from `/v1/audit/exports/{export}/content`.
    #[schemars(with = "String")]
    export: ExportId,
    /// In which form it is.
    format: Format,
    /// How many rows it holds.
    size: u64,
    /// Its length in bytes.
    bytes: u64,
    /// SHA-256 of the file, in hexadecimal.
    sha256: String,
    /// How many witnesses cosigned the head that it goes up to.
    witnesses: usize,
    /// What stands behind that head, as far as the control plane says so: `signed`, `timestamped` or `witnessed`. What it proves to somebody else, the
    /// policy decides with which it is verified.
    tier: String,
}

pub(crate) async fn handle(
    State(state): State<crate::State>,
    caller: Caller,
    key: IdempotencyKey,
    Input(request): Input<Request>,
) -> Result<(StatusCode, Json<Response>), Problem> {
    let filter = request.filters.parse()?;
    export::check(request.format, &filter)?;
    let extent = Extent { epoch: request.epoch, head: request.head, details: request.details };
    if extent.details {
        disclosing::require_right(&caller).await?;
    }
    let words = format!("{:?} {filter:?} {extent:?}", request.format);
    let once = Once::new(&caller, key, state.ports.randomness.bytes(), words.as_bytes());
    let export = once.id("export");
    let event = exported(export, request.format, &filter).with("details", extent.details);
    caller.commit_once(&once, Change::new(event)).await?;
    wait_for_its_row(&state, &caller, &once, request.head).await?;
    let record = made(&state, &caller, (export, request.format), &filter, extent).await?;
    let tier = record.tier().name().to_owned();
    let ExportRecord { export, format, size, bytes, sha256, witnesses, .. } = record;
    Ok((
        StatusCode::CREATED,
        Json(Response { export, format, size, bytes, sha256, witnesses, tier }),
    ))
}

/// An export holds the row that says who made it: so nothing is laid out before that row is sealed, and signed if the export goes that far.
async fn wait_for_its_row(
    state: &crate::State,
    caller: &Caller,
    once: &Once,
    head: HeadChoice,
) -> Result<(), Problem> {
    let mut wait = Wait::begin(&*state.ports.clock);
    let sealed = wait.sealed(&caller.data, once.event(), once).await?;
    let log = caller.data.in_epoch(sealed.epoch);
    loop {
        match export::checkpoint(state, &log).await {
            Ok(signed) if signed.size > sealed.seq || head == HeadChoice::Witnessed => {
                return Ok(());
            }
            Ok(_) | Err(ExportError::NothingSigned) => {}
            Err(error) => return Err(error.into()),
        }
        if !wait.goes_on().await {
            return Err(not_sealed_yet(once.event(), once));
        }
    }
}

/// The export, laid out unless it was.
async fn made(
    state: &crate::State,
    caller: &Caller,
    wanted: (ExportId, Format),
    filter: &AuditFilter,
    extent: Extent,
) -> Result<ExportRecord, Problem> {
    let earlier = caller.data.find::<ExportRecord>(&wanted.0.to_string()).await?;
    if let Some(found) = &earlier
        && is_over(state, caller, &found.document).await?
    {
        return Ok(found.document.clone());
    }
    let made = export::make(state, &caller.data, wanted, filter, extent).await?;
    keep(caller, made, (wanted, extent), earlier).await
}

/// Whether nothing is left to do: the file is stored, or was asked for too long ago. Whoever laid it out may have been killed before he stored it.
async fn is_over(
    state: &crate::State,
    caller: &Caller,
    record: &ExportRecord,
) -> Result<bool, ExportError> {
    if !record.is_made_again(caller.now) {
        return Ok(true);
    }
    let name = record.blob(caller.data.tenant());
    Ok(state.ports.blobs.get_range(Bucket::Exports, &name, 0..1).await?.is_some())
}

/// Commits what describes the file, and then stores it: no file is left of which nobody knows that it must be removed one day. Whoever made the same
/// one meanwhile was first.
async fn keep(
    caller: &Caller,
    made: Made,
    ((export, format), extent): ((ExportId, Format), Extent),
    earlier: Option<Found<ExportRecord>>,
) -> Result<ExportRecord, Problem> {
    let record = ExportRecord::new(export, Some(caller.user), format, &made, caller.now);
    // No other form has the file that shows them.
    let details = extent.details && format == Format::Bundle;
    let record = ExportRecord { details, ..record };
    let (record, change) = match earlier {
        None => {
            let change = Change::new(laid_out(&record)).create(&record);
            (record, change)
        }
        Some(Found { document, etag }) => {
            let record = record.after(&document);
            let change = Change::new(laid_out(&record)).replace(&record, etag);
            (record, change)
        }
    };
    match caller.commit(change).await {
        Ok(_) => {
            made.file.store().await?;
            Ok(record)
        }
        Err(StoreError::Exists | StoreError::Conflict) => {
            Ok(caller.data.get::<ExportRecord>(&export.to_string()).await?.document)
        }
        Err(error) => Err(error.into()),
    }
}

/// That the log is exported, and by what rows were chosen; never what was looked for, which may name a person.
fn exported(export: ExportId, format: Format, filter: &AuditFilter) -> AuditEvent {
    AuditEvent::new(EventKind::AuditExported, Target::new("export", export))
        .with("filters", filter.names())
        .with("format", format.name())
}

/// That the file was made.
fn laid_out(record: &ExportRecord) -> AuditEvent {
    AuditEvent::new(EventKind::ExportCreated, Target::new("export", record.export))
        .with("format", record.format.name())
        .with("sha256", record.sha256.as_str())
        .with("size", record.size)
}
