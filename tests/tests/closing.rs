//! A tenant that is closed for good takes its keys with it: nothing that was sealed under them opens any more, and its log says so.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use domain::TenantId;
use ports::{Container, Identity, KeyPurpose, NewDocument, PartitionKey, Query, Stored, Write};
use seal::Place;
use serde_json::{Value, json};
use store::{FieldKeys, Records, SystemCap, log};
use system_tests::{sign_up::Owner, world::World};

/// A sealed field, as somebody copied it while it was there.
struct Copied {
    tenant: String,
    record: String,
    field: &'static str,
    sealed: Vec<u8>,
}

impl Copied {
    /// Whether a process that begins now opens it.
    async fn opens(&self, world: &World, tenant: TenantId) -> bool {
        let keys = FieldKeys::new(world.store.ports(Identity::Auth), KeyPurpose::AuthFields);
        let Self { tenant: name, record, field, sealed } = self;
        let place = Place { tenant: name, container: "auth", record, field };
        keys.open(tenant, &place, sealed).await.is_ok()
    }
}

async fn documents(
    world: &World,
    (container, kind): (Container, &str),
    tenant: TenantId,
) -> Vec<Stored> {
    let ports = world.store.ports(Identity::Auth);
    let query = Query { kind: kind.to_owned(), limit: 100, ..Query::default() };
    let partition = PartitionKey::new(tenant, "0");
    ports.documents.query(container, &partition, &query).await.unwrap().documents
}

/// The address and the TOTP secret of the only user.
async fn copied(world: &World, tenant: TenantId) -> [Copied; 2] {
    let field = async |kind, pointer: &str, field| {
        let [stored]: [Stored; 1] =
            documents(world, (Container::Auth, kind), tenant).await.try_into().unwrap();
        let body: Value = serde_json::from_str(&stored.document.body).unwrap();
        let sealed = STANDARD_NO_PAD.decode(body.pointer(pointer).unwrap().as_str().unwrap());
        let (tenant, record) = (tenant.to_string(), stored.document.id);
        Copied { tenant, record, field, sealed: sealed.unwrap() }
    };
    let email = field("user", "/sealed_email", "email").await;
    [email, field("credential", "/factor/sealed_secret", "totp").await]
}

async fn keys(world: &World, tenant: TenantId) -> usize {
    documents(world, (Container::Keyring, "field-key"), tenant).await.len()
}

/// How many rows of the tenant's log have this action.
async fn rows(world: &World, tenant: TenantId, action: &str) -> usize {
    #[expect(clippy::disallowed_methods, reason = "a test looks at what is stored")]
    let cap = SystemCap::mint(world.store.ports(Identity::Audit), None);
    let commits = log::commits_since(&cap.partition(tenant, "test"), 0, 1000, 1000).await.unwrap();
    let rows = commits.iter().flat_map(|commit| &commit.rows);
    let action = format!("\"action\":\"{action}\"");
    rows.filter(|row| row.contains(&action)).count()
}

#[tokio::test]
async fn nothing_of_a_closed_tenant_opens_and_its_log_says_why() {
    let mut world = World::new().await;
    let Owner { tenant, access, .. } = world.owner().await;
    let fields = copied(&world, tenant).await;
    world.close(&access, "Customer").await;
    world.settle().await;
    world.tick("close_tenants").await;
    world.tick("sweep_purges").await;
    assert_eq!(keys(&world, tenant).await, 1, "the owner can still change their mind");
    for copied in &fields {
        assert!(copied.opens(&world, tenant).await, "{}", copied.field);
    }

    world.end_grace().await;
    assert_eq!(keys(&world, tenant).await, 0);
    let [user]: [Stored; 1] =
        documents(&world, (Container::Auth, "user"), tenant).await.try_into().unwrap();
    assert!(user.document.body.contains(r#""sealed_email":"""#), "{}", user.document.body);
    world.restart().await;
    for copied in &fields {
        assert!(!copied.opens(&world, tenant).await, "{}", copied.field);
    }
    // Whoever asked for the keys made new ones, that open nothing: they go as well, and it is said once.
    world.tick("sweep_purges").await;
    world.settle().await;
    assert_eq!(keys(&world, tenant).await, 0);
    let said =
        [rows(&world, tenant, "tenant.closed").await, rows(&world, tenant, "key.destroyed").await];
    assert_eq!(said, [1, 1]);
}

/// That a tenant began to close, although it has no record: more such notes than are read at a time, and all before those of tenants.
async fn dangling_notes(world: &World) -> usize {
    let ports = world.store.ports(Identity::Auth);
    let records = Records::of_holder(&ports, Vec::new()).await.unwrap();
    let place = PartitionKey::new(TenantId::SYSTEM, "0");
    for number in 1..=250 {
        let tenant = TenantId::from_u128(number);
        let body = json!({"tenant": tenant}).to_string();
        let (id, kind) = (format!("closing-{tenant}"), "closing".to_owned());
        let document = NewDocument { id, kind, k1: None, k2: None, body, expires_at: None };
        let signed = records.sign((TenantId::SYSTEM, "0"), document, 1, None).await.unwrap();
        let write = vec![Write::Create(signed)];
        ports.documents.commit(Container::Access, &place, write).await.unwrap();
    }
    250
}

#[tokio::test]
async fn a_tenant_that_cannot_be_closed_keeps_no_other_from_it_and_what_is_closed_is_settled() {
    let world = World::new().await;
    let dangling = dangling_notes(&world).await;
    let closed = world.closing_story().await;
    assert_eq!((keys(&world, closed).await, rows(&world, closed, "tenant.closed").await), (0, 1));
    let ports = world.store.ports(Identity::Auth);
    let place = PartitionKey::new(TenantId::SYSTEM, "0");
    let id = format!("closing-{closed}");
    let note = ports.documents.read(Container::Access, &place, &id).await.unwrap().unwrap();
    let signed: Value = serde_json::from_str(&note.document.body).unwrap();
    let record: Value = serde_json::from_str(signed["record"].as_str().unwrap()).unwrap();
    assert_eq!(record["is_settled"], true, "nobody looks at its people again: {record}");
    let again = world.invoke("close_tenants", &json!({"Data": {"timer": {}}})).await.json();
    assert_eq!(again["ReturnValue"], json!({"closed": 0, "failed": dangling}));
}

/// The other tenants' keys stay, and so do those of the apps.
#[tokio::test]
async fn closing_one_tenant_leaves_the_others_alone() {
    let world = World::new().await;
    let Owner { tenant, .. } = world.owner().await;
    let fields = copied(&world, tenant).await;
    let system = documents(&world, (Container::Keyring, "key"), TenantId::SYSTEM).await.len();
    let closed = world.closing_story().await;
    assert_eq!((keys(&world, closed).await, keys(&world, tenant).await), (0, 1));
    assert!(fields[0].opens(&world, tenant).await);
    assert_eq!(
        documents(&world, (Container::Keyring, "key"), TenantId::SYSTEM).await.len(),
        system
    );
    let ports = world.store.ports(Identity::Auth);
    let denied = FieldKeys::destroy(&ports, KeyPurpose::AuthFields, tenant).await;
    assert!(denied.is_err(), "no app but one removes keys");
    assert_eq!(keys(&world, tenant).await, 1);
}
