//! What stands around every endpoint: who is admitted, what is noted of it, what every answer carries.

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderName, HeaderValue, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::{Class, RequestId};
use store::Promises;

use crate::{
    Access, Admitted, Caller, Endpoint, Gate, Problem, Served, Visitor, address,
    caller::{admit, admit_scoped},
    openapi::declares,
    origin::refuse_cross_site,
    replay,
    runner_caller::admit_runner,
    security_headers,
    smuggling::{BYTES_MAX, LINES_MAX, is_flood, strip},
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
                let request = Request::from_parts(parts, body);
                // It promises before a refusal is recorded: a promise about that would tell what is another tenant's from what is not there.
                let caller = known.caller.as_ref();
                let response = replay::answer(&gate, caller, &known.promises, request, next).await;
                (known, absence(&response), response)
            }
            Err((problem, caller)) => {
                (Known::caller(caller), Some(problem.code), problem.into_response())
            }
        };
    known.record(refusal).await;
    check_declared(endpoint, &response);
    let served =
        Served { endpoint: endpoint.path, request: visitor.request, admitted: known.admitted };
    response.extensions_mut().insert(served);
    response
}

/// What an endpoint answers is in its description. Every test asks with this on; a release does not look.
fn check_declared(endpoint: &Endpoint, response: &Response) {
    let status = response.status().as_u16();
    let is_declared = || match response.extensions().get::<Problem>() {
        Some(problem) => declares(endpoint, status, problem.code),
        None => !response.status().is_success() || status == endpoint.success,
    };
    debug_assert!(
        is_declared(),
        "{} {} answered {status} {:?}, which it does not declare",
        endpoint.method.name(),
        endpoint.path,
        response.extensions().get::<Problem>().map(|problem| problem.code)
    );
}

/// What is known of whoever asked.
#[derive(Default)]
struct Known {
    admitted: Option<Admitted>,
    caller: Option<Caller>,
    /// What was committed in the caller's or Runner's name. Who is not signed in is promised nothing: it would tell whether an account exists.
    promises: Promises,
}

impl Known {
    fn caller(caller: Option<Caller>) -> Self {
        Self { admitted: caller.as_ref().map(Admitted::of), caller, promises: Promises::default() }
    }

    fn other(tenant: domain::TenantId, actor: impl std::fmt::Display) -> Self {
        let admitted = Some(Admitted { tenant, actor: actor.to_string() });
        Self { admitted, ..Self::default() }
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
    let by_cookie = gate.cookies.are_in(&parts.headers);
    refuse_cross_site(parts, &gate.public_url, by_cookie).map_err(|problem| (problem, None))?;
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
            let (mut runner, bytes) = admitted.map_err(|problem| (problem, None))?;
            let known = Known::other(runner.tenant, runner.runner);
            runner.data = runner.data.noting(&known.promises);
            parts.extensions.insert(runner);
            Ok((known, Body::from(bytes)))
        }
        Access::Requires(permission) => {
            let admitted = admit(gate, endpoint, permission, parts, visitor).await;
            let (Ok(known) | Err((_, Some(known)))) = &admitted else {
                return admitted.map(|_| (Known::default(), body));
            };
            let (tenant, entitlements) = (known.data.tenant(), known.tenant.entitlements());
            if let Err(problem) = gate.requests.count(tenant, &entitlements, visitor.now) {
                return Err((problem, Some(known.clone())));
            }
            let mut caller = admitted?;
            let known = Known::caller(Some(caller.clone()));
            caller.data = caller.data.noting(&known.promises);
            parts.extensions.insert(caller);
            Ok((known, body))
        }
    }
}

fn flooded() -> Problem {
    let detail = format!(
        "The request has more than {LINES_MAX} header lines, or more than {BYTES_MAX} bytes of them. Send fewer."
    );
    Problem::new(Class::TooLarge, "headers-too-large", detail)
}

/// Gives every request its time and identity, and every answer its headers.
pub(crate) async fn finish(gate: Gate, mut request: Request, next: Next) -> Response {
    let now = gate.now();
    let id: RequestId = gate.ports.randomness.id(now);
    let address = address::client(request.headers(), gate.proxy_hops);
    request.extensions_mut().insert(Visitor { now, request: id, address });
    strip(request.headers_mut());
    let response = if is_flood(request.headers()) {
        flooded().into_response()
    } else {
        next.run(request).await
    };
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
