//! What each connector needs and touches, for the person who grants it.

use domain::procedure::ConnectorKind;

/// What a connector needs and touches.
#[derive(Clone, Copy, Debug)]
pub struct Privileges {
    /// The connector.
    pub connector: ConnectorKind,
    /// What it reads.
    pub reads: &'static str,
    /// What it starts.
    pub starts: &'static str,
    /// Where it connects.
    pub connects: &'static str,
    /// What it writes outside the Runner's own directory.
    pub writes: &'static str,
    /// Which entry of `trust.toml` allows it.
    pub allowed_by: &'static str,
}

/// The privileges of every connector.
pub const PRIVILEGES: [Privileges; 4] = [
    Privileges {
        connector: ConnectorKind::File,
        reads: "the one file that the step names, never through a symbolic link; as the Runner's user",
        starts: "nothing",
        connects: "nowhere",
        writes: "nothing",
        allowed_by: "connectors.allow",
    },
    Privileges {
        connector: ConnectorKind::Command,
        reads: "what the program reads; as the Runner's user",
        starts: "the one program that the step names, without a shell, with an empty environment",
        connects: "where the program connects",
        writes: "what the program writes; its directory is a new empty one",
        allowed_by: "connectors.allow, and commands.allow by path, digest and arguments",
    },
    Privileges {
        connector: ConnectorKind::Http,
        reads: "one answer to one GET, without redirects",
        starts: "nothing",
        connects: "the one host and port of the address, resolved once",
        writes: "nothing",
        allowed_by: "connectors.allow, and egress.allow by host and port",
    },
    Privileges {
        connector: ConnectorKind::Tls,
        reads: "one handshake, and the file of trusted roots",
        starts: "nothing",
        connects: "the one host and port that the step names, resolved once",
        writes: "nothing",
        allowed_by: "connectors.allow, and egress.allow by host and port",
    },
];
