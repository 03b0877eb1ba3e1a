//! Reads a procedure from text, and evaluates the expression of a check over what a step collected (pure).
//!
//! An expression is CEL (the Common Expression Language) over `value`, what was collected, and `now`, the time of the
//! run in seconds since 1970. It yields true (pass) or false (fail); everything else is an error or inconclusive, never
//! a pass. The same expression over the same value at the same time yields the same verdict, everywhere.
//!
//! In scope: expressions and their limits, fixtures, YAML. Out of scope: the structure of a procedure and the score
//! (`domain`), signatures (`protocol`), collecting (`runner`).

mod cost;
mod expression;
mod lint;
mod names;
mod verdict;
mod yaml;

pub use expression::{CompileError, Expression};
pub use lint::{FIXTURE_NOW_S, ProcedureError, lint, read_procedure};
pub use verdict::Verdict;
pub use yaml::{PROCEDURE_BYTES_MAX, YamlError, procedure_from_yaml, value_from_yaml};
