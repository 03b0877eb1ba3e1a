//! Packages, hosted as the Azure Functions host does it: checklist B of the host's contract.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "clippy takes what is outside a #[test] for production code"
)]

mod events;
mod hosted;
mod http;
mod life;
mod pack;
mod work;
