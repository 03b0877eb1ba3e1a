//! Where Runners call the control plane, and what it answers. All under one base path, in JSON.
//!
//! Answers are not signed as a whole, only what they carry in envelopes is; unknown members are passed over, so that
//! a newer control plane can say more to an older Runner.

use domain::{CommandId, RunnerId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{dsse::Envelope, key::Jwk};

/// `POST`: [`crate::enrolment::EnrolRequest`] → [`crate::enrolment::EnrolAnswer`]. Public: the token is the credential.
pub const ENROL: &str = "/api/runs/v1/runners/enrol";
/// `GET`: [`ConfigAnswer`].
pub const CONFIG: &str = "/api/runs/v1/runner/config";
/// `GET` with the digest appended: the procedure's envelope.
pub const BUNDLES: &str = "/api/runs/v1/runner/bundles/";
/// `POST` of one event or a batch: [`EventsAnswer`].
pub const EVENTS: &str = "/api/runs/v1/runner/events";
/// `GET` with `?after=<sequence>`: [`ReceiptsAnswer`].
pub const RECEIPTS: &str = "/api/runs/v1/runner/receipts";
/// `GET` with `?wait=<seconds>`: [`CommandsAnswer`].
pub const COMMANDS: &str = "/api/runs/v1/runner/commands";
/// `GET` with `?from=<size>`: [`crate::witness::CheckpointAnswer`].
pub const WITNESS_CHECKPOINT: &str = "/api/runs/v1/witness/checkpoint";
/// `POST` of a [`crate::witness::CosignedHead`].
pub const WITNESS_COSIGNATURES: &str = "/api/runs/v1/witness/cosignatures";
/// `POST` of an envelope of a [`crate::witness::WitnessAlarm`].
pub const WITNESS_ALARMS: &str = "/api/runs/v1/witness/alarms";
/// `GET`: [`KeysAnswer`]. Public.
pub const KEYS: &str = "/api/runs/.well-known/proofline-keys.json";
/// `GET` with `?size=<rows>&receipt=<base64url, without padding, of the receipt's envelope in JSON>`, or `&promise=<the same of a line of an
/// answer's head>`: [`crate::witness::PromisedRow`], or the problem `search-unfinished` with `next`, for `&from=`. Public: receipt and line are
/// credentials.
pub const PROMISED_ROW: &str = "/api/audit/v1/audit/promised-row";

/// Names the Runner in a request: a hint to look its key up by.
pub const RUNNER_HEADER: &str = "proofline-runner";
/// Names the tenant in a request: a hint to look the Runner up by.
pub const TENANT_HEADER: &str = "proofline-tenant";
/// The media type of an envelope.
pub const ENVELOPE_MEDIA_TYPE: &str = "application/vnd.dsse+json";

/// Where the result of `command` is posted, as an envelope of a [`crate::command::CommandResult`].
pub fn result_path(command: CommandId) -> String {
    format!("{COMMANDS}/{command}/result")
}

/// What a Runner is to the control plane.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunnerState {
    /// It enrolled; a person has to compare the six words and approve it.
    AwaitingApproval,
    /// It counts.
    Active,
    /// It contradicted itself: its statements are kept apart until a person has looked.
    Quarantined,
    /// It no longer counts.
    Revoked,
}

/// With which keys the control plane signs: for anybody who knows the thumbprint of its root key.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct KeysAnswer {
    /// The control plane's keys ([`crate::keyset::ControlPlaneKeys`]), signed by its root key.
    pub keyset: Envelope,
    /// The root key; it counts if its thumbprint is the pinned one.
    pub root_jwk: Jwk,
}

/// How a Runner stands, and with which keys the control plane signs.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ConfigAnswer {
    /// The Runner.
    pub runner: RunnerId,
    /// How it stands.
    pub state: RunnerState,
    /// The control plane's keys ([`crate::keyset::ControlPlaneKeys`]), signed by its root key.
    pub keyset: Envelope,
    /// The root key; it counts if its thumbprint is the pinned one.
    pub root_jwk: Jwk,
    /// When to ask again, in seconds.
    pub poll_after_s: u32,
    /// The control plane's clock.
    pub server_time: Timestamp,
}

/// What became of each event.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct EventsAnswer {
    /// One for each event, in their order.
    pub results: Vec<EventResult>,
    /// The lowest sequence number that is missing.
    pub next_expected_sequence: u64,
    /// Ranges that are missing below the highest that is known, both ends included.
    pub missing: Vec<(u64, u64)>,
}

/// What became of one event.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct EventResult {
    /// The event's id as it came; empty when it had none.
    pub id: String,
    /// What became of it.
    pub status: EventStatus,
    /// Why, when it was not accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The receipt ([`crate::receipt::Receipt`]), when it is held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Envelope>,
}

/// What became of an event.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EventStatus {
    /// It is held durably.
    Accepted,
    /// It was held before; the receipt is the one that it had.
    Duplicate,
    /// It is not to be believed.
    Rejected,
    /// Another statement holds its place.
    Conflict,
    /// Not now: it is not held, and may be sent again later.
    Deferred,
}

/// Receipts that a Runner may have missed.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ReceiptsAnswer {
    /// In the order of their sequence numbers.
    pub receipts: Vec<Envelope>,
}

/// Commands that wait for a Runner.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct CommandsAnswer {
    /// The oldest first.
    pub commands: Vec<WaitingCommand>,
    /// When to ask again, in seconds.
    pub poll_after_s: u32,
}

/// A command that waits.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct WaitingCommand {
    /// The command, as its carrier names it.
    pub id: CommandId,
    /// The signed [`crate::command::Command`].
    pub envelope: Envelope,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Written by hand from the wire contract.
    #[test]
    fn answers_are_read_as_the_wire_contract_says_and_more_is_passed_over() {
        let answer: EventsAnswer = serde_json::from_value(json!({
            "results": [
                {"id": "00000000000000000001", "status": "accepted"},
                {"id": "", "status": "rejected", "code": "validation"},
                {"id": "00000000000000000002", "status": "conflict", "code": "event-id-conflict"},
                {"id": "00000000000000000003", "status": "duplicate", "later": 1},
            ],
            "next_expected_sequence": 4,
            "missing": [[7, 9]],
            "later": true,
        }))
        .unwrap();
        assert_eq!(answer.results[1].status, EventStatus::Rejected);
        assert_eq!(answer.results[2].code.as_deref(), Some("event-id-conflict"));
        assert_eq!((answer.next_expected_sequence, answer.missing), (4, vec![(7, 9)]));
        let state = serde_json::to_value(RunnerState::AwaitingApproval).unwrap();
        assert_eq!(state, "awaiting_approval");
        let command = CommandId::from_u128(8);
        let path = "/api/runs/v1/runner/commands/cmd_00000000000000000000000008/result";
        assert_eq!(result_path(command), path);
    }
}
