//! Heads of the tenant's log, as Runners see and cosign them, and alarms about them.

use schemars::JsonSchema;

use super::{DIGEST, NOTE};

/// What became of an alarm.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "described, never made")]
pub(crate) struct Alarmed {
    /// SHA-256 of the alarm that is kept.
    #[schemars(example = DIGEST)]
    alarm: String,
}

/// The last head of the tenant's log.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "described, never made")]
pub(crate) struct Shown {
    /// The checkpoint as the log signed it (C2SP tlog-checkpoint).
    #[schemars(example = NOTE)]
    checkpoint: String,
    /// Which epoch of the log it is of.
    #[schemars(example = 0)]
    epoch: u64,
    /// The consistency proof from the size that was asked for (RFC 9162 §2.1.4.1), in hexadecimal.
    #[schemars(example = [DIGEST])]
    proof: Vec<String>,
    /// How the log goes on, when the epoch that was asked for ended as planned.
    next: Option<Next>,
}

/// The epoch that follows one which ended as planned.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "described, never made")]
pub(crate) struct Next {
    /// A checkpoint of it, as the log signed it.
    #[schemars(example = NOTE)]
    checkpoint: String,
    /// The exact bytes of its row 0, which shows how the epoch before ended.
    #[schemars(example = "{…}")]
    row: String,
    /// That this is row 0 under the checkpoint (RFC 9162 §2.1.3.1), in hexadecimal, leaf end first.
    #[schemars(example = [DIGEST])]
    proof: Vec<String>,
}

/// A head as the Runner cosigned it.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "described, never made")]
pub(crate) struct Cosignature {
    /// The checkpoint as the log signed it, with no line but the log's own.
    #[schemars(example = NOTE)]
    checkpoint: String,
    /// The line of the Runner's witness key (C2SP tlog-cosignature); ends in a newline.
    #[schemars(
        example = &"— control.example/witness/ten_01fwhe4ydgfk1shh6w1g60eecf/ams-1 AAAAAAAAAAAAAAAA\n"
    )]
    cosignature: String,
}

/// How many rows are witnessed now.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "described, never made")]
pub(crate) struct Cosigned {
    /// By this Runner.
    #[schemars(example = 7)]
    size: u64,
}
