//! A19, A22, A23: which paths lead where, and what is refused because of how it came.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use web::{Method, function_folders};

use super::{
    process::JSON,
    subject::{Subject, envelope, input},
};
use crate::tree;

/// Asks for each trigger by every way that is not the host's: through `/api`, and by other spellings of its path.
pub fn a19_a_trigger_answers_at_its_exact_path_alone(subject: &Subject) {
    let process = subject.start();
    let app = subject.app;
    for trigger in &subject.triggers {
        let (name, body) = (trigger.name, envelope(trigger, input(trigger)).to_string());
        let (first, rest) = name.split_at(1);
        let first = format!("%{:02x}", first.as_bytes()[0]);
        for path in [
            format!("/api/{name}"),
            format!("/api/{app}/{name}"),
            format!("/api/../{name}"),
            format!("/api/%2e%2e/{name}"),
            format!("/api/%2E%2E/{name}"),
            format!("/api/{app}/../../{name}"),
            format!("/api/..%2f{name}"),
            format!("/api/;/../{name}"),
            format!("/api\\..\\{name}"),
            format!("/API/{name}"),
            format!("/Api/../{name}"),
            format!("//{name}"),
            format!("/./{name}"),
            format!("/%2f{name}"),
            format!("/{name}/"),
            format!("/{name}//"),
            format!("/{name}%20"),
            format!("/{name}%00"),
            format!("/{name};x=1"),
            format!("/{first}{rest}"),
            format!("/{}", name.to_ascii_uppercase()),
            format!("/admin/functions/{name}"),
            format!("/runtime/webhooks/EventGrid?functionName={name}"),
        ] {
            let answer = process.send("POST", &path, JSON, &body);
            assert!([400, 404].contains(&answer.status), "{path}: {answer:?}");
        }
        for method in ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"] {
            assert_eq!(process.send(method, &format!("/{name}"), JSON, &body).status, 404);
        }
    }
    let folder = process.folder.path().join("stdout");
    let log = std::fs::read_to_string(folder).unwrap();
    for line in log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let is_trigger = subject.triggers.iter().any(|trigger| line["endpoint"] == trigger.name);
        assert!(!is_trigger, "a trigger was reached: {line}");
    }
}

/// Asks for each endpoint without `/api`, without its app, and by other spellings of both.
pub fn a19_an_endpoint_answers_under_api_and_its_app_alone(subject: &Subject) {
    let process = subject.start();
    let app = subject.app;
    for endpoint in &subject.endpoints {
        let (path, method) = (endpoint.path, endpoint.method.name());
        for path in [
            format!("/{app}{path}"),
            path.to_owned(),
            format!("/api{path}"),
            format!("/API/{app}{path}"),
            format!("//api/{app}{path}"),
            format!("/api//{app}{path}"),
            format!("/%61pi/{app}{path}"),
            format!("/x/../api/{app}{path}"),
            format!("/api/{}{path}", app.to_ascii_uppercase()),
        ] {
            assert_eq!(process.send(method, &path, "", "").status, 404, "{method} {path}");
        }
        let path = format!("/api/{app}{path}");
        assert_ne!(process.send(method, &path, "", "").status, 404, "{method} {path}");
    }
}

/// Asks whether the host would find exactly what the program answers to.
pub fn a22_its_triggers_are_its_function_folders(subject: &Subject) {
    let home = format!("docs/generated/functions/{}/", subject.app);
    let written = tree::files(&home).into_iter().map(|path| path.replacen(&home, "", 1));
    let written: BTreeSet<_> =
        written.map(|path| path.trim_end_matches("/function.json").to_owned()).collect();
    let made = function_folders(subject.app, &subject.endpoints, &subject.triggers);
    assert_eq!(written, made.keys().cloned().collect());
    for (name, folder) in &made {
        let path = format!("{home}{name}/function.json");
        assert_eq!(&serde_json::from_str::<Value>(&tree::read(&path)).unwrap(), folder);
    }
    let process = subject.start();
    for name in written.iter().filter(|name| *name != "http") {
        let answer = process.send("POST", &format!("/{name}"), JSON, "{}");
        answer.assert_problem(400, "envelope");
    }
}

/// Asks as the host would without `enableProxyingHttpRequest`: a body in chunks is dropped when it forwards, and an envelope comes instead of a
/// request otherwise. What came incomplete is refused with a reason, and never taken for something else.
pub fn a23_what_forwarding_and_envelopes_lose_is_refused(subject: &Subject) {
    let process = subject.start();
    for (path, endpoint) in subject.public_posts() {
        assert_eq!(endpoint.method, Method::Post);
        let answer = process.send("POST", &path, JSON, "");
        answer.assert_problem(400, "validation");
        assert!(answer.json()["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
        let request =
            json!({"Url": path, "Method": "POST", "Query": {}, "Headers": {}, "Body": "{}"});
        let envelope = json!({"Data": {"req": request}, "Metadata": {}}).to_string();
        process.send("POST", "/http", JSON, &envelope).assert_problem(404, "not-found");
    }
}
