//! What can be tried on an audit log and its exports, as data: logs of any number of rows, and the attacks on them.
//!
//! In scope: files. Out of scope: attacks on a running system's database (`system-tests`).

pub mod attacks;
pub mod made_log;
pub mod mutants;
pub mod rotated;
