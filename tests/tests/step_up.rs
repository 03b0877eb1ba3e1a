//! Every sensitive permission asks for a second factor within the last five minutes (RFC 9470), on every endpoint, and no other one does.

use std::{collections::BTreeSet, time::Duration};

use domain::{Permission, Plan, Role};
use system_tests::world::{START, World};
use web::Access;

fn path(app: &str, path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "none" } else { part });
    format!("/api/{app}{}", parts.collect::<Vec<_>>().join("/"))
}

#[tokio::test]
async fn every_sensitive_endpoint_is_closed_to_a_stale_session_and_open_to_a_fresh_one() {
    let world = World::new().await;
    let tenant = world.tenant(Plan::Enterprise).await;
    let mut seen = BTreeSet::new();
    for seconds in [300, 301] {
        for app in world.apps() {
            for endpoint in &app.endpoints {
                let Access::Requires(permission) = endpoint.access else { continue };
                if permission.is_platform() {
                    continue;
                }
                let path = path(app.identity.name(), endpoint.path);
                // Somebody new for each: some endpoints end the session that calls them.
                world.clock.set(START);
                let owner = world.person(tenant, Role::Owner).await;
                world.clock.set(START.plus(Duration::from_secs(seconds)));
                let answer =
                    world.call(endpoint.method.name(), &path, Some(&owner.token), None).await;
                let wanted = permission.is_sensitive() && seconds > 300;
                let is_asked = answer.code() == "step-up-required";
                assert_eq!(is_asked, wanted, "{path} at {seconds} s: {}", answer.status);
                if is_asked {
                    let challenge = answer.headers["www-authenticate"].to_str().unwrap();
                    assert_eq!(
                        challenge,
                        "Bearer error=\"insufficient_user_authentication\", acr_values=\"urn:proofline:acr:mfa\", max_age=300"
                    );
                    seen.insert(permission);
                }
            }
        }
    }
    let sensitive =
        |permission: &Permission| permission.is_sensitive() && !permission.is_platform();
    let without_an_endpoint: Vec<_> = Permission::ALL
        .into_iter()
        .filter(sensitive)
        .filter(|permission| !seen.contains(permission))
        .collect();
    assert_eq!(without_an_endpoint, [], "a sensitive permission that nothing asks for");
}
