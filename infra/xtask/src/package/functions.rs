//! What the Functions host demands of a function's folder. It disables a function that breaks a rule, and starts without it.

use std::collections::BTreeSet;

use anyhow::{Context, ensure};
use serde_json::Value;

/// First letters of routes that belong to the host itself; it compares no further.
const RESERVED: [&str; 2] = ["admin", "runtime"];

/// Whether the host loads the function `name` with this `function.json`.
pub(super) fn check(name: &str, function: &Value) -> anyhow::Result<()> {
    ensure!(is_function_name(name), "{name:?} cannot be the name of a function");
    let bindings = function["bindings"].as_array().map_or(&[][..], Vec::as_slice);
    let mut names = BTreeSet::new();
    for binding in bindings {
        let binding_name = binding["name"].as_str().context("a binding has no name")?;
        ensure!(
            is_binding_name(binding_name),
            "{name}: {binding_name:?} cannot be the name of a binding"
        );
        ensure!(names.insert(binding_name), "{name}: two bindings are called {binding_name}");
    }
    let triggers = bindings.iter().filter(|binding| is_trigger(binding)).count();
    ensure!(triggers == 1, "{name} has {triggers} triggers; it should have one");
    ensure!(function.get("scriptFile").is_none(), "{name} names a script file");
    bindings.iter().filter_map(|binding| binding["route"].as_str()).try_for_each(check_route)
}

fn is_trigger(binding: &Value) -> bool {
    binding["type"].as_str().is_some_and(|kind| kind.ends_with("Trigger"))
}

/// `^[a-z][a-z0-9_\-]{0,127}$`, in either case, and not `host`.
fn is_function_name(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    begins_with_letter(name) && name.bytes().all(is_allowed) && !name.eq_ignore_ascii_case("host")
}

/// `[a-zA-Z][a-zA-Z0-9]{0,127}` or `$return`.
fn is_binding_name(name: &str) -> bool {
    let is_plain =
        begins_with_letter(name) && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_plain || name == "$return"
}

fn begins_with_letter(name: &str) -> bool {
    name.len() <= 128 && name.starts_with(|first: char| first.is_ascii_alphabetic())
}

fn check_route(route: &str) -> anyhow::Result<()> {
    let lower = route.trim_start_matches('/').to_ascii_lowercase();
    ensure!(
        !RESERVED.iter().any(|reserved| lower.starts_with(reserved)),
        "the route {route:?} belongs to the Functions host"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn timer(name: &str) -> Value {
        json!({"direction": "in", "name": name, "type": "timerTrigger"})
    }

    fn http(route: &str) -> Value {
        json!({"bindings": [
            {"direction": "in", "name": "req", "route": route, "type": "httpTrigger"},
            {"direction": "out", "name": "res", "type": "http"},
        ]})
    }

    #[test]
    fn the_name_of_a_function_is_as_the_host_wants_it() {
        let accepts = |name: &str| check(name, &json!({"bindings": [timer("timer")]})).is_ok();
        let longest = "a".repeat(128);
        for name in ["http", "seal_intents", "A-1", &longest] {
            assert!(accepts(name), "{name}");
        }
        let too_long = "a".repeat(129);
        for name in ["", "1a", "_a", "a.b", "a b", "é", "host", "HOST", &too_long] {
            assert!(!accepts(name), "{name}");
        }
    }

    #[test]
    fn the_names_of_bindings_are_as_the_host_wants_them_and_differ() {
        let accepts = |bindings: Value| check("sweep", &json!({"bindings": bindings})).is_ok();
        let output = |name: &str| json!({"direction": "out", "name": name, "type": "queue"});
        let longest = "a".repeat(128);
        for name in ["queue1", "$return", &longest] {
            assert!(accepts(json!([timer("timer"), output(name)])), "{name}");
        }
        let too_long = "a".repeat(129);
        for name in ["", "a_b", "1a", "$other", "timer", &too_long] {
            assert!(!accepts(json!([timer("timer"), output(name)])), "{name}");
        }
        assert!(!accepts(json!([{"type": "timerTrigger"}])));
    }

    #[test]
    fn a_function_has_one_trigger() {
        let message = |bindings: Value| {
            check("sweep", &json!({"bindings": bindings})).map_err(|error| error.to_string())
        };
        assert_eq!(message(json!([timer("a")])), Ok(()));
        assert_eq!(
            message(json!([timer("a"), timer("b")])),
            Err("sweep has 2 triggers; it should have one".to_owned())
        );
        assert_eq!(message(json!([])), Err("sweep has 0 triggers; it should have one".to_owned()));
        assert!(check("sweep", &json!({})).is_err());
        assert!(check("sweep", &json!({"bindings": [timer("a")], "scriptFile": "x"})).is_err());
    }

    #[test]
    fn no_route_begins_as_the_hosts_own_do() {
        for route in ["runs/{*path}", "{*path}", "auth/admin", "run"] {
            check("http", &http(route)).unwrap();
        }
        for route in ["admin", "admin/x", "administration", "Runtime/x", "/admin/{*path}"] {
            let error = check("http", &http(route)).unwrap_err().to_string();
            assert_eq!(error, format!("the route {route:?} belongs to the Functions host"));
        }
    }
}
