//! The offline verifier of exported audit logs: `audit-verify PATH --policy FILE`, and `proofline verify`.
//!
//! In scope: reading two files, saying what was found, and the exit status.
//! Out of scope: every rule of verification, which is [`chain::verify`]; there is no network, no clock and no setting.

mod command;
mod reading;
mod text;

pub use command::{Args, execute, run};
