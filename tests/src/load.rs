//! Load: a synthetic customer and synthetic Runners that speak the real protocol, over HTTP, to a running `proofline serve`.
//!
//! In scope: starting and killing the server as a process, coming in as an owner, enrolling Runners, making and sending signed statements,
//! remembering what was acknowledged, and comparing it with what is there.
//! Out of scope: what the Runner executes and keeps (`runner`); a synthetic one has a key, a counter and the digest of its last statement.

mod connection;
mod customer;
mod exported;
mod in_process;
mod ledger;
mod member;
mod sending;
mod server;
mod synthetic_runner;

pub use connection::{Connection, Outgoing, call};
pub use customer::{Customer, CustomerKeys, PROCEDURE};
pub use exported::{Exported, pinned_policy};
pub use ledger::{Acknowledged, Door, Ledger, assert_logged_once};
pub use member::{Member, invitations, invite};
pub use sending::{Burst, send_all};
pub use server::{Layout, Server, cpu_time};
pub use synthetic_runner::{Said, SyntheticRunner};
