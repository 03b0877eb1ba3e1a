//! A customer: its authority, its two procedure signers, its viewer, and one procedure.

use domain::{TenantId, Timestamp, procedure::Procedure};
use protocol::{
    Digest, Name, V1, canonical,
    certificate::RunnerCertificate,
    dsse::{Envelope, PayloadType},
    key::{Ed25519Key, Signer},
};
use serde_json::{Value, json};

use super::world::{Person, World};

/// The keys that a customer holds.
pub(super) struct Customer {
    pub(super) authority: Ed25519Key,
    pub(super) author: Ed25519Key,
    pub(super) approver: Ed25519Key,
    pub(super) viewer: Ed25519Key,
}

pub(super) fn key(seed: u8) -> Ed25519Key {
    Ed25519Key::from_seed(&[seed; 32])
}

pub(super) fn name(text: &str) -> Name {
    text.parse().unwrap()
}

/// Two checks that weigh 3 and 1.
pub(super) const YAML: &str = "
schema: proofline-procedure/1
key: host.baseline
title: Host baseline
version: 1.0.0
revision: 1
owner: security
steps:
  - id: passwd
    title: Account file
    connector: file
    with: { path: /etc/passwd }
    checks:
      - id: mode
        title: Nobody else writes
        expr: value.mode == '0644'
        severity: high
        weight: 3
        fail_message: Set the mode to 0644.
        must_fail: { mode: '0666' }
      - id: owner
        title: It is the administrator's
        expr: value.uid == 0
        severity: low
        weight: 1
        fail_message: Give it to root.
        must_fail: { uid: 1 }
";

impl Customer {
    pub(super) fn new() -> Self {
        Self { authority: key(1), author: key(2), approver: key(3), viewer: key(4) }
    }

    pub(super) fn keys(&self) -> Value {
        let signer = |key: &Ed25519Key, role: &str| json!({"kid": key.kid(), "jwk": key.public().jwk(), "role": role});
        json!({
            "authority": self.authority.public().jwk(),
            "signers": [signer(&self.author, "author"), signer(&self.approver, "approver")],
            "threshold": 2,
        })
    }

    pub(super) async fn register(&self, world: &World, owner: &Person) {
        world.call("PUT", owner, "/v1/customer-keys", Some(self.keys())).await.ok();
    }

    /// The procedure, signed by author and approver.
    pub(super) fn sign(&self, procedure: &Procedure) -> Envelope {
        sign_with(procedure, &[&self.author, &self.approver])
    }

    pub(super) async fn publish(&self, world: &World, owner: &Person) -> Digest {
        let envelope = self.sign(&procedure());
        let published = world.post(owner, "/v1/procedures/versions", body(&envelope)).await.ok();
        published["digest"].as_str().unwrap().parse().unwrap()
    }
}

/// The seed of the witness key of the Runner that signs with `key`.
pub(super) fn witness_seed(key: &Ed25519Key) -> [u8; 32] {
    Digest::of(format!("witness of {}", key.kid())).0
}

pub(super) fn certificate(
    tenant: TenantId,
    key: &Ed25519Key,
    named: &str,
    now: Timestamp,
) -> RunnerCertificate {
    RunnerCertificate {
        v: V1,
        tenant,
        name: name(named),
        sign_kid: key.kid(),
        sign_jwk: key.public().jwk(),
        seal_jwk: None,
        witness_jwk: Some(Ed25519Key::from_seed(&witness_seed(key)).public().jwk()),
        not_before: now,
        not_after: now.plus(std::time::Duration::from_hours(24 * 365)),
    }
}

pub(super) fn procedure() -> Procedure {
    check::read_procedure(YAML).unwrap()
}

pub(super) fn sign_with(procedure: &Procedure, signers: &[&dyn Signer]) -> Envelope {
    Envelope::sign(PayloadType::Procedure, canonical::to_vec(procedure).unwrap(), signers).unwrap()
}

pub(super) fn body(message: &impl serde::Serialize) -> Value {
    serde_json::to_value(message).unwrap()
}
