//! `POST /v1/audit/verifications`: the stored log, or a part of it, is verified now.

use axum::{Json, extract::State, http::StatusCode};
use chain::policy::Tier;
use domain::{EventKind, Feature, Permission};
use schemars::JsonSchema;
use serde::Deserialize;
use store::Change;
use web::{Access, Caller, Endpoint, Input, Problem};

use crate::{
    list_events::in_epoch,
    verification::{self, Answer, VerificationRecord},
};

pub(crate) const ENDPOINT: Endpoint = Endpoint::post(
    "/v1/audit/verifications",
    Access::Requires(Permission::AuditRead),
    &[EventKind::AuditVerified, EventKind::AuditVerifyFailed],
)
.summary("Verify the log as it is stored: rows, chain, tree and signed head; and make again what of the projection is not as the log says. One request looks at a bounded number of rows and says where to go on")
.with(Feature::AuditRead)
.request::<Request>()
.response::<VerificationRecord>()
.problems(&["invalid-range", "invalid-filter"]);

#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// The epoch of the log; the current one unless it says so.
    #[serde(default)]
    epoch: Option<u64>,
    /// The first row; row 0 unless it says so.
    #[serde(default)]
    from: Option<u64>,
    /// The row after the last; all that are signed unless it says so.
    #[serde(default)]
    to: Option<u64>,
    /// The least tier that is `ok`; below it, the verdict is `incomplete`.
    #[serde(default)]
    tier: Option<Asked>,
}

/// A tier, as it is asked for.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Asked {
    /// The rows fit each other.
    Chained,
    /// The log's key signed a head over them.
    Signed,
    /// An authority stamped such a head.
    Timestamped,
    /// A witness cosigned such a head.
    Witnessed,
}

impl Asked {
    const fn tier(self) -> Tier {
        match self {
            Self::Chained => Tier::Chained,
            Self::Signed => Tier::Signed,
            Self::Timestamped => Tier::Timestamped,
            Self::Witnessed => Tier::Witnessed,
        }
    }
}

pub(crate) async fn handle(
    State(state): State<crate::State>,
    caller: Caller,
    Input(request): Input<Request>,
) -> Result<(StatusCode, Json<VerificationRecord>), Problem> {
    let log = in_epoch(state.log(&caller.data).await?, request.epoch)?;
    let piece = verification::check(&state, &log, request.from, request.to, caller.now).await?;
    let answer = Answer::of(&piece, request.tier.map(Asked::tier));
    verification::compare(&state, &log, &answer, caller.now).await?;
    let verification = state.ports.randomness.id(caller.now);
    if answer.is_alarming() {
        verification::alarm(caller.data.tenant(), &answer);
    }
    let event = verification::event(verification, &answer);
    let record =
        VerificationRecord { verification, by: Some(caller.user), created_at: caller.now, answer };
    caller.commit(Change::new(event).create(&record)).await?;
    Ok((StatusCode::CREATED, Json(record)))
}
