//! A function app: its endpoints, its triggers, and what answers them.

use std::{convert::Infallible, sync::Arc};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    handler::Handler,
    middleware::{Next, from_fn},
    routing::{MethodRouter, delete, get, post, put},
};
use domain::Class;
use ports::Identity;
use serde::de::DeserializeOwned;
use serde_json::Value;
use store::SystemCap;

use crate::{
    Endpoint, Gate, Job, Method, Problem, Trigger,
    guard::{finish, guard},
    invocation::{JobHandler, invocation_router},
};

/// The table of one function app.
#[must_use = "an app answers nothing until it is served"]
pub struct App<S> {
    routes: Vec<(&'static Endpoint, MethodRouter<S>)>,
    triggers: Vec<(&'static Trigger, JobHandler<S>)>,
}

impl<S> Default for App<S> {
    fn default() -> Self {
        Self { routes: Vec::new(), triggers: Vec::new() }
    }
}

/// The two doors of an app.
pub struct Routers {
    /// Requests under `/api/<app>`.
    pub public: Router,
    /// Invocations: `POST /{function}`, from the host alone.
    pub invocations: Router,
}

impl<S: Clone + Send + Sync + 'static> App<S> {
    /// Answers `endpoint` with `handler`.
    pub fn route<H, T>(mut self, endpoint: &'static Endpoint, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        let answer = match endpoint.method {
            Method::Get => get(handler),
            Method::Post => post(handler),
            Method::Put => put(handler),
            Method::Delete => delete(handler),
        };
        self.routes.push((endpoint, answer));
        self
    }

    /// Handles `trigger` with `handler`, whose input is decoded by the kind of trigger.
    pub fn on<T, F, Fut>(mut self, trigger: &'static Trigger, handler: F) -> Self
    where
        T: DeserializeOwned + Send,
        F: Fn(S, Job, T) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<Value, Problem>> + Send + 'static,
    {
        let handler: JobHandler<S> =
            Arc::new(move |state, job, input| match serde_json::from_value(input) {
                Ok(input) => Box::pin(handler(state, job, input)),
                Err(_) => Box::pin(async {
                    Err(Problem::new(Class::Invalid, "validation", "The input has another form."))
                }),
            });
        self.triggers.push((trigger, handler));
        self
    }

    /// Every endpoint, in the order of the table.
    pub fn endpoints(&self) -> Vec<&'static Endpoint> {
        self.routes.iter().map(|(endpoint, _)| *endpoint).collect()
    }

    /// Every trigger, in the order of the table.
    pub fn triggers(&self) -> Vec<&'static Trigger> {
        self.triggers.iter().map(|(trigger, _)| *trigger).collect()
    }

    /// The HTTP services. No request reaches a handler before its caller was admitted.
    pub fn into_routers(
        self,
        state: S,
        gate: &Gate,
        cap: &SystemCap,
        identity: Identity,
    ) -> Routers {
        let public = public_router(self.routes, state.clone(), gate, identity);
        Routers { public, invocations: invocation_router(self.triggers, state, gate, cap) }
    }
}

fn public_router<S: Clone + Send + Sync + 'static>(
    table: Vec<(&'static Endpoint, MethodRouter<S>)>,
    state: S,
    gate: &Gate,
    identity: Identity,
) -> Router {
    let mut router = Router::new();
    for (endpoint, answer) in table {
        let gate = gate.clone();
        let guard = from_fn(move |request: Request, next: Next| {
            guard(gate.clone(), endpoint, request, next)
        });
        let path = format!("/api/{}{}", identity.name(), endpoint.path);
        let answer = answer
            .layer::<_, Infallible>(guard)
            .layer(DefaultBodyLimit::max(endpoint.body_bytes_max));
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place where routes of endpoints are made"
        )]
        {
            router = router.route(&path, answer);
        }
    }
    let method = || async {
        Problem::new(Class::Method, "method-not-allowed", "This endpoint has other methods.")
    };
    let router =
        router.fallback(|| async { Problem::not_found() }).method_not_allowed_fallback(method);
    let gate = gate.clone();
    router
        .layer(from_fn(move |request, next| finish(gate.clone(), request, next)))
        .with_state(state)
}
