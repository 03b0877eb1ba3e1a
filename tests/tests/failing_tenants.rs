//! A tenant whose data a timer cannot read: the others are served all the same, and it is once it can be.

use std::time::Duration;

use domain::{Actor, AuditEvent, EventKind, Plan, Role, Target, TenantId};
use ports::{Container, Identity, NewDocument, PartitionKey, Query, Write};
use serde_json::json;
use store::{SystemCap, log};
use system_tests::{
    world::{Answer, World},
    writing::RUNS,
};

/// The id of the first commit of a log.
const FIRST: &str = "c-000000000000";

/// Two tenants, the first of which comes first and has a log that cannot be read.
async fn scene() -> (World, TenantId, TenantId) {
    let world = World::new().await;
    let mut tenants = [world.tenant(Plan::Business).await, world.tenant(Plan::Business).await];
    tenants.sort_unstable();
    let [broken, sound] = tenants;
    let (id, kind, body) = (FIRST.to_owned(), "commit".to_owned(), "{}".to_owned());
    let document = NewDocument { id, kind, k1: None, k2: None, body, expires_at: None };
    let documents = world.store.ports(Identity::Audit).documents;
    let (key, writes) = (PartitionKey::new(broken, "0"), vec![Write::Create(document)]);
    documents.commit(Container::Log, &key, writes).await.unwrap();
    (world, broken, sound)
}

/// Makes the log readable again: it has not begun.
async fn mend(world: &World, tenant: TenantId) {
    let removal = world.store.ports(Identity::Purge).removal;
    let key = PartitionKey::new(tenant, "0");
    removal.remove_documents(Container::Log, &key, &[FIRST.to_owned()]).await.unwrap();
}

async fn tick(world: &World, function: &str) -> Answer {
    world.invoke(function, &json!({"Data": {"timer": {}}})).await
}

async fn rows(world: &World, tenant: TenantId) -> u64 {
    #[expect(clippy::disallowed_methods, reason = "a test looks at what is stored")]
    let cap = SystemCap::mint(world.store.ports(Identity::Audit), None);
    log::head(&cap.partition(tenant, "test")).await.unwrap().tree.size()
}

#[tokio::test]
async fn a_tenant_that_cannot_be_sealed_keeps_no_other_from_being_swept_and_is_swept_again() {
    let (world, broken, sound) = scene().await;
    for tenant in [broken, sound] {
        let event = AuditEvent::new(EventKind::ProcedureLinted, Target::new("procedure", "x"));
        world.write(RUNS, tenant, &Actor::system("test"), [event]).await;
    }
    assert_eq!(tick(&world, "sweep_intents").await.status, 500, "whoever runs it sees it");
    assert_eq!(rows(&world, sound).await, 2);
    mend(&world, broken).await;
    assert_eq!(tick(&world, "sweep_intents").await.status, 200);
    assert_eq!(rows(&world, broken).await, 2, "it had done nothing since");
}

/// Whether it was recorded that a record of the tenant is not as the log says.
async fn is_told(world: &World, tenant: TenantId) -> bool {
    let query = Query { kind: "intent".to_owned(), limit: 100, ..Query::default() };
    let (documents, key) =
        (world.store.ports(Identity::Audit).documents, PartitionKey::new(tenant, "0"));
    let found = documents.query(Container::Audit, &key, &query).await.unwrap().documents;
    found.iter().any(|stored| stored.document.body.contains("audit.verify_failed"))
}

#[tokio::test]
async fn a_tenant_that_cannot_be_compared_keeps_no_other_from_it_and_is_compared_again() {
    let (world, broken, sound) = scene().await;
    for tenant in [broken, sound] {
        // Whom nobody made, as far as the log knows.
        world.person(tenant, Role::Owner).await;
    }
    world.clock.advance(Duration::from_mins(11));
    assert_eq!(tick(&world, "compare_access").await.status, 500, "whoever runs it sees it");
    assert_eq!([is_told(&world, broken).await, is_told(&world, sound).await], [false, true]);
    mend(&world, broken).await;
    assert_eq!(tick(&world, "compare_access").await.status, 200);
    assert!(is_told(&world, broken).await, "it had done nothing since");
}
