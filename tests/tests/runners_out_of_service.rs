//! A Runner of a tenant that is suspended, closing or on a plan without Runners is not served, and what it says waits.

use std::time::Duration;

use axum::http::Method;
use domain::TenantId;
use protocol::{
    cloudevent::MEDIA_TYPE,
    routes::{COMMANDS, CONFIG, EVENTS, EventsAnswer, RECEIPTS, WITNESS_CHECKPOINT},
};
use serde_json::{Value, json};
use system_tests::{
    load::{Customer, Said, SyntheticRunner},
    sign_up::Owner,
    world::World,
};

/// What a Runner asks for when it has nothing to say.
const READS: [&str; 3] = [CONFIG, RECEIPTS, WITNESS_CHECKPOINT];

struct Scene {
    world: World,
    owner: Owner,
    runner: SyntheticRunner,
}

impl Scene {
    /// A Runner whose first statement was taken and is signed for.
    async fn new() -> Self {
        let world = World::new().await;
        let owner = world.owner().await;
        let customer = Customer::of(&world, &owner).await;
        let runner = customer.runner_that_was_heard(&world, "plant-1").await;
        Self { world, owner, runner }
    }

    fn say(&mut self) -> Said {
        self.runner.say_at(self.world.now())
    }

    /// An operator does this to the tenant, and the apps have had the time to notice.
    async fn operator(&self, method: &str, step: &str, body: Value) {
        let operator = self.world.operator().await.token;
        let tenant: TenantId = self.owner.tenant;
        let path = format!("/api/auth/v1/platform/tenants/{tenant}/{step}");
        let done = self.world.call(method, &path, Some(&operator), Some(&body)).await;
        assert_eq!(done.status, 200, "{}", done.json());
        self.notice();
    }

    fn notice(&self) {
        self.world.clock.advance(Duration::from_secs(10));
    }

    /// The status and the code of what is answered when the Runner reads this.
    async fn reads(&self, path: &str) -> (u16, String) {
        let answer = self.runner.try_asking(&self.world, Method::GET, path, None).await;
        (answer.status.as_u16(), answer.code())
    }

    /// The same when it hands this in by HTTPS.
    async fn hands_in(&self, said: &Said) -> (u16, String) {
        let body = Some((MEDIA_TYPE, said.event.clone()));
        let answer = self.runner.try_asking(&self.world, Method::POST, EVENTS, body).await;
        if answer.status.is_success() {
            let taken: EventsAnswer = serde_json::from_value(answer.json()).unwrap();
            assert!(taken.results[0].receipt.is_some(), "{:?}", taken.results);
        }
        (answer.status.as_u16(), answer.code())
    }

    /// Whether Event Grid is told that this is taken; if not, it delivers it again.
    async fn is_delivered(&self, said: &Said) -> bool {
        self.runner.try_delivering(&self.world, said).await.status.is_success()
    }

    async fn assert_nothing_is_taken(&self, said: &Said, code: &str) {
        assert_eq!(self.hands_in(said).await, refused(code));
        assert!(!self.is_delivered(said).await, "{code}: success would end the deliveries");
        assert_eq!(self.reads(COMMANDS).await, refused(code));
    }
}

fn refused(code: &str) -> (u16, String) {
    (403, code.to_owned())
}

fn served() -> (u16, String) {
    (200, String::new())
}

#[tokio::test]
async fn a_runner_of_a_suspended_tenant_waits_until_it_is_resumed_and_nothing_is_lost() {
    let mut scene = Scene::new().await;
    let said = [scene.say(), scene.say()];
    let reason = json!({"reason": "the invoice of May is open"});
    scene.operator("POST", "suspend", reason.clone()).await;
    scene.assert_nothing_is_taken(&said[0], "tenant-suspended").await;
    for path in READS {
        assert_eq!(scene.reads(path).await, refused("tenant-suspended"), "{path}");
    }
    scene.operator("POST", "resume", reason).await;
    assert_eq!(scene.hands_in(&said[0]).await, served());
    assert!(scene.is_delivered(&said[1]).await);
    assert_eq!(scene.reads(COMMANDS).await, served());
}

#[tokio::test]
async fn a_runner_of_a_closing_tenant_reads_what_was_promised_and_hands_in_nothing() {
    let mut scene = Scene::new().await;
    let said = scene.say();
    scene.world.close(&scene.owner.access, "Customer").await;
    scene.notice();
    scene.assert_nothing_is_taken(&said, "tenant-closing").await;
    for path in READS {
        assert_eq!(scene.reads(path).await, served(), "{path}");
    }
}

/// Threat T77.
#[tokio::test]
async fn a_runner_of_a_plan_without_runners_reads_what_was_promised_and_hands_in_nothing() {
    let mut scene = Scene::new().await;
    let said = scene.say();
    scene.operator("PUT", "plan", json!({"plan": "pro"})).await;
    scene.assert_nothing_is_taken(&said, "entitlement-required").await;
    for path in READS {
        assert_eq!(scene.reads(path).await, served(), "{path}");
    }
    scene.operator("PUT", "plan", json!({"plan": "business"})).await;
    assert_eq!(scene.hands_in(&said).await, served());
}
