//! Every operation of every API description, called with another tenant's identifiers: the very bytes of a missing thing, and one row in the
//! log of whoever asked (threats T70 and T71). Made from the table of endpoints, so that a new operation is in it from its first day.

use std::collections::BTreeMap;

use domain::{Plan, Role};
use ports::{Container, Identity, PartitionKey};
use serde_json::{Value, json};
use system_tests::{people::Person, world::World};
use web::{Access, Endpoint, Method};

/// A thing of the first tenant for each name that a path can have.
struct Foreign {
    by_name: BTreeMap<&'static str, String>,
}

/// Identifiers that nothing has, of the same kinds.
const MISSING: [(&str, &str); 18] = [
    ("user", "usr_7zzzzzzzzzzzzzzzzzzzzzzzzz"),
    ("session", "ses_7zzzzzzzzzzzzzzzzzzzzzzzzz"),
    ("invitation", "inv_7zzzzzzzzzzzzzzzzzzzzzzzzz"),
    ("role", "rol_7zzzzzzzzzzzzzzzzzzzzzzzzz"),
    ("visit", "vis_7zzzzzzzzzzzzzzzzzzzzzzzzz"),
    ("runner", "rnr_7zzzzzzzzzzzzzzzzzzzzzzzzz"),
    ("run", "run_7zzzzzzzzzzzzzzzzzzzzzzzzz"),
    ("evidence", "evd_7zzzzzzzzzzzzzzzzzzzzzzzzz"),
    ("drilldown", "drl_7zzzzzzzzzzzzzzzzzzzzzzzzz"),
    ("export", "exp_7zzzzzzzzzzzzzzzzzzzzzzzzz"),
    ("hold", "hld_7zzzzzzzzzzzzzzzzzzzzzzzzz"),
    ("token", "pat_7zzzzzzzzzzzzzzzzzzzzzzzzz"),
    ("recovery", "rcv_7zzzzzzzzzzzzzzzzzzzzzzzzz"),
    ("tenant", "ten_7zzzzzzzzzzzzzzzzzzzzzzzzz"),
    ("login", "lgn_7zzzzzzzzzzzzzzzzzzzzzzzzz"),
    ("digest", "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
    ("event", "aud_7zzzzzzzzzzzzzzzzzzzzzzzzz"),
    ("verification", "ver_7zzzzzzzzzzzzzzzzzzzzzzzzz"),
];

fn missing(name: &str) -> String {
    MISSING
        .iter()
        .find(|(known, _)| *known == name)
        .map_or_else(|| "unknown_7zzzzzzzzzzzzzzzzzzzzzzzzz".to_owned(), |(_, id)| (*id).to_owned())
}

impl Foreign {
    /// Whatever of the first tenant can be made without a Runner; the rest is named by identifiers that are well formed.
    async fn of(world: &World, ada: &Person) -> Self {
        let call = async |method: &str, path: &str, body: Value| {
            world.call(method, path, Some(&ada.token), Some(&body)).await.json()
        };
        let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
        let role = call(
            "POST",
            "/api/auth/v1/roles",
            json!({"name": "desk", "permissions": ["run_read"]}),
        )
        .await;
        let invite = json!({"email": "eve@example.com", "role": "viewer"});
        let invitation = call("POST", "/api/auth/v1/invitations", invite).await;
        world.settle().await;
        let export = call("POST", "/api/audit/v1/audit/exports", json!({})).await;
        let enrolment = json!({"name": "a-runner", "labels": {}});
        let enrolment = call("POST", "/api/runs/v1/runners/enrolments", enrolment).await;
        let by_name = BTreeMap::from([
            ("user", ada.user.to_string()),
            ("session", ada.session.to_string()),
            ("tenant", ada.tenant.to_string()),
            ("role", text(&role, "role")),
            ("invitation", text(&invitation, "invitation")),
            ("export", text(&export, "export")),
            ("enrolment", text(&enrolment, "enrolment")),
        ]);
        for (name, id) in &by_name {
            assert!(!id.is_empty(), "{name}: {role} {invitation} {export} {enrolment}");
        }
        Self { by_name }
    }

    fn fill(&self, path: &str, foreign: bool) -> String {
        let parts = path.split('/').map(|part| {
            let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
            match name {
                None => part.to_owned(),
                Some(name) if foreign => {
                    self.by_name.get(name).cloned().unwrap_or_else(|| missing(name))
                }
                Some(name) => missing(name),
            }
        });
        parts.collect::<Vec<_>>().join("/")
    }
}

/// A body that fits the endpoint, from its own description.
fn body(descriptions: &Value, path: &str, method: Method) -> Option<Value> {
    let operation = &descriptions["paths"][path][method.name().to_lowercase()];
    let example = &operation["requestBody"]["content"]["application/json"]["example"];
    (!example.is_null()).then(|| example.clone())
}

/// Operations whose body is signed by a key that only a customer has: refused alike, before anything is looked for. With a body that is right,
/// the tests of `runs` ask for evidence of another tenant.
const SIGNED: [&str; 1] = ["/v1/evidence/{evidence}/drilldowns"];

fn names_something(endpoint: &Endpoint) -> bool {
    // `{seq}` counts in the caller's own log: another tenant's number is one's own.
    endpoint.path.contains('{') && !endpoint.path.contains("{seq}")
}

#[tokio::test]
async fn every_operation_with_a_foreign_id_answers_the_bytes_of_a_missing_one() {
    let world = World::new().await;
    let ada = world.person(world.tenant(Plan::Enterprise).await, Role::Owner).await;
    let mallory = world.person(world.tenant(Plan::Enterprise).await, Role::Owner).await;
    let foreign = Foreign::of(&world, &ada).await;
    let before = stored_of(&world, &ada).await;
    let mut count = 0;
    for app in world.apps() {
        let description = web::openapi(app.identity.name(), &app.endpoints);
        for endpoint in app.endpoints.iter().filter(|endpoint| names_something(endpoint)) {
            let Access::Requires(permission) = endpoint.access else { continue };
            if permission.is_platform() {
                continue;
            }
            let path = format!("/api/{}{}", app.identity.name(), endpoint.path);
            let body = body(&description, &path, endpoint.method);
            let ask = async |is_foreign: bool| {
                let path = foreign.fill(&path, is_foreign);
                let method = endpoint.method.name();
                world.call(method, &path, Some(&mallory.token), body.as_ref()).await
            };
            let (theirs, none) = (ask(true).await, ask(false).await);
            if SIGNED.contains(&endpoint.path) {
                assert_eq!((theirs.status, theirs.code()), (none.status, none.code()), "{path}");
                assert!(theirs.status.is_client_error(), "{path}");
                continue;
            }
            assert_eq!(theirs.status, 404, "{} {path}: {}", endpoint.method.name(), theirs.json());
            assert_eq!(theirs.bytes, none.bytes, "{path}");
            let names = |answer: &system_tests::world::Answer| {
                answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>()
            };
            assert_eq!((none.status, names(&theirs)), (theirs.status, names(&none)), "{path}");
            count += 1;
        }
    }
    assert!(count >= 15, "only {count} operations name something");
    assert_eq!(stored_of(&world, &ada).await, before, "nothing of the other tenant was written");
    let denied = denials(&world, &mallory).await;
    assert_eq!(denied.len(), count, "one row for each operation: {denied:#?}");
    assert_eq!(denials(&world, &ada).await, Vec::<String>::new(), "and none in the other log");
}

/// What is stored of a tenant, by container: identifiers and versions.
async fn stored_of(world: &World, person: &Person) -> Vec<String> {
    let mut found = Vec::new();
    for (identity, container) in [
        (Identity::Audit, Container::Auth),
        (Identity::Audit, Container::Access),
        (Identity::Audit, Container::Runs),
    ] {
        let documents = world.store.ports(identity).documents;
        let key = PartitionKey::new(person.tenant, "0");
        let changes = documents.changes(container, &key, None, 1000).await.unwrap();
        found.extend(
            changes
                .documents
                .into_iter()
                .map(|stored| format!("{container:?} {} {}", stored.document.id, stored.etag.0)),
        );
    }
    found.sort();
    found
}

/// The operations for which a tenant's log says that somebody asked for what is not there.
async fn denials(world: &World, person: &Person) -> Vec<String> {
    world.settle().await;
    let mut found = Vec::new();
    let mut path = "/api/audit/v1/audit/events?limit=200&action=iam.access.denied".to_owned();
    loop {
        let page = world.call("GET", &path, Some(&person.token), None).await.json();
        let rows = page["rows"].as_array().unwrap_or_else(|| panic!("{page}"));
        found.extend(
            rows.iter()
                .filter(|row| row["row"]["reason"] == "not-found")
                .map(|row| row["row"]["target"]["id"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["next"].as_u64() else { break };
        path =
            format!("/api/audit/v1/audit/events?limit=200&action=iam.access.denied&cursor={next}");
    }
    found.sort();
    found
}

/// Threat T71: a tenant in a body or a query is not read; it is refused.
#[tokio::test]
async fn a_tenant_in_a_body_or_a_query_is_refused() {
    let world = World::new().await;
    let ada = world.person(world.tenant(Plan::Enterprise).await, Role::Owner).await;
    let mallory = world.person(world.tenant(Plan::Enterprise).await, Role::Owner).await;
    for app in world.apps() {
        let description = web::openapi(app.identity.name(), &app.endpoints);
        for endpoint in &app.endpoints {
            let Access::Requires(permission) = endpoint.access else { continue };
            if permission.is_platform() || endpoint.path.contains('{') {
                continue;
            }
            let path = format!("/api/{}{}", app.identity.name(), endpoint.path);
            let method = endpoint.method.name();
            if let Some(mut body) = body(&description, &path, endpoint.method) {
                for name in ["tenant", "tenantId", "tenant_id"] {
                    body[name] = ada.tenant.to_string().into();
                    let answer = world.call(method, &path, Some(&mallory.token), Some(&body)).await;
                    assert_eq!(answer.code(), "validation", "{method} {path}: {}", answer.json());
                    body.as_object_mut().unwrap().remove(name);
                }
            }
            if endpoint.query.is_some() {
                let path = format!("{path}?tenant={}", ada.tenant);
                let answer = world.call(method, &path, Some(&mallory.token), None).await;
                assert_eq!(answer.status, 400, "{method} {path}: {}", answer.json());
            }
        }
    }
}

/// Every problem that an endpoint says that it may answer has a status in its description.
#[tokio::test]
async fn every_problem_of_every_operation_is_described() {
    let world = World::new().await;
    let unknown: Vec<_> = world
        .apps()
        .iter()
        .flat_map(|app| &app.endpoints)
        .flat_map(|endpoint| endpoint.problems.iter().map(|code| (endpoint.path, *code)))
        .filter(|(_, code)| !web::is_known_problem(code))
        .collect();
    assert_eq!(unknown, []);
}
