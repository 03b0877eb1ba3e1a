//! The Runner from outside: its command line, and a control plane made of the protocol alone.

#[path = "runner/control_plane.rs"]
mod control_plane;
#[path = "runner/drilldowns.rs"]
mod drilldowns;
#[path = "runner/enrolling.rs"]
mod enrolling;
#[path = "runner/offline.rs"]
mod offline;
#[path = "runner/publishing.rs"]
mod publishing;
#[path = "runner/refusals.rs"]
mod refusals;
#[path = "runner/site.rs"]
mod site;
