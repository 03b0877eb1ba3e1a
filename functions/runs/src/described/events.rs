//! Events with signed statements, and what became of them.

use schemars::JsonSchema;

use super::Envelope;

/// One event (`CloudEvents` 1.0) that carries a signed statement; as a batch, an array of 1 to 100.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "described, never made")]
pub(crate) struct Event {
    /// `1.0`.
    #[schemars(example = &"1.0")]
    specversion: String,
    /// The sequence number, 20 digits.
    #[schemars(example = &"00000000000000000001")]
    id: String,
    /// `urn:proofline:runner:` and the Runner.
    #[schemars(example = &"urn:proofline:runner:rnr_01fwhe4ydgfk1shh6w1g60eecf")]
    source: String,
    /// What happened.
    #[schemars(example = &"io.proofline.run.completed.v1")]
    r#type: String,
    /// The run.
    #[schemars(example = &"run_01fwhe4ydgfk1shh6w1g60eecf")]
    subject: String,
    /// When, by the Runner's clock.
    #[schemars(example = &"2026-11-21T00:00:00.000000Z")]
    time: String,
    /// `application/vnd.dsse+json`.
    #[schemars(example = &"application/vnd.dsse+json")]
    datacontenttype: String,
    /// The sequence number again, as it sorts.
    #[schemars(example = &"00000000000000000001")]
    sequence: String,
    /// When the Runner recorded it.
    #[schemars(example = &"2026-11-21T00:00:00.000000Z")]
    recordedtime: String,
    /// The tenant.
    #[schemars(example = &"ten_01fwhe4ydgfk1shh6w1g60eecf")]
    tenantid: String,
    /// The Runner.
    #[schemars(example = &"rnr_01fwhe4ydgfk1shh6w1g60eecf")]
    runnerid: String,
    /// The signed statement.
    data: Envelope,
}

/// What became of each event.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "described, never made")]
pub(crate) struct Taken {
    /// One for each event, in their order.
    results: Vec<OneTaken>,
    /// The lowest sequence number that is missing.
    next_expected_sequence: u64,
    /// Ranges that are missing below the highest that is known, both ends included.
    #[schemars(with = "Vec<Vec<u64>>", example = [[7, 9]])]
    missing: Vec<Vec<u64>>,
}

/// What became of one event.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "described, never made")]
pub(crate) struct OneTaken {
    /// The event's id as it came; empty when it had none.
    #[schemars(example = &"00000000000000000001")]
    id: String,
    /// `accepted`, `duplicate`, `rejected`, `conflict` or `deferred`.
    #[schemars(example = &"accepted")]
    status: String,
    /// Why, when it was not accepted.
    #[schemars(example = ())]
    code: Option<String>,
    /// The receipt, when it is held.
    receipt: Option<Envelope>,
}

/// Receipts that a Runner may have missed.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "described, never made")]
pub(crate) struct Receipts {
    /// In the order of their sequence numbers.
    receipts: Vec<Envelope>,
}
