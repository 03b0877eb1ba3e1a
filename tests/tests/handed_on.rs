//! What the apps answer to a request that the Functions host did not hand on as it was sent (A23 of the checklist for custom handlers).
//!
//! The rest of the checklist is asked of each app's own program: `system_tests::conformance`, in `functions/*/tests`.

use domain::{Plan, Role};
use system_tests::world::World;

/// Forwarding, where proxying is off, makes `a=1,2` of `a=1&a=2`. Neither is ever taken for one of its parts.
#[tokio::test]
async fn a_parameter_that_came_twice_is_refused_however_the_host_hands_it_on() {
    let world = World::new().await;
    let tenant = world.tenant(Plan::Enterprise).await;
    let owner = world.person(tenant, Role::Owner).await;
    for path in ["runs/v1/runs", "runs/v1/runners", "audit/v1/audit/events"] {
        let get = async |query: &str| {
            let path = format!("/api/{path}{query}");
            world.call("GET", &path, Some(&owner.token), None).await
        };
        assert_eq!(get("?limit=1").await.status, 200, "{path}");
        for query in ["?limit=1&limit=2", "?limit=1,2", "?limit=1%2C2", "?limit=1&limit=1"] {
            let answer = get(query).await;
            assert_eq!(
                (answer.status.as_u16(), answer.code().as_str()),
                (400, "validation"),
                "{path}{query}"
            );
        }
    }
}

/// The same for what the host does not know: a path that was decoded or normalised on its way is another path.
#[tokio::test]
async fn an_identifier_is_never_read_from_a_path_that_was_put_together_again() {
    let world = World::new().await;
    let tenant = world.tenant(Plan::Enterprise).await;
    let owner = world.person(tenant, Role::Owner).await;
    for path in [
        "/api/runs/v1/runs/..%2f..",
        "/api/runs/v1/runs/%00",
        "/api/runs//v1/runs",
        "/api/runs/v1/runs/",
    ] {
        let answer = world.call("GET", path, Some(&owner.token), None).await;
        assert_eq!(answer.status, 404, "{path}");
    }
}
