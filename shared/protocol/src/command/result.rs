//! What a Runner made of a command.

use domain::CommandId;
use serde::{Deserialize, Serialize};

use super::RefusalCode;
use crate::{
    Base64, Digest, V1,
    dsse::{Payload, PayloadType},
};

/// What a Runner made of a command, signed by it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CommandResult {
    /// Always 1.
    pub v: V1,
    /// The command.
    pub command: CommandId,
    /// How it ended.
    pub outcome: CommandOutcome,
    /// Why it was refused or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<RefusalCode>,
    /// What was answered: for a drill-down the SHA-256 of the viewer's signature base; for a run, or where that base
    /// could not be made, the SHA-256 of the command's payload bytes.
    pub request_sha256: Digest,
    /// For a drill-down that was done: the answer, sealed to the viewer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<Base64>,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CommandOutcome {
    /// It was obeyed.
    Done,
    /// The Runner's rules forbid it.
    Refused,
    /// It was tried.
    Failed,
}

impl Payload for CommandResult {
    const TYPE: PayloadType = PayloadType::CommandResult;
}
