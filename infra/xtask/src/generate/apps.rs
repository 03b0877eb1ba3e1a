//! Each app's API description, and the folders that the Functions host reads.

use std::collections::{BTreeMap, BTreeSet};

use domain::EventKind;
use web::{Endpoint, FunctionApp, Trigger};

use super::Files;

/// The table of one app.
struct Table {
    name: &'static str,
    endpoints: Vec<&'static Endpoint>,
    triggers: Vec<&'static Trigger>,
}

impl Table {
    fn of<A: FunctionApp>() -> Self {
        let app = A::app();
        Self { name: A::IDENTITY.name(), endpoints: app.endpoints(), triggers: app.triggers() }
    }
}

/// Every function app.
fn tables() -> Vec<Table> {
    vec![
        Table::of::<auth::Auth>(),
        Table::of::<runs::Runs>(),
        Table::of::<audit::Audit>(),
        Table::of::<signer::Signer>(),
        Table::of::<purge::Purge>(),
    ]
}

pub(super) fn files() -> anyhow::Result<Files> {
    let mut files = Files::new();
    for Table { name, endpoints, triggers } in tables() {
        if !endpoints.is_empty() {
            let description = web::openapi(name, &endpoints);
            files.insert(format!("docs/api/{name}.openapi.json"), pretty(&description)?);
        }
        for (function, binding) in web::function_folders(name, &endpoints, &triggers) {
            let path = format!("docs/generated/functions/{name}/{function}/function.json");
            files.insert(path, pretty(&binding)?);
        }
    }
    Ok(files)
}

/// Who records each kind: `auth POST /v1/logins`, `audit sweep_intents`.
pub(super) fn recorders() -> BTreeMap<EventKind, BTreeSet<String>> {
    let mut recorders = BTreeMap::<EventKind, BTreeSet<String>>::new();
    for Table { name, endpoints, triggers } in tables() {
        let endpoints = endpoints.iter().map(|endpoint| {
            let method = endpoint.method.name();
            (format!("{name} {method} {}", endpoint.path), endpoint.audits)
        });
        let triggers =
            triggers.iter().map(|trigger| (format!("{name} {}", trigger.name), trigger.audits));
        for (recorder, kinds) in endpoints.chain(triggers) {
            for kind in kinds {
                recorders.entry(*kind).or_default().insert(recorder.clone());
            }
        }
    }
    // What no handler does: the guard refuses, and `store` accounts for what storage refused.
    for kind in [EventKind::AccessDenied, EventKind::LogVoid] {
        recorders.entry(kind).or_default().insert("every app".to_owned());
    }
    recorders
}

/// As `jq` prints it, with a line feed at the end.
pub(super) fn pretty(value: &serde_json::Value) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}
