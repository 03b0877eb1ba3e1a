//! Another tenant's thing is as good as missing: the same answer to the byte, recorded for whoever asked, without a trace at the owner's.

use domain::{ExportId, Plan, Role, SessionId};
use serde_json::{Value, json};
use system_tests::{people::Person, world::World};

/// The rows of a tenant's log, as its owner reads them.
async fn rows(world: &World, person: &Person) -> Vec<Value> {
    world.settle().await;
    let path = "/api/audit/v1/audit/events?limit=200";
    let page = world.call("GET", path, Some(&person.token), None).await.json();
    page["rows"].as_array().unwrap_or_else(|| panic!("{page}")).clone()
}

/// Two tenants with an owner each; the first has made an export.
async fn two_tenants(world: &World) -> (Person, Person, String) {
    let ada = world.person(world.tenant(Plan::Enterprise).await, Role::Owner).await;
    let mallory = world.person(world.tenant(Plan::Enterprise).await, Role::Owner).await;
    rows(world, &ada).await;
    world.settle().await;
    let made =
        world.call("POST", "/api/audit/v1/audit/exports", Some(&ada.token), Some(&json!({}))).await;
    assert_eq!(made.status, 201, "{}", made.json());
    let export = made.json()["export"].as_str().unwrap().to_owned();
    (ada, mallory, export)
}

#[tokio::test]
async fn a_foreign_id_answers_the_very_bytes_of_a_missing_one() {
    let world = World::new().await;
    let (ada, mallory, export) = two_tenants(&world).await;
    let session = ada.session.to_string();
    let unknown_export = ExportId::from_u128(1 << 100).to_string();
    let unknown_session = SessionId::from_u128(1 << 100).to_string();
    let asked = [
        ("GET", "/api/audit/v1/audit/exports/{}/content", &export, &unknown_export),
        ("DELETE", "/api/auth/v1/sessions/{}", &session, &unknown_session),
    ];
    for (method, path, foreign, missing) in asked {
        let call = async |id: &str| {
            world.call(method, &path.replace("{}", id), Some(&mallory.token), None).await
        };
        let (foreign, missing) = (call(foreign).await, call(missing).await);
        assert_eq!(foreign.status, 404, "{path}");
        assert_eq!((foreign.status, &foreign.bytes), (missing.status, &missing.bytes), "{path}");
        let names = |answer: &system_tests::world::Answer| {
            answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(names(&foreign), names(&missing), "{path}");
    }
    let own = format!("/api/audit/v1/audit/exports/{export}/content");
    assert_eq!(
        world.call("GET", &own, Some(&ada.token), None).await.status,
        200,
        "the owner has it"
    );
    assert_eq!(
        world.call("GET", "/api/auth/v1/sessions", Some(&ada.token), None).await.status,
        200,
        "and is still signed in"
    );
}

#[tokio::test]
async fn who_asks_for_a_foreign_thing_is_in_their_own_log_and_in_no_other() {
    let world = World::new().await;
    let (ada, mallory, export) = two_tenants(&world).await;
    for _ in 0..3 {
        let path = format!("/api/audit/v1/audit/exports/{export}/content");
        world.call("GET", &path, Some(&mallory.token), None).await;
    }
    let denials = |rows: &[Value]| {
        rows.iter().filter(|row| row["row"]["action"] == "iam.access.denied").count()
    };
    let theirs = rows(&world, &mallory).await;
    assert_eq!(denials(&theirs), 1, "three within a minute are one row: {theirs:#?}");
    let ours = rows(&world, &ada).await;
    assert_eq!(denials(&ours), 0);
    assert!(!serde_json::to_string(&ours).unwrap().contains(&mallory.user.to_string()));
}

/// A token says whose it is; what else a request says of tenants does not count.
#[tokio::test]
async fn the_tenant_comes_from_the_token_and_from_nowhere_else() {
    let world = World::new().await;
    let (ada, mallory, _) = two_tenants(&world).await;
    let request = axum::http::Request::get("/api/audit/v1/audit/events")
        .header("authorization", format!("Bearer {}", mallory.token))
        .header("proofline-tenant", ada.tenant.to_string())
        .header("x-tenant-id", ada.tenant.to_string());
    let answer = world.send(request.body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!(answer.status, 200);
    assert!(!String::from_utf8_lossy(&answer.bytes).contains(&ada.tenant.to_string()));
}
