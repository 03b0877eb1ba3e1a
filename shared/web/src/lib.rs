//! Endpoints, triggers, callers and problem details: how a request becomes a [`Caller`].
//!
//! In scope: what an endpoint declares, who is admitted, what a refusal looks like, the API description, the generated `function.json`.
//! Out of scope: sockets, processes, deadlines, logs (`host`); what an endpoint does (`functions/*`).

mod address;
mod api_limit;
mod app;
mod caller;
mod cookies;
mod endpoint;
mod function_json;
mod gate;
mod guard;
mod input;
mod invocation;
mod job;
mod once;
mod openapi;
mod origin;
mod posture;
mod presented;
mod problem;
mod promised;
mod replay;
mod runner_caller;
mod sealing;
mod served;
mod setup;
mod smuggling;
mod token;
mod trigger;

pub use address::{coarse, network};
pub use api_limit::too_many;
pub use app::{App, Routers};
pub use caller::{Caller, Enrollee, Visitor, not_entitled, not_served};
pub use cookies::{CookieKind, Cookies};
pub use endpoint::{Access, Describe, Endpoint, Method};
pub use function_json::{QUEUE_CONNECTION, function_folders};
pub use gate::{Gate, RunnerKey, RunnerKeys};
pub use input::{Input, PathId, PathPair, PathPart, Selection};
pub use job::Job;
pub use once::{IDEMPOTENCY_KEY_HEADER, IdempotencyKey, Once};
pub use openapi::{declares, is_known_problem, known_problems, openapi, problems_of};
pub use posture::security_headers;
pub use problem::Problem;
pub use promised::PROMISE_HEADER;
pub use runner_caller::RunnerCaller;
pub use sealing::{Wait, await_seal, not_sealed_yet};
pub use served::{Admitted, Served};
pub use setup::{FunctionApp, Setup, SetupError};
pub(crate) use token::ACR_TOKEN;
pub use token::{
    ACR_MFA, AccessClaims, ActingParty, Scope, TokenError, TokenVerifier, sign_access_token,
};
pub use trigger::{Trigger, TriggerKind};
