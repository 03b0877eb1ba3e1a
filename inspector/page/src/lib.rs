//! The offline verifier inside a page: the rules of [`chain::verify`], called from JavaScript.
//!
//! In scope: what the page shows, as JSON ([`describe`]), and how JavaScript hands over an export piece by piece ([`mod@exports`]).
//! Out of scope: every rule of verification (`chain`), what the page looks like (`parts/`), how the page is put together
//! (`cargo xtask verify-page`).

mod answer;
pub mod exports;

pub use answer::{describe, policy};
