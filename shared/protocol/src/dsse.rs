//! Signed envelopes: DSSE v1 (<https://github.com/secure-systems-lab/dsse/blob/v1.0.2/protocol.md>).
//!
//! What is signed is the payload's bytes and their type, never a re-serialised reading of them. A payload is read
//! only after it was verified.

mod envelope;
mod payload_type;
mod verifying;

pub use envelope::{Envelope, SignError, Signature};
pub use payload_type::{Payload, PayloadType};
pub use verifying::{EnvelopeError, Verified, open, pae, verify};

/// The most signatures on one envelope.
pub const SIGNATURES_MAX: usize = 8;
/// The longest payload, in bytes: 256 KiB.
pub const PAYLOAD_MAX: usize = 256 * 1024;
/// The longest envelope in JSON, in bytes: base64 of the longest payload (349 528), and room for types and signatures.
pub const ENVELOPE_MAX: usize = 360 * 1024;

#[cfg(test)]
mod tests;
