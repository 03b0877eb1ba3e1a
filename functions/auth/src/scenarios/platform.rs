//! Operators make tenants and list them; whoever owns one comes in by mail.

use axum::http::StatusCode;
use domain::{Role, TenantId};
use serde_json::{Value, json};

use super::world::{SignedIn, World};

async fn operated() -> (World, SignedIn, SignedIn) {
    let mut world = World::with_tenant().await;
    let ada = world.enrolled("ada@example.com").await;
    let operator = world.operator("ops@platform.example", Role::PlatformOperator).await;
    (world, ada, operator)
}

const TENANTS: &str = "/v1/platform/tenants";

fn wish(name: &str, email: &str) -> Value {
    json!({"name": name, "plan": "pro", "owner_email": email})
}

#[tokio::test]
async fn an_operator_makes_a_tenant_and_its_owner_comes_in_by_mail() {
    let (mut world, _, ops) = operated().await;
    let made = world.post(TENANTS, Some(&ops.access), wish("Example Ltd", "eve@example.org")).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let tenant: TenantId = made.body["tenant"]["tenant"].as_str().unwrap().parse().unwrap();
    assert_eq!(
        (&made.body["tenant"]["plan"], &made.body["invitation"]["mailed"]),
        (&json!("pro"), &json!(true))
    );
    assert!(!made.body.to_string().contains("pfl_inv_"), "the token goes by mail alone");
    let token = world.mailed_token("eve@example.org").await;
    world.tenant = tenant;
    assert_eq!(world.recorded_in_access().await, ["tenant.created ok operator"]);
    let redeem = json!({"token": token, "email": "eve@example.org"});
    let eve = world.enrol(world.redeem_with(redeem).await).await;
    let me = world.get("/v1/me", &eve.access).await.body;
    assert_eq!((&me["tenant_name"], &me["roles"]), (&json!("Example Ltd"), &json!(["owner"])));
    // From now on its own people invite.
    let path = format!("{TENANTS}/{tenant}/owner");
    let again = world.post(&path, Some(&ops.access), json!({"email": "mal@example.org"})).await;
    assert_eq!((again.status, again.code()), (StatusCode::CONFLICT, "tenant-has-users"));
}

/// The first owner was about to come in, and never did.
#[tokio::test]
async fn an_owner_who_came_in_half_way_keeps_no_other_from_being_invited() {
    let (mut world, _, ops) = operated().await;
    let made = world.post(TENANTS, Some(&ops.access), wish("Example Ltd", "eve@example.org")).await;
    let token = world.mailed_token("eve@example.org").await;
    world.tenant = made.body["tenant"]["tenant"].as_str().unwrap().parse().unwrap();
    world.sealer.die_after(2);
    let killed = world.redeem_with(json!({"token": token, "email": "eve@example.org"})).await;
    assert_eq!(killed.status, StatusCode::SERVICE_UNAVAILABLE);
    world.sealer.live();
    world.restart().await;
    let path = format!("{TENANTS}/{}/owner", world.tenant);
    let again = world.post(&path, Some(&ops.access), json!({"email": "mal@example.org"})).await;
    assert_eq!(again.status, StatusCode::CREATED, "{}", again.body);
}

#[tokio::test]
async fn operators_see_every_customer_page_by_page_and_nobody_else_does() {
    let (world, ada, ops) = operated().await;
    for name in ["One", "Two"] {
        let email = format!("{}@example.org", name.to_lowercase());
        world.post(TENANTS, Some(&ops.access), wish(name, &email)).await;
    }
    let (mut names, mut path) = (Vec::new(), format!("{TENANTS}?limit=1"));
    loop {
        let page = world.get(&path, &ops.access).await.body;
        let tenants = page["tenants"].as_array().unwrap();
        names.extend(tenants.iter().map(|tenant| tenant["name"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("{TENANTS}?limit=1&after={next}");
    }
    names.sort();
    assert_eq!(names, ["Analytical Engines", "One", "Two"], "without the platform's own");
    assert_eq!(world.get(TENANTS, &ada.access).await.code(), "forbidden");
    let refused = world.post(TENANTS, Some(&ada.access), wish("Mine", "a@example.org")).await;
    assert_eq!(refused.code(), "forbidden");
}

#[tokio::test]
async fn a_tenant_whose_owner_never_came_is_asked_again() {
    let (world, _, ops) = operated().await;
    let made =
        world.post(TENANTS, Some(&ops.access), wish("Example Ltd", "typo@example.org")).await;
    let path = format!("{TENANTS}/{}/owner", made.body["tenant"]["tenant"].as_str().unwrap());
    let again = world.post(&path, Some(&ops.access), json!({"email": "eve@example.org"})).await;
    assert_eq!(again.status, StatusCode::CREATED, "{}", again.body);
    assert!(!world.mailed_token("eve@example.org").await.is_empty());
}

#[tokio::test]
async fn a_tenant_without_a_name_or_an_owner_is_not_made() {
    let (world, _, ops) = operated().await;
    for (name, email, expected) in [
        (String::new(), "eve@example.org", "tenant-name-invalid"),
        ("a\nb".to_owned(), "eve@example.org", "tenant-name-invalid"),
        ("é".repeat(101), "eve@example.org", "tenant-name-invalid"),
        ("Example".to_owned(), "eve", "email-invalid"),
    ] {
        let refused = world.post(TENANTS, Some(&ops.access), wish(&name, email)).await;
        assert_eq!(refused.code(), expected, "{name:?} {email}");
    }
    let listed = world.get(TENANTS, &ops.access).await.body;
    assert_eq!(listed["tenants"].as_array().unwrap().len(), 1);
}
