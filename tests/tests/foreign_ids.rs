//! Every operation of every API description, called with another tenant's identifiers: the very bytes of a missing thing, and one row in the
//! log of whoever asked (threats T70 and T71). Made from the table of endpoints, so that a new operation is in it from its first day.

use std::collections::BTreeMap;

use domain::{Plan, Role};
use ports::{Container, Identity, PartitionKey};
use serde_json::{Value, json};
use system_tests::{load::Customer, people::Person, sign_up::Owner, world::World};
use web::{Access, Endpoint, Method};

/// A thing of the first tenant for each name that a path can have.
struct Foreign {
    by_name: BTreeMap<&'static str, String>,
}

/// Identifiers that nothing has, of the same kinds.
const MISSING: [(&str, &str); 19] = [
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
    ("purge", "prg_7zzzzzzzzzzzzzzzzzzzzzzzzz"),
    ("verification", "ver_7zzzzzzzzzzzzzzzzzzzzzzzzz"),
];

fn missing(name: &str) -> String {
    let known = MISSING.iter().find(|(known, _)| *known == name);
    known.unwrap_or_else(|| panic!("no identifier of the kind {name}")).1.to_owned()
}

/// Kinds of which the first tenant has nothing: each takes a story of its own, whose tests ask for it from another tenant.
const UNMADE: [&str; 4] = ["drilldown", "purge", "recovery", "visit"];

impl Foreign {
    /// One of each kind that a path names.
    async fn of(world: &World, ada: &Person) -> Self {
        let call = async |method: &str, path: &str, body: Value| {
            let answer = world.call(method, path, Some(&ada.token), Some(&body)).await;
            assert!(answer.status.is_success(), "{method} {path}: {}", answer.json());
            answer.json()
        };
        let role = json!({"name": "desk", "permissions": ["run_read"]});
        let role = call("POST", "/api/auth/v1/roles", role).await;
        let invite = json!({"email": "eve@example.com", "role": "viewer"});
        let invitation = call("POST", "/api/auth/v1/invitations", invite).await;
        let token = json!({"name": "nightly", "days": 30, "scopes": ["run_read"]});
        let token = call("POST", "/api/auth/v1/me/tokens", token).await;
        let [digest, runner, run, evidence] = run_of(world, ada).await;
        let hold = json!({"from": 0, "to": 1, "reason": "case 7"});
        let hold = call("POST", "/api/audit/v1/audit/holds", hold).await;
        let verification = call("POST", "/api/audit/v1/audit/verifications", json!({})).await;
        let export = call("POST", "/api/audit/v1/audit/exports", json!({})).await;
        let text = |value: &Value, name: &str| value[name].as_str().unwrap().to_owned();
        let by_name = BTreeMap::from([
            ("digest", digest),
            ("evidence", evidence),
            ("export", text(&export, "export")),
            ("hold", text(&hold, "hold")),
            ("invitation", text(&invitation, "invitation")),
            ("role", text(&role, "role")),
            ("run", run),
            ("runner", runner),
            ("session", ada.session.to_string()),
            ("tenant", ada.tenant.to_string()),
            ("token", text(&token, "token")),
            ("user", ada.user.to_string()),
            ("verification", text(&verification, "verification")),
        ]);
        Self { by_name }
    }

    fn fill(&self, path: &str, foreign: bool) -> String {
        let parts = path.split('/').map(|part| {
            let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
            match name {
                None => part.to_owned(),
                Some(name) if foreign && !UNMADE.contains(&name) => self
                    .by_name
                    .get(name)
                    .unwrap_or_else(|| panic!("nothing of the kind {name}"))
                    .clone(),
                Some(name) => missing(name),
            }
        });
        parts.collect::<Vec<_>>().join("/")
    }
}

/// A procedure, a Runner that executed it, the run, and a piece of its evidence.
async fn run_of(world: &World, ada: &Person) -> [String; 4] {
    let owner = Owner {
        tenant: ada.tenant,
        access: ada.token.clone(),
        refresh: String::new(),
        secret: String::new(),
    };
    let customer = Customer::of(world, &owner).await;
    let runner = customer.runner_that_was_heard(world, "plant-1").await;
    let read = async |path: &str| {
        let answer = world.call("GET", path, Some(&ada.token), None).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.json());
        answer.json().to_string()
    };
    let run = named(&read("/api/runs/v1/runs").await, "run_");
    let evidence = named(&read(&format!("/api/runs/v1/runs/{run}")).await, "evd_");
    [customer.procedure.to_string(), runner.runner.to_string(), run, evidence]
}

/// The first identifier of a kind in a text.
fn named(text: &str, prefix: &str) -> String {
    let at = text.find(prefix).unwrap_or_else(|| panic!("no {prefix} in {text}"));
    text[at..].chars().take_while(|letter| *letter != '"').collect()
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
