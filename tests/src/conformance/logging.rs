//! A11, A13, A20, A21: what is said on stdout and stderr, and what never is.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    process::{INVOCATION, JSON},
    subject::{Subject, envelope, input},
};

/// Asks for refusals, and looks for them in the log: the host drops what a failed answer says.
pub fn a11_a_failure_is_logged_with_its_invocation(subject: &Subject) {
    let process = subject.start();
    for trigger in &subject.triggers {
        process.invoke(trigger, &json!({"Data": {}})).assert_problem(400, "envelope");
    }
    let ended = process.end();
    assert_eq!(ended.answers().len(), subject.triggers.len());
    for (line, trigger) in ended.answers().iter().zip(&subject.triggers) {
        assert_eq!(line["endpoint"], trigger.name);
        assert_eq!((&line["status"], &line["class"]), (&json!(400), &json!("envelope")));
        assert_eq!((&line["level"], &line["invocation.id"]), (&json!("WARN"), &json!(INVOCATION)));
    }
}

/// Asks with a name of our own before the host's, as a client can.
pub fn a13_the_last_invocation_id_counts(subject: &Subject) {
    let process = subject.start();
    let two = format!(
        "x-azure-functions-invocationid: 11111111-1111-1111-1111-111111111111\r\n{JSON}X-Azure-Functions-InvocationId: {INVOCATION}\r\n"
    );
    for trigger in &subject.triggers {
        let body = envelope(trigger, input(trigger)).to_string();
        process.send("POST", &format!("/{}", trigger.name), &two, &body);
    }
    process.send("GET", &format!("/api/{}/none", subject.app), &two, "");
    let ended = process.end();
    assert_eq!(ended.answers().len(), subject.triggers.len() + 1);
    assert!(ended.answers().iter().all(|line| line["invocation.id"] == INVOCATION));
}

/// Asks with a secret in every place where one can be, with the loudest log, and looks for it.
pub fn a20_secrets_are_never_logged(subject: &Subject) {
    const SECRET: &str = "swordfish";
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let process = subject.start_with(&folder, &[("PROOFLINE_LOG", "trace")]);
    let headers = format!(
        "authorization: Bearer {SECRET}\r\nx-functions-key: {SECRET}\r\ncookie: a={SECRET}\r\n\
         x-ms-client-principal: {SECRET}\r\nproofline-tenant: {SECRET}\r\nuser-agent: {SECRET}\r\n{JSON}"
    );
    let body =
        json!({"token": SECRET, "email": SECRET, "password": SECRET, "refresh_token": SECRET})
            .to_string();
    for endpoint in &subject.endpoints {
        let path = format!("/api/{}{}?code={SECRET}", subject.app, endpoint.path);
        process.send(endpoint.method.name(), &path, &headers, &body);
    }
    for trigger in &subject.triggers {
        let path = format!("/{}?code={SECRET}", trigger.name);
        for input in [input(trigger), json!(SECRET), json!(format!("\"{SECRET}\""))] {
            let envelope = json!({"Data": {trigger.binding(): input}, "Metadata": {"Id": SECRET}});
            process.send("POST", &path, &headers, &envelope.to_string());
        }
    }
    process.send("GET", &format!("/{SECRET}?code={SECRET}"), &headers, "");
    process.send("GET", &format!("/api/{}/{SECRET}", subject.app), &headers, "");
    let ended = process.end();
    assert!(!ended.answers().is_empty());
    let said = [ended.stdout.as_str(), ended.stderr.as_str()];
    let line = said.iter().flat_map(|text| text.lines()).find(|line| line.contains(SECRET));
    assert_eq!(line, None);
}

/// Asks for successes and refusals, and reads the log as the host does: line by line.
pub fn a21_each_log_line_is_one_json_object_on_stdout(subject: &Subject) {
    let process = subject.start();
    for trigger in &subject.triggers {
        process.invoke_well(trigger);
        process.invoke(trigger, &json!(null));
    }
    process.send("GET", "/nothing\x1b[31m", "", "");
    process.send("GET", "/api/nothing", "", "");
    let ended = process.end();
    assert_eq!(ended.stderr, "", "stderr is for errors");
    assert!(!ended.stdout.contains('\x1b') && ended.stdout.ends_with('\n'));
    for line in ended.stdout.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(line.is_object() && line["timestamp"].is_string() && line["level"].is_string());
    }
}
