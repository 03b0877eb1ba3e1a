//! What is tried on a log and its exports, one way of trying a module.

mod attacks;
mod flips;
mod mutants;
mod other_trees;
mod pieces;
mod second_verifier;
