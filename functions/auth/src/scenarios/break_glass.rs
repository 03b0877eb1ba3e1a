//! The only administrator of a tenant lost the second factor: threat T18.

use axum::http::StatusCode;
use domain::Role;
use serde_json::json;

use super::world::{Answer, PASSWORD, SignedIn, World};

const DAY_S: i64 = 86_400;

/// Ada is the only administrator, Vera reads; two operators of the platform. Ada asked for a new factor.
struct Scene {
    world: World,
    ada: SignedIn,
    operators: [SignedIn; 2],
    support: SignedIn,
    recovery: String,
}

impl Scene {
    async fn new() -> Self {
        let mut world = World::with_tenant().await;
        let ada = world.enrolled("ada@example.com").await;
        world.enrolled_as("vera@example.com", Role::Viewer).await;
        let one = world.operator("one@platform.example", Role::PlatformOperator).await;
        let customer = std::mem::replace(&mut world.tenant, World::PLATFORM);
        let two = world.enrolled_as("two@platform.example", Role::PlatformOperator).await;
        let support = world.enrolled_as("help@platform.example", Role::PlatformSupport).await;
        world.tenant = customer;
        let login = world.login("ada@example.com", PASSWORD).await;
        let path = format!("/v1/logins/{}/recovery", login.text("login"));
        let asked = world.post(&path, None, json!({})).await;
        assert_eq!(asked.body["decided_by"], "operators", "{}", asked.body);
        let recovery = asked.text("recovery").to_owned();
        Self { world, ada, operators: [one, two], support, recovery }
    }

    async fn agree(&self, operator: &SignedIn) -> Answer {
        let (tenant, recovery) = (self.world.tenant, &self.recovery);
        let path = format!("/v1/platform/tenants/{tenant}/recoveries/{recovery}/agree");
        let body = json!({"reason": "spoke to Ada by video, ticket T-1"});
        self.world.post(&path, Some(&operator.access), body).await
    }

    /// Both operators agreed: the link in Ada's letter.
    async fn opened(&self) -> String {
        for operator in &self.operators {
            let agreed = self.agree(operator).await;
            assert_eq!(agreed.status, StatusCode::OK, "{}", agreed.body);
        }
        self.world.token_in_letter("ada@example.com", "pfl_rcv_").await.unwrap()
    }

    async fn redeem(&self, token: &str) -> Answer {
        let body = json!({"token": token, "password": PASSWORD});
        self.world.post("/v1/recoveries/redeem", None, body).await
    }
}

/// Threat T18: neither an operator alone, nor support, nor both at once without the tenant seeing it first.
#[tokio::test]
async fn two_operators_and_three_days_help_the_only_administrator() {
    let scene = Scene::new().await;
    let [one, two] = &scene.operators;
    assert_eq!(scene.agree(&scene.support).await.code(), "forbidden");
    assert_eq!(scene.agree(&scene.ada).await.code(), "forbidden");
    let first = scene.agree(one).await;
    assert_eq!((first.status, &first.body["opens_at"]), (StatusCode::OK, &json!(null)));
    assert_eq!(scene.agree(one).await.code(), "recovery-same-operator");
    assert_eq!(scene.world.token_in_letter("ada@example.com", "pfl_rcv_").await, None);
    let second = scene.agree(two).await;
    assert_eq!(second.body["opens_at"], "2026-11-24T00:00:00.000000Z");
    let letters = scene.world.letters().await;
    let told = letters.iter().filter(|letter| letter.contains("gets a new second factor"));
    assert_eq!(told.filter(|letter| letter.contains("To: vera@example.com")).count(), 1);

    let token = scene.world.token_in_letter("ada@example.com", "pfl_rcv_").await.unwrap();
    scene.world.wait_s(3 * DAY_S - 1);
    assert_eq!(scene.redeem(&token).await.code(), "recovery-invalid");
    scene.world.wait_s(1);
    let again = scene.world.enrol(scene.redeem(&token).await).await;
    assert_eq!(scene.world.get("/v1/me", &again.access).await.status, StatusCode::OK);
    assert_ne!(again.secret, scene.ada.secret);
    let recorded = scene.world.recorded().await;
    let used = recorded.iter().filter(|line| *line == "operator.break_glass.used ok operator");
    assert_eq!(used.count(), 2, "{recorded:?}");
    assert!(recorded.contains(&"auth.mfa.reset_completed ok user".to_owned()));
}

/// Threat T18: it opens for nobody unless the user has the link and everyone else the news.
#[tokio::test]
async fn what_cannot_be_announced_is_not_agreed_to() {
    let scene = Scene::new().await;
    let [one, two] = &scene.operators;
    assert_eq!(scene.agree(one).await.status, StatusCode::OK);
    scene.world.queue.set(true);
    assert_eq!(scene.agree(two).await.status, StatusCode::SERVICE_UNAVAILABLE);
    scene.world.queue.set(false);
    let second = scene.agree(two).await;
    assert_eq!(second.status, StatusCode::OK, "{}", second.body);
    let token = scene.world.token_in_letter("ada@example.com", "pfl_rcv_").await.unwrap();
    scene.world.wait_s(3 * DAY_S);
    assert_eq!(scene.redeem(&token).await.status, StatusCode::CREATED);
}

/// Threat T18: whoever is alone is told so, before and after the factor is lost, and no longer once there is another.
#[tokio::test]
async fn the_only_administrator_is_told_until_there_is_another() {
    let scene = Scene::new().await;
    let world = &scene.world;
    let only = async |who: &SignedIn| world.get("/v1/me", &who.access).await.body;
    assert_eq!(only(&scene.ada).await["only_administrator"], true);
    let vera = world.enrolled_as("victor@example.com", Role::Viewer).await;
    assert_eq!(only(&vera).await["only_administrator"], false, "there is nothing to lose");
    let own = format!("/v1/recoveries/{}/approve", scene.recovery);
    let refused = world.post(&own, Some(&scene.ada.access), json!({})).await;
    assert_eq!(refused.code(), "recovery-own");
    assert!(refused.text("detail").contains("two operators of the service"), "{}", refused.body);

    let grace = world.enrolled_as("grace@example.com", Role::Admin).await;
    assert_eq!(only(&grace).await["only_administrator"], false);
    assert_eq!(only(&scene.ada).await["only_administrator"], false);
    // For somebody else, the two who are there count: one asks, the other decides.
    let vera = world.get("/v1/me", &vera.access).await.text("user").to_owned();
    let path = format!("/v1/users/{vera}/recovery");
    let asked = world.post(&path, Some(&grace.access), json!({})).await;
    assert_eq!(asked.body["decided_by"], "administrator", "{}", asked.body);
}

/// Threat T18: an operator decides nothing that somebody of the tenant can.
#[tokio::test]
async fn operators_help_nobody_who_has_another_administrator() {
    let scene = Scene::new().await;
    scene.world.enrolled_as("grace@example.com", Role::Admin).await;
    let refused = scene.agree(&scene.operators[0]).await;
    assert_eq!(
        (refused.status, refused.code()),
        (StatusCode::CONFLICT, "recovery-has-administrator")
    );
    assert!(!scene.world.recorded().await.concat().contains("break_glass"));
}

/// Threat T18: whoever has their factor after all refuses it, until it is used.
#[tokio::test]
async fn the_tenant_takes_back_what_operators_opened() {
    let scene = Scene::new().await;
    let token = scene.opened().await;
    scene.world.wait_s(2 * DAY_S);
    let ada = scene.world.signed_in_as("ada@example.com", &scene.ada.secret).await;
    let listed = scene.world.get("/v1/recoveries", &ada.access).await;
    assert_eq!(listed.body["recoveries"][0]["opens_at"], "2026-11-24T00:00:00.000000Z");
    let path = format!("/v1/recoveries/{}/deny", scene.recovery);
    let denied = scene.world.post(&path, Some(&ada.access), json!({})).await;
    assert_eq!(denied.status, StatusCode::OK, "{}", denied.body);
    scene.world.wait_s(DAY_S);
    assert_eq!(scene.redeem(&token).await.code(), "recovery-invalid");
    let recorded = scene.world.recorded().await;
    assert!(recorded.contains(&"auth.mfa.reset_approved denied user".to_owned()), "{recorded:?}");
}
