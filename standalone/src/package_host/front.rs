//! The one public port: routes of every package, webhooks, `/admin/functions/…`, and the publish endpoint of the Event Grid stand-in.

use std::{borrow::Cow, cmp::Reverse, sync::Arc};

use axum::{
    Json, Router,
    body::Body,
    extract::Request,
    http::{Method, StatusCode},
    response::{IntoResponse as _, Response},
};
use http_body_util::{BodyExt as _, Limited};
use local::Topic;
use serde_json::{Value, json};

use super::{
    function_json::{Function, Http, Level, Trigger},
    host_json::Passing,
    http_envelope,
    keys::query,
    passing::{self, empty, length},
    routes::segments,
    site::{App, Errand, Site},
    webhook,
};
use crate::serve::{event_grid, front::rewrite};

/// One HTTP function's claim on paths.
struct Claim {
    app: Arc<App>,
    function: Arc<Function>,
    http: Http,
}

/// Who a request is for.
struct Found<'a> {
    /// Whose the path is, whatever the method.
    owner: Option<&'a App>,
    claim: Option<&'a Claim>,
}

/// Answers everything that arrives.
pub(crate) struct Front {
    site: Arc<Site>,
    /// The more exact ones first.
    claims: Vec<Claim>,
}

impl Front {
    pub(crate) fn new(site: Arc<Site>) -> Self {
        let functions =
            site.apps.iter().flat_map(|app| app.functions.iter().map(move |it| (app, it)));
        let claim = |(app, function): (&Arc<App>, &Arc<Function>)| match &function.trigger {
            Trigger::Http(http) => Some(Claim {
                app: Arc::clone(app),
                function: Arc::clone(function),
                http: http.clone(),
            }),
            Trigger::Timer { .. } | Trigger::Queue { .. } | Trigger::EventGrid { .. } => None,
        };
        let mut claims: Vec<Claim> = functions.filter_map(claim).collect();
        claims.sort_by_key(|claim| {
            (claim.http.template.rank(), Reverse(claim.function.name.clone()))
        });
        Self { site, claims }
    }

    pub(crate) fn router(self) -> Router {
        let front = Arc::new(self);
        Router::new().fallback(move |request| answer(Arc::clone(&front), request))
    }

    /// Whose a path is, and whose a request for it.
    fn find(&self, method: &Method, path: &[Cow<'_, str>]) -> Found<'_> {
        let takes = |claim: &Claim| {
            claim.http.methods.as_ref().is_none_or(|methods| methods.contains(method.as_str()))
        };
        let mut fitting = self.claims.iter().filter(|claim| claim.http.template.fits(path));
        let owner = fitting.next();
        let claim = owner.filter(|claim| takes(claim)).or_else(|| fitting.find(|it| takes(it)));
        Found { owner: owner.map(|claim| &*claim.app), claim }
    }
}

async fn answer(front: Arc<Front>, mut request: Request) -> Response {
    if length(request.headers()).is_some_and(|length| length > front.site.body_bytes_max) {
        return empty(StatusCode::PAYLOAD_TOO_LARGE);
    }
    rewrite(&mut request);
    // Shares its bytes with the request's.
    let uri = request.uri().clone();
    let path = segments(uri.path());
    let found = front.find(request.method(), &path);
    if let Some(preflight) = found.owner.and_then(|app| app.cors.preflight(&request)) {
        return preflight;
    }
    let origin = found.owner.and_then(|app| app.cors.allowed(request.headers()));
    let mut response = route(&front, &path, found.claim, request).await;
    if let (Some(app), Some(origin)) = (found.owner, origin) {
        app.cors.mark(response.headers_mut(), origin);
    }
    response
}

/// What is rarer than a request to pass on is boxed, so that a request to pass on is small.
async fn route(
    front: &Front,
    path: &[Cow<'_, str>],
    claim: Option<&Claim>,
    request: Request,
) -> Response {
    let is = |name: &str, other: &str| name.eq_ignore_ascii_case(other);
    match path {
        [runtime, webhooks, event_grid]
            if is(runtime, "runtime")
                && is(webhooks, "webhooks")
                && is(event_grid, "EventGrid") =>
        {
            Box::pin(deliver(front, request)).await
        }
        [admin, functions, name] if is(admin, "admin") && is(functions, "functions") => {
            Box::pin(order(front, name, request)).await
        }
        [reserved, ..] if is(reserved, "admin") || is(reserved, "runtime") => {
            empty(StatusCode::NOT_FOUND)
        }
        [grid, topic, api, events] if grid == "eventgrid" && api == "api" && events == "events" => {
            Box::pin(publish(front, topic, request)).await
        }
        _ => match claim {
            Some(claim) => pass(front, claim, path, request).await,
            None if path.is_empty() => describe(front),
            None => empty(StatusCode::NOT_FOUND),
        },
    }
}

async fn pass(front: &Front, claim: &Claim, path: &[Cow<'_, str>], request: Request) -> Response {
    let Claim { app, function, http } = claim;
    let opens = app
        .keys
        .as_ref()
        .is_none_or(|keys| keys.open(http.level, request.headers(), request.uri()));
    if !opens {
        return empty(StatusCode::UNAUTHORIZED);
    }
    let passing = if function.is_plain_http() { app.host.passing } else { Passing::Envelope };
    match passing {
        Passing::Proxy => passing::proxy(&front.site, app, request).await,
        Passing::Forward => Box::pin(passing::forward(&front.site, app, request)).await,
        Passing::Envelope => {
            let parameters = http.template.parameters(path);
            let answer = http_envelope::answer(&front.site, app, function, &parameters, request);
            Box::pin(answer).await
        }
    }
}

async fn deliver(front: &Front, request: Request) -> Response {
    let name = query(request.uri(), "functionName").unwrap_or_default();
    let found = front.site.function(&name);
    let found = found.filter(|(_, function)| matches!(function.trigger, Trigger::EventGrid { .. }));
    let Some((app, function)) = found else { return webhook::not_found(&name) };
    let opens = |keys: &super::keys::Keys| keys.open_event_grid(request.headers(), request.uri());
    if !app.keys.as_ref().is_none_or(opens) {
        return empty(StatusCode::UNAUTHORIZED);
    }
    let (parts, body) = request.into_parts();
    match read(front, body).await {
        Some(body) => {
            webhook::answer(&front.site, &app, &function, &parts.method, &parts.headers, body).await
        }
        None => empty(StatusCode::PAYLOAD_TOO_LARGE),
    }
}

/// `POST /admin/functions/{fn}` with `{"input": "…"}`: 202 at once, and an invocation that nobody waits for.
async fn order(front: &Front, name: &str, request: Request) -> Response {
    let found = front.site.function(name);
    let Some((app, function)) = found.filter(|_| request.method() == Method::POST) else {
        return empty(StatusCode::NOT_FOUND);
    };
    let opens =
        |keys: &super::keys::Keys| keys.open(Level::Admin, request.headers(), request.uri());
    if !app.keys.as_ref().is_none_or(opens) {
        return empty(StatusCode::UNAUTHORIZED);
    }
    let Some(body) = read(front, request.into_body()).await else {
        return empty(StatusCode::PAYLOAD_TOO_LARGE);
    };
    let sent: Value =
        if body.is_empty() { json!({}) } else { serde_json::from_slice(&body).unwrap_or_default() };
    let input = sent.get("input").map(|input| input.as_str().map(str::to_owned));
    let input = match (sent.is_object(), input) {
        (true, None) => String::new(),
        (true, Some(Some(input))) => input,
        (true, Some(None)) | (false, _) => return empty(StatusCode::BAD_REQUEST),
    };
    front.site.errands.send(Errand { app, function, input }).ok();
    empty(StatusCode::ACCEPTED)
}

async fn read(front: &Front, body: Body) -> Option<axum::body::Bytes> {
    let max = usize::try_from(front.site.body_bytes_max).unwrap_or(usize::MAX);
    Limited::new(body, max).collect().await.ok().map(http_body_util::Collected::to_bytes)
}

async fn publish(front: &Front, topic: &str, request: Request) -> Response {
    let known = Topic::ALL.into_iter().find(|known| known.name() == topic);
    match known.filter(|_| request.method() == Method::POST) {
        Some(topic) => {
            web::security_headers(event_grid::publish(&front.site.topics, topic, request).await)
        }
        None => empty(StatusCode::NOT_FOUND),
    }
}

/// The home page, unless somebody does not want one.
fn describe(front: &Front) -> Response {
    let apps: Vec<Value> = front
        .site
        .apps
        .iter()
        .map(|app| {
            let functions: Vec<&str> =
                app.functions.iter().map(|function| function.name.as_str()).collect();
            json!({"name": app.name, "functions": functions})
        })
        .collect();
    let topics = Topic::ALL.map(|topic| format!("/eventgrid/{}/api/events", topic.name()));
    let description = json!({"name": "Proofline", "version": env!("CARGO_PKG_VERSION"), "packages": apps, "events": topics});
    web::security_headers(Json(description).into_response())
}
