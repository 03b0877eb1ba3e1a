//! Ingestion: what makes a Runner's statement count, once it is known that the Runner signed it.
//!
//! A statement that its Runner signed holds its place in the Runner's chain whatever it says: what is wrong with it is
//! recorded beside it, so that nothing is lost and no gap stays open. A second statement for the same place, or one that
//! contradicts its neighbour, never replaces anything.

mod chain;
mod standing;

pub use chain::{Chain, Contradiction, Link, Place, Segment};
pub use standing::{
    CheckFact, Flaw, IngestError, LATE_MAX, SKEW_MAX, Standing, TimeStanding, UNTRUSTED_MIN,
    Verification, time_standing,
};
