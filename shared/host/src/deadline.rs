//! How long an answer may take. Each is below what the Functions host allows: past its own limit it kills the whole process.

use std::time::Duration;

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use domain::Class;
use web::{Problem, TriggerKind};

/// The longest time to an answer, by what asked.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// A request: the platform's front end gives up after 230 s.
    pub http: Duration,
    /// An event: Event Grid waits 30 s and then delivers again.
    pub event_grid: Duration,
    /// A message: `functionTimeout` in `host.json` is 5 minutes.
    pub queue: Duration,
    /// A tick of the clock: the same 5 minutes.
    pub timer: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            http: Duration::from_secs(200),
            event_grid: Duration::from_secs(25),
            queue: Duration::from_mins(4),
            timer: Duration::from_mins(4),
        }
    }
}

impl Deadlines {
    pub(crate) const fn of(&self, kind: TriggerKind) -> Duration {
        match kind {
            TriggerKind::Queue(_) => self.queue,
            TriggerKind::EventGrid { .. } => self.event_grid,
            TriggerKind::Timer { .. } => self.timer,
        }
    }
}

/// `work`, or a refusal when it took longer than `limit`.
pub(crate) async fn within(limit: Duration, work: impl Future<Output = Response>) -> Response {
    match tokio::time::timeout(limit, work).await {
        Ok(response) => response,
        Err(_) => late(limit),
    }
}

fn late(limit: Duration) -> Response {
    let detail = format!(
        "The work took longer than {} s and was given up: it was applied or not. Read the state, then try again.",
        limit.as_secs()
    );
    let problem = Problem::new(Class::Unavailable, "deadline", detail)
        .header(header::RETRY_AFTER, HeaderValue::from_static("1"));
    web::security_headers(problem.into_response())
}
