//! What an inspector pins of a tenant's log, and the file that is held against it.

use axum::http::StatusCode;
use chain::{ecdsa::EcdsaKey, note::VerifierKey, policy::Policy};
use domain::TenantId;
use ed25519_dalek::VerifyingKey;
use ports::{Identity, KeyPurpose, Ports};
use protocol::key::Jwk;
use serde_json::Value;
use store::PublicKeys;

use crate::world::{DEPLOYMENT, World};

/// What an inspector pinned who was there when the log began: its first key, and that of exports; and the lines in `more`.
pub async fn first_policy(world: &World, tenant: TenantId, more: &str) -> Policy {
    first_policy_of(&world.store.ports(Identity::Audit), tenant, more).await
}

/// The same, of a deployment whose store `audit` reaches through these ports.
pub async fn first_policy_of(audit: &Ports, tenant: TenantId, more: &str) -> Policy {
    let origin = format!("{DEPLOYMENT}/log/{tenant}");
    policy(audit, tenant, &origin, (&origin, 1), more).await
}

/// What an inspector pins of the log that is called `origin` now: its key by name and version, that of exports, and the lines in `more`.
pub async fn policy(
    audit: &Ports,
    tenant: TenantId,
    origin: &str,
    (name, version): (&str, u32),
    more: &str,
) -> Policy {
    let keys = PublicKeys::read(audit).await.unwrap();
    let log = named(name, keys.version(KeyPurpose::Checkpoint, version));
    let exports = format!("{DEPLOYMENT}/log/{tenant}/export");
    let export = named(&exports, keys.jwk(KeyPurpose::Export));
    format!("origin {origin}\nlog {log}\nexport {export}\n{more}").parse().unwrap()
}

fn named(name: &str, key: Option<&Jwk>) -> VerifierKey {
    let Some(Jwk::Ed25519(bytes)) = key else { panic!("{key:?}") };
    VerifierKey::new(name, VerifyingKey::from_bytes(bytes).unwrap()).unwrap()
}

/// The key that signs heads of the directory.
pub async fn directory_key(world: &World) -> EcdsaKey {
    let keys = world.store.ports(Identity::Signer).keys;
    let key = keys.public(KeyPurpose::Directory).await.unwrap();
    EcdsaKey::new(&format!("{DEPLOYMENT}/directory"), &key.x, &key.y).unwrap()
}

/// The file of an export that the holder of this access token asks for.
pub async fn export(world: &World, token: &str, asked: &Value) -> Vec<u8> {
    let exports = "/api/audit/v1/audit/exports";
    let made = world.call("POST", exports, Some(token), Some(asked)).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.json());
    let path = format!("{exports}/{}/content", made.json()["export"].as_str().unwrap());
    world.call("GET", &path, Some(token), None).await.bytes
}
