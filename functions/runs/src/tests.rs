//! The app from outside: over a real store, with a clock and randomness that a test decides.

mod asking;
mod bad_input;
mod customer;
mod drilldowns;
mod enrolment;
mod event_grid;
mod field_runner;
mod ingestion;
mod procedures;
mod quota;
mod witnessing;
mod world;
