//! The steps of the story, one file each.

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
