//! Visits of operators, and what else the platform does to a tenant: threat T76 from outside.

use axum::http::StatusCode;
use domain::Role;
use serde_json::{Value, json};

use super::world::{Answer, SignedIn, World};

/// A customer with an owner, and an operator of the platform.
struct Scene {
    world: World,
    ada: SignedIn,
    operator: SignedIn,
}

impl Scene {
    async fn new() -> Self {
        let mut world = World::with_tenant().await;
        let ada = world.enrolled("ada@example.com").await;
        let operator = world.operator("ops@platform.example", Role::PlatformOperator).await;
        Self { world, ada, operator }
    }

    fn path(&self, rest: &str) -> String {
        format!("/v1/platform/tenants/{}{rest}", self.world.tenant)
    }

    async fn support(&self, access: Value) {
        let set = json!({"access": access});
        let answer = self.world.put("/v1/tenant/support-access", &self.ada.access, set).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    }

    async fn ask(&self, minutes: u64) -> Answer {
        let user = self.world.get("/v1/me", &self.ada.access).await.text("user").to_owned();
        let body = json!({"user": user, "ticket": "T-1", "reason": "a run is not shown", "minutes": minutes});
        self.world.post(&self.path("/visits"), Some(&self.operator.access), body).await
    }

    async fn begin(&self, visit: &str) -> Answer {
        let path = self.path(&format!("/visits/{visit}/begin"));
        self.world.post(&path, Some(&self.operator.access), json!({})).await
    }

    /// A visit that has begun: its id and its token.
    async fn visiting(&self) -> (String, String) {
        self.support(json!({"granted_until": "2026-11-22T00:00:00Z"})).await;
        let visit = self.ask(15).await.text("visit").to_owned();
        let begun = self.begin(&visit).await;
        assert_eq!(begun.status, StatusCode::OK, "{}", begun.body);
        (visit, begun.text("access_token").to_owned())
    }
}

#[tokio::test]
async fn a_tenant_that_did_not_say_yes_is_not_visited() {
    let scene = Scene::new().await;
    let refused = scene.ask(15).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::FORBIDDEN, "support-access-off"));
    scene.support(json!("ask")).await;
    let visit = scene.ask(15).await.text("visit").to_owned();
    assert_eq!(scene.begin(&visit).await.code(), "visit-not-granted");
    let allowed = format!("/v1/visits/{visit}/allow");
    let allowed = scene.world.post(&allowed, Some(&scene.ada.access), json!({})).await;
    assert_eq!(allowed.text("state"), "granted");
    assert_eq!(scene.begin(&visit).await.status, StatusCode::OK);
}

#[tokio::test]
async fn nobody_visits_before_it_is_in_the_log_of_whoever_is_visited() {
    let scene = Scene::new().await;
    scene.support(json!({"granted_until": "2026-11-22T00:00:00Z"})).await;
    let visit = scene.ask(15).await.text("visit").to_owned();
    scene.world.sealer.seal_nothing();
    let late = scene.begin(&visit).await;
    assert_eq!((late.status, late.code()), (StatusCode::SERVICE_UNAVAILABLE, "not-sealed-yet"));
    assert!(late.headers["proofline-promise"].to_str().unwrap().contains(late.text("event")));
    scene.world.sealer.seal_the_rest().await;
    let bearer = format!("Bearer {}", scene.operator.access);
    let key = late.text("idempotency_key");
    let headers = [("authorization", bearer.as_str()), ("idempotency-key", key)];
    let path = scene.path(&format!("/visits/{visit}/begin"));
    let begun = scene.world.call(("POST", &path), &headers, None).await;
    assert_eq!(begun.status, StatusCode::OK, "{}", begun.body);
    assert_eq!(begun.body["visit"]["state"], "active");
    // Without that key it is another request: the visit has begun.
    assert_eq!(scene.begin(&visit).await.code(), "state-transition");
}

#[tokio::test]
async fn a_visit_needs_a_ticket_a_reason_and_no_more_than_an_hour() {
    let scene = Scene::new().await;
    scene.support(json!("ask")).await;
    assert_eq!(scene.ask(60).await.status, StatusCode::CREATED);
    assert_eq!(scene.ask(61).await.code(), "validation");
    assert_eq!(scene.ask(0).await.code(), "validation");
    let user = scene.world.get("/v1/me", &scene.ada.access).await.text("user").to_owned();
    for (ticket, reason) in
        [("", "a run is not shown"), ("T-1", "short"), ("T\n1", "a run is not shown")]
    {
        let body = json!({"user": user, "ticket": ticket, "reason": reason});
        let path = scene.path("/visits");
        let refused = scene.world.post(&path, Some(&scene.operator.access), body).await;
        assert_eq!(refused.code(), "validation", "{ticket:?} {reason:?}");
    }
}

/// Tickets and reasons are in rows of the log, which hold neither control characters nor what is no character.
#[tokio::test]
async fn what_an_operator_writes_stands_in_a_row_or_is_refused() {
    let scene = Scene::new().await;
    scene.support(json!("ask")).await;
    let user = scene.world.get("/v1/me", &scene.ada.access).await.text("user").to_owned();
    let ops = scene.operator.access.as_str();
    for (letter, code) in [
        ("\u{fdcf}", ""),
        ("\u{fdd0}", "validation"),
        ("\u{fdef}", "validation"),
        ("\u{fdf0}", ""),
        ("\u{fffd}", ""),
        ("\u{fffe}", "validation"),
        ("\u{ffff}", "validation"),
        ("\u{10000}", ""),
        ("\u{10fffd}", ""),
        ("\u{10ffff}", "validation"),
        ("\0", "validation"),
    ] {
        let text = format!("a run {letter} is not shown");
        let visit = json!({"user": user, "ticket": text, "reason": text});
        let asked = scene.world.post(&scene.path("/visits"), Some(ops), visit).await;
        assert_eq!(asked.body["code"].as_str().unwrap_or_default(), code, "{letter:?}");
        let plan = json!({"features": {}, "quotas": {"seats": 7}, "reason": text});
        let given = scene.world.put(&scene.path("/entitlements"), ops, plan).await;
        assert_eq!(given.body["code"].as_str().unwrap_or_default(), code, "{letter:?}");
        let back = json!({"reason": "as the plan has it"});
        scene.world.put(&scene.path("/entitlements"), ops, back).await;
    }
}

#[tokio::test]
async fn a_visit_reads_what_the_user_reads_and_every_row_names_the_operator() {
    let scene = Scene::new().await;
    let (_, token) = scene.visiting().await;
    assert_eq!(scene.world.get("/v1/users", &token).await.status, StatusCode::OK);
    let intents = scene.world.intents().await;
    let action = intents
        .iter()
        .find(|intent| intent["action"] == "operator.impersonation.action")
        .expect("what is done on a visit is recorded");
    let operator = scene.world.get("/v1/me", &scene.operator.access).await.text("user").to_owned();
    let ada = scene.world.get("/v1/me", &scene.ada.access).await.text("user").to_owned();
    assert_eq!(action["act"], json!({"id": ada, "kind": "user", "obo": operator}));
    let started =
        intents.iter().position(|intent| intent["action"] == "operator.impersonation.started");
    assert!(started.is_some(), "in the visited tenant's own log");
}

#[tokio::test]
async fn a_visit_changes_nothing_and_sees_no_secret() {
    let scene = Scene::new().await;
    let (_, token) = scene.visiting().await;
    let world = &scene.world;
    let user = world.get("/v1/me", &scene.ada.access).await.text("user").to_owned();
    let posts = [
        ("/v1/invitations".to_owned(), json!({"email": "eve@example.com", "role": "viewer"})),
        (format!("/v1/users/{user}/roles"), json!({"role": "viewer"})),
        (format!("/v1/users/{user}/disable"), json!({})),
        ("/v1/tenant/close".to_owned(), json!({"name": "Analytical Engines"})),
        ("/v1/step-up".to_owned(), json!({"code": "000000"})),
    ];
    for (path, body) in posts {
        assert_eq!(
            world.post(&path, Some(&token), body).await.code(),
            "visit-only-reads",
            "{path}"
        );
    }
    let policy = json!({"policy": "everyone"});
    assert_eq!(world.put("/v1/tenant/mfa-policy", &token, policy).await.code(), "visit-only-reads");
    assert_eq!(
        world.get("/v1/me", &token).await.code(),
        "visit-only-reads",
        "an account is its owner's"
    );
    assert_eq!(world.get("/v1/sessions", &token).await.code(), "visit-only-reads");
}

#[tokio::test]
async fn a_visit_is_over_when_the_tenant_or_the_clock_says_so() {
    for end in ["end", "off", "clock", "operator", "signed out"] {
        let scene = Scene::new().await;
        let (visit, token) = scene.visiting().await;
        let world = &scene.world;
        match end {
            "end" => {
                let path = format!("/v1/visits/{visit}/end");
                let ended = world.post(&path, Some(&scene.ada.access), json!({})).await;
                assert_eq!(ended.status, StatusCode::OK);
            }
            "off" => scene.support(json!("off")).await,
            "clock" => world.wait_s(15 * 60),
            "signed out" => {
                let out = world.delete("/v1/sessions", &scene.operator.access).await;
                assert_eq!(out.status, StatusCode::OK);
            }
            _ => {
                let path = scene.path(&format!("/visits/{visit}/end"));
                world.post(&path, Some(&scene.operator.access), json!({})).await;
            }
        }
        assert_eq!(world.get("/v1/users", &token).await.code(), "unauthenticated", "{end}");
    }
}

/// Whoever is no operator any more has no visit any more, with the next request.
#[tokio::test]
async fn a_visit_is_over_when_the_operator_is_disabled_or_relieved() {
    for end in ["disable", "roles"] {
        let mut scene = Scene::new().await;
        let (_, token) = scene.visiting().await;
        assert_eq!(scene.world.get("/v1/users", &token).await.status, StatusCode::OK);
        let user = scene.world.get("/v1/me", &scene.operator.access).await.text("user").to_owned();
        let customer = std::mem::replace(&mut scene.world.tenant, World::PLATFORM);
        let owner = scene.world.enrolled_as("owner@platform.example", Role::Owner).await;
        scene.world.tenant = customer;
        let path = format!("/v1/users/{user}/{end}");
        let done = match end {
            "disable" => scene.world.post(&path, Some(&owner.access), json!({})).await,
            _ => scene.world.delete(&format!("{path}/platform_operator"), &owner.access).await,
        };
        assert_eq!(done.status, StatusCode::OK, "{}", done.body);
        assert_eq!(scene.world.get("/v1/users", &token).await.code(), "unauthenticated", "{end}");
    }
}

#[tokio::test]
async fn a_visit_that_the_tenant_granted_beforehand_does_not_begin_after_it_wants_to_be_asked() {
    let scene = Scene::new().await;
    scene.support(json!({"granted_until": "2026-11-22T00:00:00Z"})).await;
    let asked = scene.ask(15).await;
    assert_eq!(asked.text("state"), "granted");
    scene.support(json!("ask")).await;
    assert_eq!(scene.begin(asked.text("visit")).await.code(), "visit-not-granted");
}

/// Threats T70 and T76: for a customer, the platform's paths lead nowhere, and an operator's visit is nobody else's.
#[tokio::test]
async fn nobody_but_an_operator_reaches_another_tenant() {
    let scene = Scene::new().await;
    let world = &scene.world;
    let refused = world.get(&scene.path(""), &scene.ada.access).await;
    assert_eq!(refused.code(), "forbidden", "an owner is no operator");
    let read = world.get(&scene.path(""), &scene.operator.access).await;
    assert_eq!((read.status, &read.body["tenant"]["plan"]), (StatusCode::OK, &json!("enterprise")));
    let unknown = "/v1/platform/tenants/ten_00000000000000000000000009";
    assert_eq!(world.get(unknown, &scene.operator.access).await.status, StatusCode::NOT_FOUND);
    let own = format!("/v1/platform/tenants/{}", World::PLATFORM);
    assert_eq!(world.get(&own, &scene.operator.access).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_plan_and_what_is_changed_of_it_count_at_once_and_are_in_the_tenants_log() {
    let scene = Scene::new().await;
    let world = &scene.world;
    let (ops, ada) = (&scene.operator.access, &scene.ada.access);
    let set = world.put(&scene.path("/plan"), ops, json!({"plan": "free"})).await;
    assert_eq!(set.status, StatusCode::OK, "{}", set.body);
    let role = json!({"name": "a", "permissions": ["run_read"]});
    let refused = world.post("/v1/roles", Some(ada), role.clone()).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::FORBIDDEN, "entitlement-required"));
    assert_eq!(refused.body["entitlement"], "custom_roles");
    assert_eq!(
        (&refused.body["plan"], &refused.body["plan_min"]),
        (&json!("free"), &json!("business"))
    );
    let body = json!({"features": {"custom_roles": true}, "quotas": {"seats": 2}, "reason": "agreed in contract 7"});
    let set = world.put(&scene.path("/entitlements"), ops, body).await;
    assert_eq!(set.body["entitlements"]["features"]["custom_roles"], true);
    assert_eq!(world.post("/v1/roles", Some(ada), role).await.status, StatusCode::CREATED);
    let invite = |name: &str| json!({"email": format!("{name}@example.com"), "role": "viewer"});
    let second = world.post("/v1/invitations", Some(ada), invite("bob")).await;
    assert_eq!(second.status, StatusCode::CREATED);
    let third = world.post("/v1/invitations", Some(ada), invite("eve")).await;
    assert_eq!((third.code(), &third.body["limit"]), ("entitlement-required", &json!(2)));
    let recorded = world.recorded_in_access().await;
    for line in ["tenant.plan.changed ok operator", "tenant.entitlement.overridden ok operator"] {
        assert!(recorded.iter().any(|known| known == line), "{line}: {recorded:?}");
    }
}

#[tokio::test]
async fn a_suspended_tenant_is_out_of_use_until_it_is_resumed() {
    let scene = Scene::new().await;
    let world = &scene.world;
    let reason = json!({"reason": "the invoice of May is open"});
    let path = scene.path("/suspend");
    let done = world.post(&path, Some(&scene.operator.access), reason.clone()).await;
    assert_eq!(done.body["tenant"]["state"], "suspended", "{}", done.body);
    assert_eq!(world.get("/v1/me", &scene.ada.access).await.code(), "unauthenticated");
    let login = world.login("ada@example.com", super::world::PASSWORD).await;
    assert_eq!(login.status, StatusCode::UNAUTHORIZED);
    let again = world.post(&path, Some(&scene.operator.access), reason.clone()).await;
    assert_eq!((again.status, again.code()), (StatusCode::CONFLICT, "state-transition"));
    let path = scene.path("/resume");
    world.post(&path, Some(&scene.operator.access), reason).await;
    assert_eq!(world.get("/v1/me", &scene.ada.access).await.status, StatusCode::OK);
}
