//! What stands in for time, chance and bad luck, so that a test decides all three.

mod between;
mod clock;
mod faulty;
mod randomness;
mod receipted;
mod recorder;

pub use between::{Asked, Between, Through};
pub use clock::ManualClock;
pub use faulty::{Counts, Fault, Faults, Faulty};
pub use randomness::SeededRandomness;
pub use receipted::{Receipted, Receipts};
pub use recorder::{Recorder, Right};
