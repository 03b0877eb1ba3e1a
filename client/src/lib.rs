//! The command-line client of the control plane, and the library that it is made of.
//!
//! In scope: calling the public API, and the viewer's side of a drill-down, which never shows its secrets to the control plane.
//! Out of scope: the Runner's own commands (`runner`), offline verification (`inspector`).

mod api;
mod drill;

pub use api::{Api, ApiError, Problem};
pub use drill::{DrillArgs, DrillError, execute as drill};
