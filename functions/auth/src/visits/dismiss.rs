//! `POST /v1/visits/{visit}/end`: ends an operator's visit.

use axum::Json;
use domain::{EventKind, kind};
use web::{Caller, Endpoint, PathId, Problem};

use super::{VisitView, answering, decide};

pub(crate) const ENDPOINT: Endpoint =
    answering("/v1/visits/{visit}/end", &[EventKind::ImpersonationEnded])
        .summary("End an operator's visit; its token no longer counts");

pub(crate) async fn handle(
    caller: Caller,
    PathId(id): PathId<kind::Visit>,
) -> Result<Json<VisitView>, Problem> {
    decide(&caller, id, |visit| visit.end("tenant")).await
}
