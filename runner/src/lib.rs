//! The customer's Runner: executes signed procedures, keeps raw evidence, answers signed requests.
//!
//! In scope: the command line ([`Args`], [`execute`]), the Runner's directory and keys, admission of signed procedures, connectors, the
//! vault, statements, publishing, receipts, drill-downs, witnessing the audit log. It trusts what the customer signed or listed in `trust.toml`; the control plane
//! can ask for that and for nothing else.
//!
//! Out of scope: what is signed and how (`protocol`), what an expression says (`check`), what a score is (`domain`).

mod admission;
mod args;
mod attestation;
mod cli;
mod connector;
mod control_plane;
mod enrolment;
mod execution;
mod exit;
mod file_digest;
mod home;
mod http_client;
mod judge;
mod moment;
mod obedience;
mod progress;
mod report;
mod vault;
mod verification;
mod witness;

pub use args::Args;
pub use cli::execute;
pub use connector::{PRIVILEGES, Privileges};
