//! Opening an app while what it needs may be away: it is tried again and again, and until then every answer is a 503.
//!
//! The Functions host kills a handler that does not listen after 30 s, and stops itself after three of them. So a handler whose vault or database
//! is down for longer than that listens all the same, and serves as soon as it can, without a restart.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, Method, header},
    response::{IntoResponse as _, Response},
};
use domain::Class;
use tokio::{sync::watch, time::Instant};
use tower::ServiceExt as _;
use web::{FunctionApp, Problem};

use crate::{
    Backend, BackendError, Config, OpenError, Opened,
    backend::ports,
    doors::{handler, ready},
    open,
    process::{ProcessError, bind, causes},
    serve,
};

/// How long a handler may take to open before it listens without having opened.
const LISTENS_AFTER: Duration = Duration::from_secs(20);
/// Between two attempts.
const WAITS: [Duration; 4] = [
    Duration::from_millis(250),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
];
/// How long a request waits for an app that is being opened: below what Event Grid waits.
const REQUEST_WAITS: Duration = Duration::from_secs(20);

/// Why an app cannot serve now.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpeningError {
    #[error(transparent)]
    Backend(#[from] BackendError),
    #[error("the app cannot be opened")]
    App {
        #[source]
        error: OpenError,
        /// Keys and documents in Azure: whatever refuses them now may be mended from outside.
        may_pass: bool,
    },
}

impl OpeningError {
    fn may_pass(&self) -> bool {
        match self {
            Self::Backend(error) => error.may_pass(),
            Self::App { may_pass, .. } => *may_pass,
        }
    }
}

/// Opens the app by `once`; an error that may pass is logged and waited out, until `end`.
///
/// # Errors
/// One that does not pass.
async fn until<F>(
    app: &'static str,
    once: impl Fn() -> F,
    end: Option<Instant>,
) -> Result<Option<Opened>, OpeningError>
where
    F: Future<Output = Result<Opened, OpeningError>>,
{
    let mut waits = WAITS.into_iter();
    let mut wait = Duration::ZERO;
    loop {
        let error = match once().await {
            Ok(opened) => return Ok(Some(opened)),
            Err(error) if error.may_pass() => error,
            Err(error) => return Err(error),
        };
        wait = waits.next().unwrap_or(wait);
        let (why, again_in_ms) = (causes(&error), wait.as_millis());
        tracing::error!(app, why, again_in_ms, "the app cannot be opened yet and is tried again");
        if end.is_some_and(|end| Instant::now() + wait > end) {
            return Ok(None);
        }
        tokio::time::sleep(wait).await;
    }
}

/// A handler that may not have opened yet.
pub(crate) struct Waiting {
    opened: Arc<OnceLock<Router>>,
    is_opened: watch::Sender<bool>,
}

impl Waiting {
    pub(crate) fn new() -> Self {
        Self { opened: Arc::new(OnceLock::new()), is_opened: watch::Sender::new(false) }
    }

    /// From now on requests are answered by the app.
    pub(crate) fn opened(&self, opened: Opened) {
        if self.opened.set(handler(opened)).is_ok() {
            self.is_opened.send_replace(true);
        }
    }

    /// Answers for the app, from before it has opened.
    pub(crate) fn router(&self) -> Router {
        let (opened, is_opened) = (Arc::clone(&self.opened), self.is_opened.subscribe());
        Router::new().fallback(move |request| pass(Arc::clone(&opened), is_opened.clone(), request))
    }
}

async fn pass(
    opened: Arc<OnceLock<Router>>,
    mut is_opened: watch::Receiver<bool>,
    request: Request,
) -> Response {
    if opened.get().is_none() && request.uri().path() == "/" && request.method() == Method::GET {
        return ready();
    }
    let opens = is_opened.wait_for(|is_opened| *is_opened);
    tokio::time::timeout(REQUEST_WAITS, opens).await.ok();
    match opened.get() {
        Some(router) => {
            let Ok(response) = router.clone().oneshot(request).await;
            response
        }
        None => not_yet(),
    }
}

fn not_yet() -> Response {
    let detail = "A service that this app needs does not answer; the app serves as soon as it does. Nothing was done: try again later.";
    let problem = Problem::new(Class::Unavailable, "not-open-yet", detail)
        .header(header::RETRY_AFTER, HeaderValue::from_static("5"));
    web::security_headers(problem.into_response())
}

/// Opens and serves until `stop`: listens once the app has opened, or after 20 s without.
pub(crate) async fn live<A: FunctionApp>(
    config: &Config,
    port: u16,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ProcessError> {
    let once = || async {
        let ports = ports(config, A::IDENTITY).await?;
        // On one machine nobody mends a folder while a program waits: it says what is wrong and ends.
        let may_pass = matches!(config.backend, Backend::Azure(_));
        open::<A>(ports, config).await.map_err(|error| OpeningError::App { error, may_pass })
    };
    let app = A::IDENTITY.name();
    let mut stop = Box::pin(stop);
    let waiting = Waiting::new();
    let first = tokio::select! {
        first = until(app, once, Some(Instant::now() + LISTENS_AFTER)) => first?,
        () = &mut stop => return Ok(()),
    };
    let is_open = first.is_some();
    first.into_iter().for_each(|opened| waiting.opened(opened));
    let listener = bind(port).await?;
    // Goes on opening while others listen; ends only with an error that does not pass.
    let open_late = async {
        if !is_open {
            match until(app, once, None).await {
                Ok(opened) => opened.into_iter().for_each(|opened| waiting.opened(opened)),
                Err(error) => return error,
            }
        }
        std::future::pending().await
    };
    tokio::select! {
        served = serve(listener, waiting.router(), stop) => served.map_err(ProcessError::Serve),
        error = open_late => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use axum::{body::Body, http::StatusCode};
    use web::Routers;

    use super::*;

    fn app() -> Opened {
        let public = Router::new().fallback(async || "the app");
        let routers = Routers { public, invocations: Router::new() };
        Opened {
            identity: ports::Identity::Auth,
            routers,
            endpoints: Vec::new(),
            triggers: Vec::new(),
        }
    }

    fn away() -> OpeningError {
        let error =
            azure::OpenError::Unavailable { endpoint: "vault".into(), why: "refused".into() };
        OpeningError::Backend(BackendError::Azure(error))
    }

    fn wrong() -> OpeningError {
        let (what, is, should) = ("key".into(), "P-384".into(), "P-256".into());
        OpeningError::Backend(BackendError::Azure(azure::OpenError::Differs { what, is, should }))
    }

    async fn ask(waiting: &Waiting, path: &str) -> StatusCode {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let Ok(response) = waiting.router().oneshot(request).await;
        response.status()
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_away_is_waited_for_and_what_is_wrong_is_not() {
        let attempts = Cell::new(0);
        let once = || {
            attempts.set(attempts.get() + 1);
            let attempt = attempts.get();
            async move { if attempt < 4 { Err(away()) } else { Ok(app()) } }
        };
        let deadline = Instant::now() + LISTENS_AFTER;
        let end = Some(deadline);
        assert!(until("auth", once, end).await.unwrap().is_some());
        assert_eq!(attempts.get(), 4);
        let failed = until("auth", || async { Err(wrong()) }, end).await;
        assert!(failed.is_err());
        let failed = until("auth", || async { Err(away()) }, end).await;
        assert!(failed.unwrap().is_none());
        assert!(Instant::now() <= deadline);
    }

    #[tokio::test(start_paused = true)]
    async fn until_an_app_has_opened_its_handler_is_ready_and_answers_503() {
        let waiting = Waiting::new();
        assert_eq!(ask(&waiting, "/").await, StatusCode::OK);
        let asked = Instant::now();
        assert_eq!(ask(&waiting, "/api/auth/v1/me").await, StatusCode::SERVICE_UNAVAILABLE);
        assert!(asked.elapsed() >= REQUEST_WAITS, "a request waits for the app first");
        let (answer, ()) = tokio::join!(ask(&waiting, "/api/auth/v1/me"), async {
            waiting.opened(app());
        });
        assert_eq!(answer, StatusCode::OK);
    }
}
