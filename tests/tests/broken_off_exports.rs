//! Whoever lays out an export is killed before its file is stored, or before he knows that it is: asked again, the export is made, and what it
//! left of the tenant's rows is gone when its time is over.

use std::{
    ops::Range,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use axum::{body::Body, http::Request};
use chain::Hash;
use domain::{Plan, Role};
use ports::{BlobError, Blobs, Bucket, Etag, NewBlob, StoredBlob};
use serde_json::json;
use system_tests::{
    people::Person,
    purging::{DAY, again, sweep},
    world::{Answer, World},
};

const EXPORTS: &str = "/api/audit/v1/audit/exports";

/// What becomes of a file whose writer gets no answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fate {
    Lost,
    Stored,
    /// Its writer lives on, and stores it when somebody else has made the export.
    StoredLate,
}

/// Blobs of which the next one in pieces is stored without an answer.
#[derive(Clone)]
struct BreakingOff {
    inner: Arc<dyn Blobs>,
    breaks: Arc<AtomicBool>,
    fate: Fate,
    late: Arc<Mutex<Option<Box<dyn NewBlob>>>>,
}

struct BreakingOffBlob {
    inner: Box<dyn NewBlob>,
    blobs: BreakingOff,
}

#[async_trait]
impl Blobs for BreakingOff {
    async fn get(&self, bucket: Bucket, name: &str) -> Result<Option<StoredBlob>, BlobError> {
        self.inner.get(bucket, name).await
    }

    async fn get_range(
        &self,
        bucket: Bucket,
        name: &str,
        range: Range<u64>,
    ) -> Result<Option<Vec<u8>>, BlobError> {
        self.inner.get_range(bucket, name, range).await
    }

    async fn put(
        &self,
        bucket: Bucket,
        name: &str,
        bytes: &[u8],
        expected: Option<&Etag>,
    ) -> Result<Etag, BlobError> {
        self.inner.put(bucket, name, bytes, expected).await
    }

    async fn begin(&self, bucket: Bucket, name: &str) -> Result<Box<dyn NewBlob>, BlobError> {
        let inner = self.inner.begin(bucket, name).await?;
        Ok(Box::new(BreakingOffBlob { inner, blobs: self.clone() }))
    }
}

#[async_trait]
impl NewBlob for BreakingOffBlob {
    async fn append(&mut self, bytes: Vec<u8>) -> Result<(), BlobError> {
        self.inner.append(bytes).await
    }

    async fn store(self: Box<Self>) -> Result<Etag, BlobError> {
        let Self { inner, blobs } = *self;
        if !blobs.breaks.swap(false, Ordering::SeqCst) {
            return inner.store().await;
        }
        match blobs.fate {
            Fate::Lost => {}
            Fate::Stored => drop(inner.store().await?),
            Fate::StoredLate => *blobs.late.lock().unwrap() = Some(inner),
        }
        Err(BlobError::Unavailable("a test's fault".to_owned()))
    }
}

async fn ask(world: &World, owner: &Person) -> Answer {
    let request = Request::post(EXPORTS)
        .header("authorization", format!("Bearer {}", owner.token))
        .header("content-type", "application/json")
        .header("idempotency-key", "one-key-for-both-times");
    world.send(request.body(Body::from("{}")).unwrap()).await
}

#[tokio::test]
async fn an_export_that_was_broken_off_is_made_when_it_is_asked_for_again() {
    for fate in [Fate::Lost, Fate::Stored, Fate::StoredLate] {
        let (breaks, late) = (Arc::new(AtomicBool::new(true)), Arc::default());
        let world = World::with_ports(|mut ports| {
            let (inner, breaks) = (Arc::clone(&ports.blobs), Arc::clone(&breaks));
            ports.blobs = Arc::new(BreakingOff { inner, breaks, fate, late: Arc::clone(&late) });
            ports
        })
        .await;
        let tenant = world.tenant(Plan::Enterprise).await;
        let owner = world.person(tenant, Role::Owner).await;
        let refused = ask(&world, &owner).await;
        let expected = (503, "dependency-unavailable");
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), expected);
        assert!(!breaks.load(Ordering::SeqCst), "it was broken off");
        let made = ask(&world, &owner).await;
        assert_eq!(made.status, 201, "{}", made.json());
        let made = made.json();
        assert_eq!(ask(&world, &owner).await.json(), made, "and is made once");
        let path = format!("{EXPORTS}/{}/content", made["export"].as_str().unwrap());
        let file = world.call("GET", &path, Some(&owner.token), None).await;
        assert_eq!((file.status.as_u16(), &file.json()), (200, &json!(null)));
        assert_eq!(made["sha256"], Hash::of(&file.bytes).to_string());
        let late = late.lock().unwrap().take();
        let expected = 1 + usize::from(late.is_some());
        if let Some(late) = late {
            late.store().await.unwrap();
        }
        let folder = world.data().join("blobs/exports");
        assert_eq!(files(&folder).len(), expected, "{fate:?}");
        world.clock.advance(DAY * 91);
        sweep(&world, &again(&world, &owner).await).await;
        assert_eq!(files(&folder), Vec::<PathBuf>::new(), "{fate:?}");
    }
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let below = |path: PathBuf| if path.is_dir() { files(&path) } else { vec![path] };
    entries.flat_map(below).collect()
}
