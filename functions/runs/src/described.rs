//! What Runners send and are answered, as the API description shows it. The messages themselves are `protocol`'s, which knows no description.

mod commands;
mod enrolment;
mod events;
mod heads;

use schemars::JsonSchema;

pub(crate) use commands::{Commands, Concluded};
pub(crate) use enrolment::{Enrolled, Enrolment, Standing};
pub(crate) use events::{Event, Receipts, Taken};
pub(crate) use heads::{Alarmed, Cosignature, Cosigned, Shown};

/// A signed message (DSSE).
#[derive(JsonSchema)]
#[expect(dead_code, reason = "described, never made")]
pub(crate) struct Envelope {
    /// The signed bytes, in base64.
    #[schemars(example = &"eyJ2IjoxfQ==")]
    payload: String,
    /// What they are.
    #[schemars(rename = "payloadType", example = &"application/vnd.proofline.procedure+json")]
    payload_type: String,
    /// 1 to 8 signatures over the payload and its type.
    signatures: Vec<Signature>,
}

/// One signature of an envelope.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "described, never made")]
pub(crate) struct Signature {
    /// The thumbprint of the key (RFC 7638).
    #[schemars(example = &"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")]
    keyid: String,
    /// The signature, in base64.
    #[schemars(
        example = &"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="
    )]
    sig: String,
}

/// A public key (RFC 7517): Ed25519 of RFC 8037, or P-256.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "described, never made")]
pub(crate) struct Jwk {
    /// `Ed25519` or `P-256`.
    #[schemars(example = &"Ed25519")]
    crv: String,
    /// `OKP` or `EC`.
    #[schemars(example = &"OKP")]
    kty: String,
    /// The coordinate, in base64url.
    #[schemars(example = &"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")]
    x: String,
}

const DIGEST: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
const NOTE: &str = "control.example/log/ten_01fwhe4ydgfk1shh6w1g60eecf\n7\nn4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=\n\n— control.example/log/ten_01fwhe4ydgfk1shh6w1g60eecf AAAAAAAAAAAAAAAA\n";

#[cfg(test)]
mod tests;
