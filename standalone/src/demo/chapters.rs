//! The steps of the story, one file each.

use super::bench::Bench;

/// Everything that is there once the procedure is published.
pub(super) struct Scene<'a> {
    pub(super) bench: &'a Bench,
    pub(super) running: &'a serve::Running,
    pub(super) owner: &'a owner::Owner,
    pub(super) enrolled: &'a runner::Enrolled,
    pub(super) published: &'a procedure::Published,
}

pub(super) mod clone;
pub(super) mod customer;
pub(super) mod doors;
pub(super) mod drill;
pub(super) mod inspect;
pub(super) mod owner;
pub(super) mod procedure;
pub(super) mod run;
pub(super) mod runner;
pub(super) mod serve;
pub(super) mod witness;
