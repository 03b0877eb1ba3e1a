//! What stands around every endpoint: who is admitted, what is noted of it, what every answer carries.

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderName, HeaderValue, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::{Class, RequestId};

use crate::{
    Access, Admitted, Caller, Endpoint, Gate, Problem, Served, Visitor,
    caller::{admit, admit_scoped},
    runner_caller::admit_runner,
    security_headers,
};

/// Admits the caller that the endpoint declares, records refusals of known users, and notes for the log who it was.
pub(crate) async fn guard(
    gate: Gate,
    endpoint: &'static Endpoint,
    request: Request,
    next: Next,
) -> Response {
    let Some(visitor) = request.extensions().get::<Visitor>().copied() else {
        return Problem::internal(&"a request without its time").into_response();
    };
    let (mut parts, body) = request.into_parts();
    let (known, refusal, mut response) =
        match pass(&gate, endpoint, visitor, &mut parts, body).await {
            Ok((known, body)) => {
                let response = next.run(Request::from_parts(parts, body)).await;
                (known, absence(&response), response)
            }
            Err((problem, caller)) => {
                (Known::caller(caller), Some(problem.code), problem.into_response())
            }
        };
    known.record(refusal).await;
    let served =
        Served { endpoint: endpoint.path, request: visitor.request, admitted: known.admitted };
    response.extensions_mut().insert(served);
    response
}

/// What is known of whoever asked.
#[derive(Default)]
struct Known {
    admitted: Option<Admitted>,
    caller: Option<Caller>,
}

impl Known {
    fn caller(caller: Option<Caller>) -> Self {
        Self { admitted: caller.as_ref().map(Admitted::of), caller }
    }

    fn other(tenant: domain::TenantId, actor: impl std::fmt::Display) -> Self {
        Self { admitted: Some(Admitted { tenant, actor: actor.to_string() }), caller: None }
    }

    /// A user who was refused, or asked for what the tenant does not have, is in the tenant's log.
    async fn record(&self, refusal: Option<&'static str>) {
        if let (Some(caller), Some(code)) = (&self.caller, refusal) {
            caller.record_denial(code).await;
        }
    }
}

/// That what was asked for is not the tenant's. Other refusals of an endpoint are its own to record.
fn absence(response: &Response) -> Option<&'static str> {
    let problem = response.extensions().get::<Problem>();
    problem.filter(|problem| problem.class == Class::NotFound).map(|problem| problem.code)
}

/// Puts whoever the endpoint declares into the request, or says why not.
async fn pass(
    gate: &Gate,
    endpoint: &'static Endpoint,
    visitor: Visitor,
    parts: &mut Parts,
    body: Body,
) -> Result<(Known, Body), (Problem, Option<Caller>)> {
    match endpoint.access {
        Access::Public(_) => Ok((Known::default(), body)),
        Access::Holds(scope) => {
            let enrollee = admit_scoped(gate, scope, parts, visitor)
                .await
                .map_err(|problem| (problem, None))?;
            let known = Known::other(enrollee.tenant, enrollee.user);
            parts.extensions.insert(enrollee);
            Ok((known, body))
        }
        Access::Runner => {
            let admitted = admit_runner(gate, endpoint, parts, body, visitor).await;
            let (runner, bytes) = admitted.map_err(|problem| (problem, None))?;
            let known = Known::other(runner.tenant, runner.runner);
            parts.extensions.insert(runner);
            Ok((known, Body::from(bytes)))
        }
        Access::Requires(permission) => {
            let caller = admit(gate, endpoint, permission, parts, visitor).await?;
            parts.extensions.insert(caller.clone());
            Ok((Known::caller(Some(caller)), body))
        }
    }
}

/// Gives every request its time and identity, and every answer its headers.
pub(crate) async fn finish(gate: Gate, mut request: Request, next: Next) -> Response {
    let now = gate.now();
    let id: RequestId = gate.ports.randomness.id(now);
    request.extensions_mut().insert(Visitor { now, request: id });
    let response = next.run(request).await;
    let mut response = match response.extensions().get::<Problem>() {
        Some(problem) => {
            let body = Body::from(problem.to_json(Some(id)).to_string());
            let (mut parts, _) = response.into_parts();
            parts.headers.remove(header::CONTENT_LENGTH);
            Response::from_parts(parts, body)
        }
        None => response,
    };
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(HeaderName::from_static("request-id"), value);
    }
    security_headers(response)
}
