//! How intents become rows, as a model: every order of events is tried, with a crash at every step.
//!
//! In scope: writers that number and commit intents, storage that creates or refuses and loses answers, sealers that race, the timer of
//! what is missing, the signer. What a commit holds, which numbers were sealed and what follows from what is decided by the crate `chain`
//! itself, so that the model cannot differ from the product there; the steps around it are those of `store` and `audit`.
//! Out of scope: bytes on the wire, rights, more than one tenant: they share nothing.

mod action;
mod archive;
mod calm;
mod network;
pub mod promises;
mod protocol;
mod rule;
mod scenario;
mod sealer;
mod signer;
mod state;
mod writer;

pub use action::{Action, Fate};
pub use protocol::Protocol;
pub use rule::Rule;
pub use scenario::{Budget, Scenario};
pub use state::State;
