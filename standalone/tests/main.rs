//! The program from outside, one concern a module.

#[path = "apps/caller.rs"]
mod caller;
#[path = "apps/tiny.rs"]
mod tiny;

mod client;
mod command;
mod crash;
mod crash_runner;
mod demo;
mod packages;
mod passphrase;
mod promises;
mod publishers;
mod serve;
mod witness;
