//! What is at rest as a key of an app and is none: its secret half belongs to another public half.

use std::sync::Arc;

use ambient::{SystemClock, SystemRandomness};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::TenantId;
use local::Store;
use ports::{Container, Identity, KeyPurpose, NewDocument, PartitionKey, Write};
use protocol::key::{Ed25519Key, Signer as _};
use serde_json::json;
use store::{KeyRecord, Keyring, KeyringError};

const PURPOSE: KeyPurpose = KeyPurpose::AuditIntent;

/// What `audit` says to a key of its intents with these two halves, which somebody wrote before it started for the first time.
async fn opened(public: [u8; 32], secret: [u8; 32]) -> Result<Keyring, KeyringError> {
    let folder = tempfile::tempdir().unwrap();
    let store =
        Store::open(folder.path(), Arc::new(SystemClock), Arc::new(SystemRandomness)).unwrap();
    let ports = store.ports(Identity::Audit);
    let record = KeyRecord {
        purpose: PURPOSE,
        public: Some(Ed25519Key::from_seed(&public).public().jwk()),
        wrapped: STANDARD.encode(ports.keys.wrap(PURPOSE, &secret).await.unwrap()),
        created_at: ports.clock.now(),
        endorsed: None,
    };
    let document = NewDocument {
        id: format!("{}-1", PURPOSE.name()),
        kind: "key".to_owned(),
        k1: None,
        k2: None,
        body: json!(record).to_string(),
        expires_at: None,
    };
    let partition = PartitionKey::new(TenantId::SYSTEM, "0");
    let write = vec![Write::Create(document)];
    ports.documents.commit(Container::Keyring, &partition, write).await.unwrap();
    Keyring::open(&ports).await
}

/// In Azure anybody who knows the public half of the wrapping key could wrap a key of his own.
#[tokio::test]
async fn a_secret_half_that_is_not_the_public_halfs_is_not_used() {
    let refused = opened([8; 32], [9; 32]).await.err();
    assert!(matches!(refused, Some(KeyringError::Exchanged("audit-intent"))), "{refused:?}");
    assert!(opened([9; 32], [9; 32]).await.is_ok());
}
