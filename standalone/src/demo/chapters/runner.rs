//! The Runner enrols, both sides show the same six words, the owner approves.

use serde_json::{Value, json};

use super::{customer::Customer, owner::Owner, serve::Running};
use crate::demo::{
    bench::{Bench, text},
    site::{self, TlsEndpoint},
    telling::{DemoError, Doing as _, Telling},
};

/// The enrolled Runner and the site that it may look at.
pub(in crate::demo) struct Enrolled {
    /// The Runner.
    pub(in crate::demo) runner: String,
    /// The customer's TLS endpoint.
    pub(in crate::demo) tls: TlsEndpoint,
}

pub(in crate::demo) async fn enrol(
    bench: &Bench,
    running: &Running,
    owner: &Owner,
    customer: &Customer,
    telling: &mut Telling<'_>,
) -> Result<Enrolled, DemoError> {
    telling.chapter("A Runner enrols: a certified key, six words, an approval");
    let body = json!({"name": "demo-runner", "labels": {"site": "demo"}});
    let issued: Value = owner
        .api
        .post("/api/runs/v1/runners/enrolments", &body)
        .await
        .doing("issuing an enrolment")?;
    let token = text(&issued, "/token")?;
    telling.say(format!("Enrolment issued: single use, until {}", text(&issued, "/expires_at")?));
    let tls = site::start_tls(&bench.out.join("site"), time::OffsetDateTime::now_utc()).await?;
    trust(bench, running, customer, &token, &tls).await?;
    telling.say("The local trust policy lists what the Runner may run, reach and disclose, and to whom. Nothing widens it from outside.");
    let enrolled = bench.runner_ok(&["enrol", "--url", &running.url, "--token", &token]).await?;
    let (runner, words) = (text(&enrolled, "/runner")?, enrolled["words"].clone());
    let shown: Value = owner
        .api
        .get(&format!("/api/runs/v1/runners/{runner}"))
        .await
        .doing("reading the Runner")?;
    telling.say(format!("The Runner shows: {}", spoken(&words)));
    telling.claim(
        words == shown["words"] && words.is_array(),
        "the control plane shows the same six words",
        shown.to_string(),
    )?;
    let path = format!("/api/runs/v1/runners/{runner}/approve");
    let approved: Value =
        owner.api.post(&path, &json!({"words": words})).await.doing("approving the Runner")?;
    telling.claim(
        approved["state"] == "active",
        format!("{runner} is active"),
        approved.to_string(),
    )?;
    Ok(Enrolled { runner, tls })
}

/// What the customer's administrator writes into the Runner's trust policy.
async fn trust(
    bench: &Bench,
    running: &Running,
    customer: &Customer,
    token: &str,
    tls: &TlsEndpoint,
) -> Result<(), DemoError> {
    let authority = customer.authority_file()?;
    let control_plane = running.url.trim_start_matches("http://");
    let (endpoint, uname) = (tls.address.to_string(), uname());
    let mut init = vec![
        "trust",
        "init",
        "--token",
        token,
        "--deployment",
        &bench.args.deployment,
        "--authority",
        &authority,
    ];
    for connector in ["file", "command", "http", "tls"] {
        init.extend(["--connector", connector]);
    }
    init.extend(["--program", uname, "--egress", control_plane, "--egress", &endpoint]);
    bench.runner_ok(&init).await?;
    for role in ["author", "approver"] {
        let key = bench.path(&format!("keys/{role}.pub"));
        bench.runner_ok(&["trust", "add-signer", "--key", &key, "--role", role]).await?;
    }
    let viewer = bench.path("keys/viewer.pub");
    bench
        .runner_ok(&[
            "trust",
            "add-viewer",
            "--key",
            &viewer,
            "--name",
            "Grace Hopper",
            "--purpose",
            "audit",
        ])
        .await?;
    let authority = bench.path("keys/authority");
    bench.runner_ok(&["certify", "--authority", &authority, "--name", "demo-runner"]).await?;
    Ok(())
}

/// Where this machine keeps `uname`.
pub(in crate::demo) fn uname() -> &'static str {
    if std::path::Path::new("/usr/bin/uname").exists() { "/usr/bin/uname" } else { "/bin/uname" }
}

fn spoken(words: &Value) -> String {
    let words = words.as_array().into_iter().flatten().filter_map(Value::as_str);
    words.collect::<Vec<_>>().join(" ")
}
