//! The procedure: written in YAML, linted, signed by two people of the customer, published as an immutable version.

use std::fs;

use serde_json::Value;

use super::{customer::Customer, owner::Owner, runner::Enrolled, runner::uname, serve};
use crate::demo::{
    bench::{Bench, text},
    site,
    telling::{DemoError, Doing as _, Telling},
};

const YAML: &str = include_str!("../procedure.yaml");

/// What the procedure looks at.
pub(in crate::demo) struct Published {
    /// The version's digest.
    pub(in crate::demo) digest: String,
    /// The raw value that must never leave the customer's site.
    pub(in crate::demo) secret: String,
}

pub(in crate::demo) async fn publish(
    bench: &Bench,
    running: &serve::Running,
    owner: &Owner,
    customer: &Customer,
    enrolled: &Enrolled,
    telling: &mut Telling<'_>,
) -> Result<Published, DemoError> {
    telling.chapter("A procedure is linted, signed by two people, and published");
    let secret =
        format!("http://legacy-{}.customer.example:8080", hex::encode(super::owner::random()?));
    site::write_files(&bench.out.join("site"), &secret)?;
    let file = bench.path("procedure.yaml");
    fs::write(&file, fill(bench, running, enrolled)).doing("writing the procedure")?;
    let linted = bench.runner_ok(&["procedures", "lint", &file]).await?;
    let steps = YAML.lines().filter(|line| line.starts_with("  - id:")).count();
    telling.say(format!("{steps} steps; each check ships a fixture over which it must fail, and the lint ran every one."));
    let [author, approver] = customer.signer_seeds()?;
    let half = bench.path("procedure.half.dsse");
    bench.runner_ok(&["procedures", "sign", &file, "--key", &author, "--out", &half]).await?;
    let refused = owner.api.post::<Value>(VERSIONS, &read_json(&half)?).await;
    let code = refused.err().and_then(|error| error.code().map(str::to_owned)).unwrap_or_default();
    telling.claim(
        !code.is_empty(),
        format!("with one signature it is refused ({code})"),
        linted.to_string(),
    )?;
    let signed = bench.path("procedure.dsse");
    bench.runner_ok(&["procedures", "sign", &half, "--key", &approver, "--out", &signed]).await?;
    let version: Value =
        owner.api.post(VERSIONS, &read_json(&signed)?).await.doing("publishing the procedure")?;
    let digest = text(&version, "/digest")?;
    telling.say(format!("Published: {} sha256:{digest}", text(&version, "/version")?));
    Ok(Published { digest, secret })
}

const VERSIONS: &str = "/api/runs/v1/procedures/versions";

fn fill(bench: &Bench, running: &serve::Running, enrolled: &Enrolled) -> String {
    YAML.replace("{control_plane}", &bench.path(serve::FOLDER))
        .replace("{site}", &bench.path("site"))
        .replace("{url}", &running.url)
        .replace("{uname}", uname())
        .replace("{tls_port}", &enrolled.tls.address.port().to_string())
}

fn read_json(file: &str) -> Result<Value, DemoError> {
    let text = fs::read_to_string(file).doing("reading a signed procedure")?;
    serde_json::from_str(&text).doing("reading a signed procedure")
}
