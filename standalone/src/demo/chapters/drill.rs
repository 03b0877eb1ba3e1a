//! A person sees one raw value. The control plane carries the question and the answer, and can read neither.

use std::{fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    Scene,
    procedure::Published,
    run::Run,
    runner::Enrolled,
    serve::{self, Running},
};
use crate::BackendName;
use crate::demo::{
    bench::{Bench, Ran},
    telling::{DemoError, Doing as _, Telling},
};

/// The failing value, in the evidence of the step `payments-config`.
const POINTER: &str = "/content/backend";

pub(in crate::demo) async fn down(
    scene: &Scene<'_>,
    run: &Run,
    telling: &mut Telling<'_>,
) -> Result<(), DemoError> {
    let Scene { bench, running, owner, enrolled, published } = *scene;
    telling.chapter("The owner drills down to the failing value");
    let fresh = owner.step_up().await?;
    telling.say("Ada showed her second factor again; without that, the control plane would not carry the request.");
    fs::write(bench.out.join("keys/token"), &fresh.token).doing("writing the access token")?;
    let home = bench.path("runner");
    let arguments = ["runner", "--home", &home, "--json", "serve", "--long-poll", "5"];
    let mut serving = bench.start(&arguments, "runner.log")?;
    let asked = ask(bench, running, enrolled, run, "viewer").await?;
    let value = asked.json["values"][POINTER].as_str().unwrap_or_default();
    telling.claim(
        value == published.secret,
        format!("{POINTER} = {value}"),
        format!("{} {}", asked.json, asked.stderr),
    )?;
    telling.claim(
        asked.json["proved"] == true,
        "proved against the commitment in the signed statement",
        asked.json.to_string(),
    )?;
    let refused = ask(bench, running, enrolled, run, "unlisted").await?;
    let code = refused.json["code"].as_str().unwrap_or_default().to_owned();
    telling.claim(
        code == "viewer-unlisted",
        "the same request with a key that the customer did not list: the Runner refuses",
        refused.json.to_string(),
    )?;
    serving.kill().await.doing("stopping the Runner")?;
    search(bench, published, run, telling)
}

async fn ask(
    bench: &Bench,
    running: &Running,
    enrolled: &Enrolled,
    run: &Run,
    key: &str,
) -> Result<Ran, DemoError> {
    let (token, pinned, viewer) = (
        bench.path("keys/token"),
        bench.path("keys/runner.pub"),
        bench.path(&format!("keys/{key}")),
    );
    let arguments = [
        "drill",
        "--json",
        "--url",
        &running.url,
        "--token-file",
        &token,
        "--runner",
        &enrolled.runner,
        "--runner-key",
        &pinned,
        "--run",
        &run.run,
        "--evidence",
        &run.evidence,
        "--path",
        POINTER,
        "--purpose",
        "audit",
        "--viewer-key",
        &viewer,
    ];
    bench.proofline(&arguments).await
}

/// The raw value must be nowhere in the control plane: store, blobs, log lines.
fn search(
    bench: &Bench,
    published: &Published,
    run: &Run,
    telling: &mut Telling<'_>,
) -> Result<(), DemoError> {
    let secret = published.secret.as_bytes();
    let needles =
        [secret.to_vec(), STANDARD.encode(secret).into_bytes(), hex::encode(secret).into_bytes()];
    let (mut files, mut bytes, mut hits, mut control) = (0, 0, Vec::new(), 0);
    let places = [bench.out.join(serve::FOLDER), bench.out.join(serve::LOG)];
    for place in places.iter().chain(&bench.args.search) {
        walk(place, &mut |path, content| {
            (files, bytes) = (files + 1, bytes + content.len());
            control += usize::from(holds(content, run.run.as_bytes()));
            if needles.iter().any(|needle| holds(content, needle)) {
                hits.push(path.display().to_string());
            }
        })?;
    }
    let what = match bench.args.backend {
        BackendName::Local => "the control plane's store, blobs and log lines",
        BackendName::Azure => {
            "the control plane's log lines, the events that reached it, and what was sent to Azure if that was kept"
        }
    };
    telling.say(format!("Searched {files} files, {bytes} bytes: {what}."));
    telling.claim(
        control > 0,
        "the search finds what is there (the run's identifier)",
        "it found nothing",
    )?;
    telling.claim(hits.is_empty(), "the raw value is nowhere in the control plane", hits.join(", "))
}

fn walk(path: &Path, visit: &mut dyn FnMut(&Path, &[u8])) -> Result<(), DemoError> {
    const DOING: &str = "searching the control plane";
    if path.is_dir() {
        for entry in fs::read_dir(path).doing(DOING)? {
            walk(&entry.doing(DOING)?.path(), visit)?;
        }
        return Ok(());
    }
    visit(path, &fs::read(path).doing(DOING)?);
    Ok(())
}

fn holds(content: &[u8], needle: &[u8]) -> bool {
    content.windows(needle.len()).any(|window| window == needle)
}
