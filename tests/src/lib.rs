//! The system from outside.

pub mod conformance;
pub mod contract;
pub mod doubles;
pub mod load;
pub mod people;
pub mod sign_up;
pub mod story;
pub mod tree;
pub mod world;
