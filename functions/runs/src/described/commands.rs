//! Commands that wait for a Runner.

use schemars::JsonSchema;

use super::Envelope;

/// Commands that wait for a Runner.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "described, never made")]
pub(crate) struct Commands {
    /// The oldest first.
    commands: Vec<Waiting>,
    /// When to ask again, in seconds.
    poll_after_s: u32,
}

/// A command that waits.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "described, never made")]
pub(crate) struct Waiting {
    /// The command.
    #[schemars(example = &"cmd_01fwhe4ydgfk1shh6w1g60eecf")]
    id: String,
    /// The signed command.
    envelope: Envelope,
}

/// What became of a command.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "described, never made")]
pub(crate) struct Concluded {
    /// `answered` or `refused`.
    #[schemars(example = &"answered")]
    state: String,
}
