//! The system from outside.

pub mod closing;
pub mod conformance;
pub mod contract;
pub mod doubles;
pub mod ended;
pub mod judging;
pub mod load;
pub mod long_log;
pub mod people;
pub mod pinned;
pub mod purging;
pub mod record_keys;
pub mod rotating;
pub mod sign_up;
pub mod signing;
pub mod storm;
pub mod story;
pub mod tampering;
pub mod tree;
pub mod visiting;
pub mod world;
pub mod writing;
