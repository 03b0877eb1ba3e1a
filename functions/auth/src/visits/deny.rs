//! `POST /v1/visits/{visit}/deny`: refuses the visit that an operator asks for.

use axum::Json;
use domain::{EventKind, kind};
use web::{Caller, Endpoint, PathId, Problem};

use super::{VisitView, answering, decide};

pub(crate) const ENDPOINT: Endpoint =
    answering("/v1/visits/{visit}/deny", &[EventKind::ImpersonationDenied])
        .summary("Refuse the visit that an operator asks for");

pub(crate) async fn handle(
    caller: Caller,
    PathId(id): PathId<kind::Visit>,
) -> Result<Json<VisitView>, Problem> {
    decide(&caller, id, |visit| visit.answer(false, caller.user)).await
}
