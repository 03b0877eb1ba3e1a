//! What stands in for time, chance and bad luck, so that a test decides all three.

mod clock;
mod faulty;
mod randomness;
mod recorder;

pub use clock::ManualClock;
pub use faulty::{Counts, Fault, Faulty};
pub use randomness::SeededRandomness;
pub use recorder::{Recorder, Right};
