//! The system from outside.

pub mod contract;
pub mod doubles;
pub mod load;
pub mod people;
pub mod sign_up;
pub mod tree;
pub mod world;
