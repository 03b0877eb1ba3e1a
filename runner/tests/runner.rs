//! The Runner from outside: its command line, and a control plane made of the protocol alone.

#[cfg(test)]
#[path = "runner/control_plane.rs"]
mod control_plane;
#[cfg(test)]
#[path = "runner/drilldowns.rs"]
mod drilldowns;
#[cfg(test)]
#[path = "runner/enrolling.rs"]
mod enrolling;
#[cfg(test)]
#[path = "runner/log.rs"]
mod log;
#[cfg(test)]
#[path = "runner/offline.rs"]
mod offline;
#[cfg(test)]
#[path = "runner/publishing.rs"]
mod publishing;
#[cfg(test)]
#[path = "runner/refusals.rs"]
mod refusals;
#[cfg(test)]
#[path = "runner/rotation.rs"]
mod rotation;
#[cfg(test)]
#[path = "runner/site.rs"]
mod site;
#[cfg(test)]
#[path = "runner/witnessing.rs"]
mod witnessing;
