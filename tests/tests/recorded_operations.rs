//! Every operation that the API describes says which event it records, if it changes anything, or if reading is itself recorded.

use std::collections::BTreeSet;

use domain::EventKind;
use serde_json::Value;
use system_tests::world::World;

/// Operations that change nothing that anybody could be held to: steps whose end is recorded, and a wish that a job records when it knows whose it is.
const NO_ONES_ACTION: [(&str, &str); 3] = [
    ("post", "/api/auth/v1/me/totp"),
    ("post", "/api/auth/v1/me/totp/next"),
    ("post", "/api/auth/v1/password-resets"),
];
/// What that job records.
const RECORDED_BY_A_JOB: EventKind = EventKind::PasswordResetRequested;

/// Reading these is itself recorded.
const RECORDED_READS: [&str; 3] = [
    "/api/audit/v1/audit/events",
    "/api/audit/v1/audit/events/{seq}",
    "/api/audit/v1/audit/exports/{export}/content",
];

struct Operation {
    method: String,
    path: String,
    audits: Vec<String>,
}

async fn operations() -> Vec<Operation> {
    let world = World::new().await;
    let mut operations = Vec::new();
    for app in world.apps() {
        let description = web::openapi(app.identity.name(), &app.endpoints);
        for (path, methods) in description["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let audits = operation["x-audits"].as_array().unwrap_or_else(|| panic!("{path}"));
                let audits = audits.iter().filter_map(Value::as_str).map(str::to_owned).collect();
                operations.push(Operation { method: method.clone(), path: path.clone(), audits });
            }
        }
    }
    operations
}

#[tokio::test]
async fn every_operation_that_changes_something_declares_its_events() {
    let operations = operations().await;
    let silent = operations.iter().filter(|found| found.method != "get" && found.audits.is_empty());
    let silent: BTreeSet<_> =
        silent.map(|found| (found.method.as_str(), found.path.as_str())).collect();
    assert_eq!(silent, BTreeSet::from(NO_ONES_ACTION), "these record nothing");
    let world = World::new().await;
    let mut jobs = world.apps().iter().flat_map(|app| &app.triggers);
    assert!(jobs.any(|job| job.audits.contains(&RECORDED_BY_A_JOB)), "no job records it");
}

#[tokio::test]
async fn every_event_that_an_operation_declares_is_one_of_the_taxonomy() {
    let known: BTreeSet<_> = EventKind::ALL.iter().map(|kind| kind.name()).collect();
    for Operation { method, path, audits } in operations().await {
        for kind in audits {
            assert!(known.contains(kind.as_str()), "{method} {path}: {kind}");
        }
    }
}

#[tokio::test]
async fn what_is_recorded_when_it_is_read_says_so() {
    let operations = operations().await;
    for path in RECORDED_READS {
        let found = operations.iter().find(|found| found.method == "get" && found.path == path);
        let found = found.unwrap_or_else(|| panic!("no operation reads {path}"));
        assert!(!found.audits.is_empty(), "reading {path} is not recorded");
    }
}
