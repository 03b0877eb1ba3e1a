//! Who may call what: produced by calling every endpoint as every role on every plan, and compared with `policy.txt`.
//!
//! `policy.txt` is what a reviewer reads. It is changed by hand, never by a flag: when this test fails, read the difference, and if it is meant,
//! copy the table that the test prints.

use std::{collections::BTreeMap, fmt::Write as _};

use domain::{Plan, Role};
use system_tests::{
    people::Person,
    world::{Answer, World},
};
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
        (401, "step-up-required") => "step-up",
        (500.., _) => "broken",
        _ => "yes",
    }
}

fn method(endpoint: &Endpoint) -> String {
    format!("{:?}", endpoint.method).to_uppercase()
}

/// What `endpoint` answers someone with `role` on `plan`. Some endpoints end sessions or close tenants, and plans count requests: whoever is out for
/// that is replaced by somebody in another tenant, and asks again.
async fn asked(
    world: &World,
    people: &mut BTreeMap<(Plan, Role), Person>,
    (plan, role): (Plan, Role),
    (endpoint, path): (&Endpoint, &str),
) -> &'static str {
    loop {
        let Some(person) = people.get(&(plan, role)) else {
            let tenant = world.tenant(plan).await;
            people.insert((plan, role), world.person(tenant, role).await);
            continue;
        };
        let answer = world.call(&method(endpoint), path, Some(&person.token), None).await;
        match answer.status.as_u16() {
            401 if answer.code() == "unauthenticated" => people.remove(&(plan, role)),
            429 => people.remove(&(plan, role)),
            _ => return verdict(&answer),
        };
    }
}

async fn table(world: &World) -> String {
    let mut people = BTreeMap::new();
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
                for plan in Plan::ALL {
                    let who = (plan, role);
                    let verdict = asked(world, &mut people, who, (endpoint, &path)).await;
                    write!(table, " {plan:?}={verdict}").unwrap();
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
