//! The client's commands as a person and a script use them, against a real control plane.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "clippy takes what is outside a #[test] for production code"
)]

mod administration;
mod credentials;
mod export;
mod site;

use std::process::Stdio;

use serde_json::Value;

use site::{Site, code, said};

#[test]
fn an_owner_comes_in_works_and_goes() {
    let site = Site::start();
    let output = site.run(&["whoami", "--json"]);
    assert_eq!(
        (output.status.code(), said(&output.stderr)["code"].as_str()),
        (Some(1), Some("signed-out"))
    );

    let secret = site.come_in();
    let me = site.json(&["whoami"]);
    assert_eq!(me["email"], "ada@customer.example");
    let devices = site.json(&["sessions", "list"]);
    assert_eq!(devices.as_array().unwrap().len(), 1);
    assert!(String::from_utf8(site.run(&["sessions"]).stdout).unwrap().starts_with("SESSION"));

    let invited = site.json(&["runners", "invite", "ams-1", "--label", "site=ams"]);
    assert!(invited["token"].as_str().unwrap().len() > 40, "{invited}");
    assert_eq!(site.json(&["runners", "list"]), Value::from(Vec::<Value>::new()));
    assert!(site.run(&["step-up", "--code", &code(&secret, 0)]).status.success());
    let wrong = site.run(&["step-up", "--code", "000000", "--json"]);
    assert_eq!((wrong.status.code(), said(&wrong.stderr)["status"].as_u64()), (Some(1), Some(401)));

    assert!(site.run(&["logout"]).status.success());
    assert_eq!(site.run(&["whoami"]).status.code(), Some(1));
    assert!(!site.folder.path().join("me/session.json").exists());
}

#[test]
fn what_must_be_asked_is_not_guessed_where_nobody_answers() {
    let site = Site::start();
    let output = site.run(&["login", "--url", &site.url, "--email", "a@b.example", "--json"]);
    assert_eq!(
        (output.status.code(), said(&output.stderr)["code"].as_str()),
        (Some(2), Some("no-terminal"))
    );
    let output = site
        .command(&["whoami", "--json"])
        .env("PROOFLINE_TOKEN", "pfl_x")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(
        (output.status.code(), said(&output.stderr)["code"].as_str()),
        (Some(2), Some("usage"))
    );
}
