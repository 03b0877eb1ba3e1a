//! `POST /v1/procedures/versions`: a version that the customer signed becomes available to Runners.

use axum::{Json, extract::State, http::StatusCode};
use domain::{
    AuditEvent, EventKind, Fault as _, Feature, Permission, ProcedureId, Target, VersionId,
    procedure::Procedure,
};
use protocol::{
    Digest,
    dsse::{Envelope, EnvelopeError, PAYLOAD_MAX, Verified},
    strict_json,
};
use store::{Change, Found};
use web::{Access, Caller, Endpoint, Input, Problem};

use crate::{
    RunsState,
    customer_keys::{CustomerKeys, CustomerKeysError},
    described,
    procedures::{FindingView, ProcedureRecord, VersionError, VersionRecord, VersionView, head_of},
};

const ENVELOPE_BYTES_MAX: usize = 256 * 1024;

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/procedures/versions",
    Access::Requires(Permission::ProcedurePublish),
    &[EventKind::VersionPublished, EventKind::VersionRejected],
)
.summary("Publish a version: a DSSE envelope with enough of the customer's signatures, without a lint finding, of a higher revision")
.with(Feature::Runner)
.request::<described::Envelope>()
.response::<VersionView>()
.body_max(ENVELOPE_BYTES_MAX)
.problems(&[
    "customer-keys-missing",
    "unsigned",
    "signature-invalid",
    "unknown-field",
    "lint-findings",
    "revision-not-higher",
    "version-published",
]);

pub(crate) async fn handle(
    State(state): State<RunsState>,
    caller: Caller,
    Input(envelope): Input<Envelope>,
) -> Result<(StatusCode, Json<VersionView>), Problem> {
    let keys = CustomerKeys::of(&caller.data).await?.ok_or(CustomerKeysError::Missing)?.keys;
    let verified = match keys.verify_procedure(&envelope) {
        Ok(verified) => verified,
        Err(error) => return Err(recorded(&caller, &envelope, error).await),
    };
    let procedure: Procedure = strict_json::parse(&verified.payload, PAYLOAD_MAX)?;
    refuse_findings(&procedure)?;
    let head = caller.data.find::<ProcedureRecord>(&ProcedureRecord::id_of(&procedure.key)).await?;
    let id = head.as_ref().map_or_else(|| state.id(caller.now), |head| head.document.procedure);
    let version = version_of(id, &caller, &procedure, envelope, verified);
    let view = VersionView::from(&version);
    caller.commit(publication(&procedure, &version, head)?).await?;
    Ok((StatusCode::CREATED, Json(view)))
}

fn refuse_findings(procedure: &Procedure) -> Result<(), Problem> {
    let findings = check::lint(procedure);
    if findings.is_empty() {
        return Ok(());
    }
    let problem = Problem::from(VersionError::Findings(findings.len()));
    let views: Vec<FindingView> = findings.into_iter().map(FindingView::from).collect();
    let views = serde_json::to_value(views).map_err(|error| Problem::internal(&error))?;
    Err(problem.with("findings", views))
}

fn version_of(
    procedure_id: ProcedureId,
    caller: &Caller,
    procedure: &Procedure,
    envelope: Envelope,
    Verified { payload, signers }: Verified,
) -> VersionRecord {
    let digest = Digest::of(payload);
    VersionRecord {
        version: VersionId::of_digest(&digest.0),
        digest,
        procedure: procedure_id,
        key: procedure.key.clone(),
        label: procedure.version.clone(),
        revision: procedure.revision,
        envelope,
        signers,
        published_by: caller.user,
        published_at: caller.now,
        withdrawn: None,
    }
}

/// The version and the procedure's head in one batch, so that of two publications of one revision one is refused.
fn publication(
    procedure: &Procedure,
    version: &VersionRecord,
    head: Option<Found<ProcedureRecord>>,
) -> Result<Change, VersionError> {
    let signers: Vec<String> = version.signers.iter().map(ToString::to_string).collect();
    let event = AuditEvent::new(
        EventKind::VersionPublished,
        Target::new("procedure_version", version.version),
    )
    .with("digest", version.digest.to_string())
    .with("revision", version.revision)
    .with("signers", signers);
    let change = Change::new(event).create(version);
    match head {
        None => Ok(change.create(&head_of(procedure, version))),
        Some(Found { document, .. }) if document.digest == version.digest => {
            Err(VersionError::Published)
        }
        Some(Found { document, .. }) if document.revision >= version.revision => {
            Err(VersionError::Revision { found: version.revision, highest: document.revision })
        }
        Some(Found { etag, .. }) => Ok(change.replace(&head_of(procedure, version), etag)),
    }
}

/// A wrong signature on a procedure is worth knowing: somebody tried to have Runners execute it.
async fn recorded(caller: &Caller, envelope: &Envelope, error: EnvelopeError) -> Problem {
    let digest = Digest::of(envelope.unverified_payload());
    let target = Target::new("procedure_version", VersionId::of_digest(&digest.0));
    let event = AuditEvent::denied(EventKind::VersionRejected, target, error.code());
    match caller.commit(Change::new(event.with("digest", digest.to_string()))).await {
        Ok(_) => error.into(),
        Err(error) => error.into(),
    }
}
