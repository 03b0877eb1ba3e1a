//! Packages, hosted as the Azure Functions host does it: checklist B of the host's contract.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "clippy takes what is outside a #[test] for production code"
)]

#[path = "apps/caller.rs"]
mod caller;
#[path = "packages/events.rs"]
mod events;
#[path = "packages/hosted.rs"]
mod hosted;
#[path = "packages/http.rs"]
mod http;
#[path = "packages/life.rs"]
mod life;
#[path = "packages/pack.rs"]
mod pack;
#[path = "apps/tiny.rs"]
mod tiny;
#[path = "packages/work.rs"]
mod work;
