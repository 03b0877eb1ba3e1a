//! Who may call what: produced by calling every endpoint as every role on every plan, and compared with `policy.txt`.
//!
//! `policy.txt` is what a reviewer reads. It is changed by hand, never by a flag: when this test fails, read the difference, and if it is meant,
//! copy the table that the test prints.

use std::fmt::Write as _;

use domain::{Plan, Role};
use system_tests::world::{Answer, World};
use web::{Access, Endpoint};

const POLICY: &str = include_str!("policy.txt");

fn path(app: &str, endpoint: &Endpoint) -> String {
    let parts =
        endpoint.path.split('/').map(|part| if part.starts_with('{') { "none" } else { part });
    format!("/api/{app}{}", parts.collect::<Vec<_>>().join("/"))
}

/// Whether the guard let the call through; what the handler then said of an empty body is not the question.
fn verdict(answer: &Answer) -> &'static str {
    match (answer.status.as_u16(), answer.code().as_str()) {
        (403, "forbidden") => "no",
        (403, "entitlement-required") => "plan",
        (401, "unauthenticated") => "stranger",
        (401, "step-up-required") => "step-up",
        (500.., _) => "broken",
        _ => "yes",
    }
}

fn method(endpoint: &Endpoint) -> String {
    format!("{:?}", endpoint.method).to_uppercase()
}

async fn table(world: &World) -> String {
    let mut people = Vec::new();
    for plan in Plan::ALL {
        let tenant = world.tenant(plan).await;
        for role in Role::ALL {
            people.push((plan, role, world.person(tenant, role).await));
        }
    }
    let mut table = String::new();
    for app in world.apps() {
        for endpoint in &app.endpoints {
            let path = path(app.identity.name(), endpoint);
            let audits =
                endpoint.audits.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(" ");
            let access = match endpoint.access {
                Access::Public(why) => format!("public: {why}"),
                Access::Holds(scope) => format!("holds: {}", serde_json::to_value(scope).unwrap()),
                Access::Requires(permission) => {
                    format!("requires: {}", serde_json::to_value(permission).unwrap())
                }
                Access::Runner => "an enrolled Runner".to_owned(),
            };
            writeln!(table, "{} /api/{}{}", method(endpoint), app.identity.name(), endpoint.path)
                .unwrap();
            writeln!(
                table,
                "  {access}; audits: {}",
                if audits.is_empty() { "nothing" } else { &audits }
            )
            .unwrap();
            if endpoint.permission().is_none() {
                continue;
            }
            for role in Role::ALL {
                write!(table, "  {:<20}", format!("{role:?}")).unwrap();
                for (plan, _, person) in people.iter().filter(|(_, other, _)| *other == role) {
                    let answer =
                        world.call(&method(endpoint), &path, Some(&person.token), None).await;
                    write!(table, " {plan:?}={}", verdict(&answer)).unwrap();
                }
                writeln!(table).unwrap();
            }
        }
    }
    table
}

#[tokio::test]
async fn the_policy_is_the_one_that_was_reviewed() {
    let world = World::new().await;
    let table = table(&world).await;
    assert!(
        table == POLICY,
        "the policy changed; if that is meant, tests/tests/policy.txt becomes:\n{table}"
    );
}

#[tokio::test]
async fn a_stranger_is_refused_by_every_endpoint_that_is_not_public() {
    let world = World::new().await;
    for app in world.apps() {
        for endpoint in &app.endpoints {
            if matches!(endpoint.access, Access::Public(_)) {
                continue;
            }
            let path = path(app.identity.name(), endpoint);
            for token in [None, Some("no token"), Some("a.b.c")] {
                let answer = world.call(&method(endpoint), &path, token, None).await;
                assert_eq!(answer.status, 401, "{} {path} {token:?}", method(endpoint));
                assert_eq!(answer.headers["cache-control"], "no-store");
            }
        }
    }
}

#[tokio::test]
async fn what_changes_state_says_what_it_records() {
    let world = World::new().await;
    // Endpoints that change nothing but a step of an unfinished login, whose end is recorded.
    let steps_of_a_login = ["/v1/me/totp", "/v1/tokens/refresh"];
    for endpoint in world.apps().iter().flat_map(|app| &app.endpoints) {
        let changes = !matches!(endpoint.method, web::Method::Get);
        let excused = steps_of_a_login.contains(&endpoint.path);
        assert!(
            !changes || excused || !endpoint.audits.is_empty(),
            "{} records nothing",
            endpoint.path
        );
    }
}
