//! How a Runner comes in, and how it stands.

use std::collections::BTreeMap;

use schemars::JsonSchema;

use super::{DIGEST, Envelope, Jwk};

/// A Runner introduces itself; the whole is signed by its new key as `proof`.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "described, never made")]
pub(crate) struct Enrolment {
    /// `pfl_enr_…`, as an owner of the tenant was shown it.
    #[schemars(example = &"pfl_enr_tenant.enrolment.secret.root")]
    token: String,
    /// 16 random bytes in base64url: repeating a request with it repeats the answer.
    #[schemars(example = &"AAAAAAAAAAAAAAAAAAAAAA")]
    nonce: String,
    /// The Runner's name, as in its certificate.
    #[schemars(example = &"ams-1")]
    name: String,
    /// What the customer sorts Runners by; at most 16.
    labels: BTreeMap<String, String>,
    /// The operating system.
    #[schemars(example = &"linux")]
    os: String,
    /// The processor.
    #[schemars(example = &"x86_64")]
    arch: String,
    /// The Runner's version.
    #[schemars(example = &"1.0.0")]
    version: String,
    /// SHA-256 of its program.
    #[schemars(example = DIGEST)]
    binary_digest: String,
    /// SHA-256 of its trust policy.
    #[schemars(example = DIGEST)]
    trust_policy_digest: String,
    /// How it keeps the key that wraps its keys.
    #[schemars(example = &"passphrase")]
    key_storage: String,
    /// The key that it will sign with.
    sign_jwk: Jwk,
    /// The customer's certificate for that key.
    certificate: Envelope,
    /// The signature, in base64.
    #[schemars(
        example = &"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="
    )]
    proof: String,
}

/// A Runner that is in, and waits for approval.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "described, never made")]
pub(crate) struct Enrolled {
    /// What the Runner is called from now on.
    runner: String,
    /// `awaiting_approval`.
    #[schemars(example = &"awaiting_approval")]
    state: String,
    /// The six words, to be compared by a person.
    #[schemars(example = ["above", "basin", "cabin", "dance", "eagle", "fabric"])]
    words: Vec<String>,
    /// The control plane's keys, signed by its root key.
    keyset: Envelope,
    /// The root key; it counts if its thumbprint is the token's.
    root_jwk: Jwk,
}

/// How a Runner stands, and with which keys the control plane signs.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "described, never made")]
pub(crate) struct Standing {
    /// The Runner.
    runner: String,
    /// `awaiting_approval`, `active`, `quarantined` or `revoked`.
    state: String,
    /// The control plane's keys, signed by its root key.
    keyset: Envelope,
    /// The root key.
    root_jwk: Jwk,
    /// When to ask again, in seconds.
    poll_after_s: u32,
    /// The control plane's clock.
    #[schemars(example = &"2026-11-21T00:00:00.000000Z")]
    server_time: String,
}
