//! What a Runner is answered, as the API description shows it. The message itself is `protocol`'s, which knows no description.

use schemars::JsonSchema;

/// The row that was promised, and the proof that it is in the log of the size that was asked for.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "described, never made")]
pub(crate) struct PromisedRow {
    /// Its exact bytes.
    #[schemars(example = &"{\"act\":{\"id\":\"rnr_01fwhe4ydgfk1shh6w1g60eecf\",\"kind\":\"runner\"}}")]
    row: String,
    /// Its number.
    #[schemars(example = 7)]
    index: u64,
    /// The inclusion proof, leaf end first (RFC 9162 §2.1.3.1), in hexadecimal.
    #[schemars(example = ["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"])]
    proof: Vec<String>,
}

#[cfg(test)]
mod tests {
    use crate::read_promised_row::ENDPOINT;

    /// What the description shows is what the Runner's own code reads.
    #[test]
    fn what_is_described_is_what_runners_read() {
        let whole = web::openapi("audit", &[&ENDPOINT]);
        let answers = &whole["paths"]["/api/audit/v1/audit/promised-row"]["get"]["responses"];
        let example = answers["200"]["content"]["application/json"]["example"].clone();
        let read = serde_json::from_value::<protocol::witness::PromisedRow>(example.clone());
        assert!(read.is_ok(), "{:?}: {example:#}", read.err());
    }
}
