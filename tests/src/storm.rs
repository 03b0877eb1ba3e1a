//! A storm: many processes on one tenant, storage that refuses, asks to slow down and loses answers, and processes that are killed.
//!
//! In scope: what a writer and a sealer do until they are done or killed, starting and killing them, the faults, and the judgement of the log at
//! the end. Any backend.
//! Out of scope: which program the processes run and what it connects to, which is each test's own.

mod crew;
mod judgement;
mod supervisor;
mod weather;

pub use crew::{Writing, event, seal, seal_rest, write};
pub use judgement::{Judgement, judge};
pub use supervisor::{Size, Supervisor};
pub use weather::{Storm, Weather};
