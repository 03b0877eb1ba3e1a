//! The signer at work: what it is woken for, what it wrote, and what is refused once it has refused a log.

use std::sync::Arc;

use axum::{body::Body, http::Request};
use chain::{checkpoint::Checkpoint, note::Note};
use domain::TenantId;
use ports::{Blobs, Bucket, Identity, StoredBlob};
use serde_json::json;
use store::SignedHead;

use crate::world::{Answer, World};

/// The blobs, as the app of audit may read them.
pub fn blobs(world: &World) -> Arc<dyn Blobs> {
    world.store.ports(Identity::Audit).blobs
}

/// A blob, if it is there.
pub async fn blob(world: &World, bucket: Bucket, name: &str) -> Option<StoredBlob> {
    blobs(world).get(bucket, name).await.unwrap()
}

/// What is signed of a tenant's log.
pub async fn signed(world: &World, tenant: TenantId) -> SignedHead {
    SignedHead::read(&*blobs(world), tenant).await.unwrap().unwrap().0
}

/// The checkpoint of a note.
pub fn head(note: &str) -> Checkpoint {
    Checkpoint::parse(Note::parse(note.as_bytes()).unwrap().text).unwrap()
}

/// Wakes the signer for a tenant's log.
pub async fn sign(world: &World, tenant: TenantId) -> Answer {
    let quoted = serde_json::to_string(&tenant.to_string()).unwrap();
    world.invoke("sign_checkpoint", &json!({"Data": {"message": quoted}})).await
}

/// A round of the directory.
pub async fn sign_directory(world: &World) -> Answer {
    world.invoke("sign_directory", &json!({"Data": {"timer": {}}})).await
}

/// Adds rows as one that reads the log does: each reading is a row.
pub async fn grow(world: &World, access: &str, rows: usize) {
    for _ in 0..rows {
        let path = "/api/audit/v1/audit/events?limit=1";
        assert_eq!(world.call("GET", path, Some(access), None).await.status, 200);
    }
    world.settle().await;
    // Wake-ups are as rare as they are allowed to be; the sweep finds what they left.
    let swept = world.invoke("sweep_intents", &json!({"Data": {"timer": {}}})).await;
    assert_eq!(swept.status, 200);
    world.drain().await;
}

/// Seals what a tenant's events left behind.
pub async fn seal(world: &World, tenant: TenantId) {
    let quoted = serde_json::to_string(&tenant.to_string()).unwrap();
    let sealed = world.invoke("seal_intents", &json!({"Data": {"message": quoted}})).await;
    assert_eq!(sealed.status, 200);
}

/// The rows of an epoch of the log, as the database has them.
pub async fn rows_of(world: &World, tenant: TenantId, epoch: u64) -> Vec<String> {
    #[expect(clippy::disallowed_methods, reason = "a test stands in for the host")]
    let cap = store::SystemCap::mint(world.store.ports(Identity::Audit), None);
    let data = cap.partition(tenant, "test").in_epoch(epoch);
    let mut rows = Vec::new();
    while let Some(commit) = store::log::commit_at(&data, rows.len() as u64).await.unwrap() {
        rows.extend(commit.rows);
    }
    rows
}

/// An alarm is kept, and nobody is given a checkpoint or an export of such a log.
pub async fn refused_everywhere(world: &World, access: &str, tenant: TenantId, code: &str) {
    let alarm = store::Alarm::read(&*blobs(world), tenant, 0).await.unwrap().unwrap();
    assert_eq!(alarm.code, code, "{alarm:?}");
    let checkpoint = world.call("GET", "/api/audit/v1/audit/checkpoint", Some(access), None).await;
    assert_eq!((checkpoint.status.as_u16(), checkpoint.code().as_str()), (503, "log-refused"));
    // Nothing is delivered by itself, since the signer's refusal would come back as often as its message.
    world.idle(true);
    let asked = export(world, access, "export-of-a-refused-log").await;
    assert_eq!(asked.code(), "not-sealed-yet");
    seal(world, tenant).await;
    let export = export(world, access, "export-of-a-refused-log").await;
    world.idle(false);
    assert_eq!((export.status.as_u16(), export.code().as_str()), (503, "log-refused"));
}

async fn export(world: &World, access: &str, key: &str) -> Answer {
    let request = Request::post("/api/audit/v1/audit/exports")
        .header("authorization", format!("Bearer {access}"))
        .header("content-type", "application/json")
        .header("idempotency-key", key);
    world.send(request.body(Body::from("{}")).unwrap()).await
}
