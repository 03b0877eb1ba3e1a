//! The one port of a custom handler: readiness, the public door and the host's door, told apart by the exact path as it was sent.
//!
//! The Functions host passes public paths on unchanged, and its invocations are `POST /{function}` on the same port. So nothing is decoded or
//! normalised here: what does not begin with `/api/` and is not a function's exact name is nothing.

use std::{any::Any, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, Method, header},
    response::{IntoResponse, Response},
};
use ports::Identity;
use tower::ServiceExt as _;
use tower_http::catch_panic::CatchPanicLayer;
use web::{Problem, Routers, Trigger};

use crate::{Deadlines, Opened, access_log::LogLine, deadline::within};

/// Answers everything that arrives on the port of an app.
pub fn handler(opened: Opened) -> Router {
    handler_within(opened, Deadlines::default())
}

/// The same, with other deadlines.
pub fn handler_within(opened: Opened, deadlines: Deadlines) -> Router {
    let doors = Arc::new(Doors::new(opened, deadlines));
    Router::new().fallback(move |request| pass(Arc::clone(&doors), request))
}

struct Doors {
    identity: Identity,
    public: Router,
    invocations: Router,
    triggers: Vec<&'static Trigger>,
    deadlines: Deadlines,
}

enum Door {
    Ready,
    Public,
    Invocation(&'static Trigger),
    Nothing,
}

impl Doors {
    fn new(opened: Opened, deadlines: Deadlines) -> Self {
        let Opened { identity, routers: Routers { public, invocations }, triggers, .. } = opened;
        let catch = || CatchPanicLayer::custom(panicked);
        let (public, invocations) = (public.layer(catch()), invocations.layer(catch()));
        Self { identity, public, invocations, triggers, deadlines }
    }

    fn door(&self, request: &Request) -> Door {
        let path = request.uri().path();
        if path.starts_with("/api/") {
            return Door::Public;
        }
        match *request.method() {
            Method::GET | Method::HEAD if path == "/" => Door::Ready,
            Method::POST => self.invocation(path).map_or(Door::Nothing, Door::Invocation),
            _ => Door::Nothing,
        }
    }

    fn invocation(&self, path: &str) -> Option<&'static Trigger> {
        let name = path.strip_prefix('/')?;
        self.triggers.iter().copied().find(|trigger| trigger.name == name)
    }

    async fn answer(&self, router: &Router, limit: Duration, request: Request) -> Response {
        let line = LogLine::begin(self.identity, &request);
        let answer = async {
            let Ok(response) = router.clone().oneshot(request).await;
            response
        };
        let response = within(limit, answer).await;
        line.write(&response);
        response
    }
}

async fn pass(doors: Arc<Doors>, request: Request) -> Response {
    match doors.door(&request) {
        Door::Ready => ready(),
        Door::Public => doors.answer(&doors.public, doors.deadlines.http, request).await,
        Door::Invocation(trigger) => {
            doors.answer(&doors.invocations, doors.deadlines.of(trigger.kind), request).await
        }
        Door::Nothing => {
            let line = LogLine::begin(doors.identity, &request);
            let response = web::security_headers(Problem::not_found().into_response());
            line.write(&response);
            response
        }
    }
}

/// The Functions host asks every 25 ms until something answers; so does its monitor, later.
pub(crate) fn ready() -> Response {
    let mut response = Response::new("ready\n".into());
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, text);
    web::security_headers(response)
}

/// The process lives on; where it panicked is in the log ([`crate::start_telemetry`]).
fn panicked(_: Box<dyn Any + Send>) -> Response {
    web::security_headers(Problem::internal(&"a panic while answering").into_response())
}
