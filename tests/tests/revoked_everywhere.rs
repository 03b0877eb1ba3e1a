//! A session that is over is over in every app within ten seconds, and nobody is let in because storage is away: threat T35.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use domain::{Plan, Role};
use ports::{CommitError, Container, Documents, Etag, PartitionKey, Ports, StorageError, Write};
use serde_json::json;
use system_tests::{
    doubles::{Asked, Between, Through},
    people::Person,
    world::World,
};

/// A reading endpoint of each of three apps, that any owner may call.
const READS: [&str; 3] =
    ["/api/auth/v1/tenant", "/api/runs/v1/runners", "/api/audit/v1/audit/holds"];

async fn statuses(world: &World, person: &Person) -> [u16; 3] {
    let mut statuses = [0; 3];
    for (status, path) in statuses.iter_mut().zip(READS) {
        *status = world.call("GET", path, Some(&person.token), None).await.status.as_u16();
    }
    statuses
}

/// Threat T35: whoever is signed out is out of every app within ten seconds; and a change is refused at once.
#[tokio::test]
async fn whoever_is_out_is_out_of_every_app_within_ten_seconds() {
    let world = World::new().await;
    let tenant = world.tenant(Plan::Enterprise).await;
    let owner = world.person(tenant, Role::Owner).await;
    let other = world.person(tenant, Role::Owner).await;
    assert_eq!(statuses(&world, &other).await, [200; 3]);
    let path = "/api/auth/v1/sessions";
    let done = world.call("DELETE", path, Some(&other.token), Some(&json!({}))).await;
    assert!(done.status.is_success(), "{} {}", done.status, done.json());
    let (path, enrolment) = ("/api/runs/v1/runners/enrolments", json!({"name": "a-runner"}));
    let refused = world.call("POST", path, Some(&other.token), Some(&enrolment)).await;
    assert_eq!(refused.status.as_u16(), 401, "at once");
    world.clock.advance(Duration::from_secs(10));
    assert_eq!(statuses(&world, &other).await, [401; 3]);
    assert_eq!(statuses(&world, &owner).await, [200; 3]);
}

/// Documents that can go away.
struct Away {
    inner: Arc<dyn Documents>,
    is_away: Arc<AtomicBool>,
}

impl Away {
    fn check(&self) -> Result<(), StorageError> {
        let is_away = self.is_away.load(Ordering::SeqCst);
        if is_away { Err(StorageError::Unavailable("away".to_owned())) } else { Ok(()) }
    }
}

#[async_trait]
impl Between for Away {
    fn inner(&self) -> &dyn Documents {
        &*self.inner
    }

    fn before(&self, _: Asked) -> Result<(), StorageError> {
        self.check()
    }

    async fn commit(
        &self,
        container: Container,
        partition: &PartitionKey,
        writes: Vec<Write>,
    ) -> Result<Vec<Etag>, CommitError> {
        self.check()?;
        self.inner.commit(container, partition, writes).await
    }
}

/// Threat T35: without storage nobody is known, and nobody gets in.
#[tokio::test]
async fn without_storage_nobody_is_let_in() {
    let is_away = Arc::new(AtomicBool::new(false));
    let wrap = |ports: Ports| {
        let (inner, is_away) = (ports.documents, Arc::clone(&is_away));
        Ports { documents: Arc::new(Through(Away { inner, is_away })), ..ports }
    };
    let world = World::with_ports(wrap).await;
    let tenant = world.tenant(Plan::Enterprise).await;
    let owner = world.person(tenant, Role::Owner).await;
    assert_eq!(statuses(&world, &owner).await, [200; 3]);
    is_away.store(true, Ordering::SeqCst);
    world.clock.advance(Duration::from_secs(10));
    assert_eq!(statuses(&world, &owner).await, [503; 3]);
    for (path, body) in [
        ("/api/auth/v1/users/usr_00000000000000000000000002/disable", json!({})),
        ("/api/runs/v1/runners/enrolments", json!({"name": "a-runner"})),
        ("/api/auth/v1/logins", json!({"email": "a@b.example", "password": "x"})),
    ] {
        let refused = world.call("POST", path, Some(&owner.token), Some(&body)).await;
        assert_eq!(refused.status.as_u16(), 503, "{path}: {}", refused.json());
    }
    is_away.store(false, Ordering::SeqCst);
    assert_eq!(statuses(&world, &owner).await, [200; 3]);
}

/// Documents during whose queries others go on, as with any that are somewhere else.
struct Elsewhere(Arc<dyn Documents>);

#[async_trait]
impl Between for Elsewhere {
    fn inner(&self) -> &dyn Documents {
        &*self.0
    }

    async fn pause(&self, _: Asked) {
        tokio::task::yield_now().await;
    }
}

/// Of many who come at once to an app that has no keys yet, one looks for them, and nobody is sent away meanwhile.
#[tokio::test]
async fn the_first_tokens_of_a_process_count_all_at_once() {
    let world = World::with_ports(|ports| Ports {
        documents: Arc::new(Through(Elsewhere(ports.documents))),
        ..ports
    });
    let world = world.await;
    let tenant = world.tenant(Plan::Enterprise).await;
    let owner = world.person(tenant, Role::Owner).await;
    for path in READS {
        let call = || world.call("GET", path, Some(&owner.token), None);
        let (first, second, third) = tokio::join!(call(), call(), call());
        let statuses = [first, second, third].map(|answer| answer.status.as_u16());
        assert_eq!(statuses, [200; 3], "{path}");
    }
}
