//! What whoever is leaving takes along, and what is about to be purged, is exported in every plan (mission §3.1).

use std::time::Duration;

use domain::{Plan, Role};
use serde_json::json;
use system_tests::{
    judging::singing,
    people::Person,
    purging::{DAY, ROWS, again, call, project, purge, record},
    world::{Answer, World},
};

async fn download(world: &World, who: &Person, export: &serde_json::Value) -> Answer {
    let path = format!("/api/audit/v1/audit/exports/{}/content", export.as_str().unwrap());
    world.call("GET", &path, Some(&who.token), None).await
}

#[tokio::test]
async fn whoever_is_leaving_exports_in_every_plan() {
    for plan in [Plan::Free, Plan::Pro] {
        let world = World::new().await;
        let owner = world.person(world.tenant(plan).await, Role::Owner).await;
        record(&world, &owner, 1).await;
        let ask = async |method, path: &str| {
            let path = format!("/api/audit/v1/audit/{path}");
            let body = (method == "POST").then(|| json!({}));
            world.call(method, &path, Some(&owner.token), body.as_ref()).await
        };
        let refused = ask("POST", "exports").await;
        assert_eq!(
            (refused.status.as_u16(), refused.code().as_str()),
            (403, "entitlement-required")
        );
        world.close(&owner.token, "Example").await;
        // As long as a process remembers what it read of a tenant.
        world.clock.advance(Duration::from_secs(5));
        let made = ask("POST", "exports").await;
        assert_eq!(made.status, 201, "{}", made.json());
        assert_eq!(download(&world, &owner, &made.json()["export"]).await.status, 200);
        assert_eq!(ask("GET", "events").await.code(), "entitlement-required", "nothing else");
    }
}

#[tokio::test]
async fn the_export_of_a_purge_is_downloaded_in_every_plan_by_whoever_may_export() {
    let world = World::new().await;
    let owner = world.person(world.tenant(Plan::Free).await, Role::Owner).await;
    record(&world, &owner, ROWS).await;
    project(&world).await;
    world.clock.advance(DAY * 420);
    let owner = again(&world, &owner).await;
    let done = purge(&world, &owner).await;
    assert_eq!(done["state"], "executed", "{done}");
    let file = download(&world, &owner, &done["export"]).await;
    assert_eq!((file.status.as_u16(), singing(&file.bytes).len() as u64), (200, ROWS));
    let viewer = world.person(owner.tenant, Role::Viewer).await;
    assert_eq!(download(&world, &viewer, &done["export"]).await.code(), "forbidden");
    let listed = call(&world, &owner, "GET", "purges", None).await;
    assert_eq!(listed["purges"][0]["export"], done["export"]);
}
