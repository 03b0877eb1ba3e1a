//! Endpoints, triggers, callers and problem details: how a request becomes a [`Caller`].
//!
//! In scope: what an endpoint declares, who is admitted, what a refusal looks like, the API description, the generated `function.json`.
//! Out of scope: sockets, processes, deadlines, logs (`host`); what an endpoint does (`functions/*`).

mod app;
mod caller;
mod endpoint;
mod function_json;
mod gate;
mod guard;
mod input;
mod invocation;
mod job;
mod openapi;
mod posture;
mod problem;
mod runner_caller;
mod served;
mod setup;
mod token;
mod trigger;

pub use app::{App, Routers};
pub use caller::{Caller, Enrollee, Visitor};
pub use endpoint::{Access, Describe, Endpoint, Method};
pub use function_json::{QUEUE_CONNECTION, function_folders};
pub use gate::{Gate, RunnerKey, RunnerKeys};
pub use input::{Input, PathId, Selection};
pub use job::Job;
pub use openapi::openapi;
pub use posture::security_headers;
pub use problem::Problem;
pub use runner_caller::RunnerCaller;
pub use served::{Admitted, Served};
pub use setup::{FunctionApp, Setup, SetupError};
pub use token::{ACR_MFA, AccessClaims, Scope, TokenError, TokenVerifier, sign_access_token};
pub use trigger::{Trigger, TriggerKind};
