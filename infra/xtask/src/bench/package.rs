//! Packages as they are deployed: how large they are, and how soon they answer.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::Context;
use ports::Identity;
use serde::Deserialize;

use super::{
    counterparts::{Site, measured},
    process::{Running, START_GOAL_MS, STARTS, free_port},
    table::{Goal, Row},
    verify::median,
};
use crate::{package, progress::say, workspace::root};

const PACKAGES: &str = "target/packages";
const BINARY_GOAL_MIB: f64 = 12.0;
const ZIP_GOAL_MIB: f64 = 6.0;
const MIB: f64 = 1024.0 * 1024.0;

/// What opening an app waits for, part by part.
#[derive(Deserialize)]
struct Parts {
    app: String,
    unwrapped: u32,
    documents_ms: f64,
    vault_ms: f64,
    ports_ms: f64,
    keyring_ms: f64,
}

#[derive(Deserialize)]
struct Opening {
    start: Vec<Parts>,
}

pub(super) fn measure() -> anyhow::Result<Vec<Row>> {
    let packages = root().join(PACKAGES);
    // Cargo knows what is fresh.
    package::run(&packages, &[], false)?;
    let mut rows = Vec::new();
    for app in apps(&packages) {
        rows.extend(sizes(&packages, app)?);
    }
    say("starts of the packages, in front of what stands for Azure");
    let site = Site::start()?;
    let opening: Opening = measured(&["start"], &site.settings)?;
    for app in apps(&packages) {
        let parts = opening.start.iter().find(|parts| parts.app == app);
        rows.push(start(&site, &packages, app, parts.context("no parts of its start")?)?);
    }
    Ok(rows)
}

fn apps(packages: &Path) -> impl Iterator<Item = &'static str> {
    let names = Identity::ALL.into_iter().map(Identity::name);
    names.filter(|name| handler(packages, name).is_file())
}

fn handler(packages: &Path, app: &str) -> PathBuf {
    packages.join(app).join("handler")
}

fn sizes(packages: &Path, app: &str) -> anyhow::Result<[Row; 2]> {
    let row = |name, path: &Path, goal, note: &str| {
        let bytes = fs::metadata(path).with_context(|| path.display().to_string())?.len();
        anyhow::Ok(Row {
            name: format!("package `{app}`: {name}"),
            figure: f64::from(u32::try_from(bytes)?) / MIB,
            unit: "MiB",
            goal: Goal::AtMost(goal),
            note: format!("{bytes} bytes, {note}"),
            why: "",
        })
    };
    let zip = packages.join(format!("{app}.zip"));
    Ok([
        row(
            "binary",
            &handler(packages, app),
            BINARY_GOAL_MIB,
            "static and stripped, as `cargo xtask package` makes it",
        )?,
        row("zip", &zip, ZIP_GOAL_MIB, "what is deployed")?,
    ])
}

fn start(site: &Site, packages: &Path, app: &str, parts: &Parts) -> anyhow::Result<Row> {
    // The parts were measured before: the app's keys exist.
    let starts =
        (0..STARTS).map(|_| once(site, packages, app)).collect::<anyhow::Result<Vec<_>>>()?;
    let (walls, used): (Vec<_>, Vec<_>) = starts.into_iter().unzip();
    let Parts { unwrapped, documents_ms, vault_ms, ports_ms, keyring_ms, .. } = parts;
    Ok(Row {
        name: format!("package `{app}`: start to first answer"),
        figure: median(walls)?,
        unit: "ms",
        goal: Goal::AtMost(START_GOAL_MS),
        note: format!(
            "median of {STARTS}; documents, keys, blobs, queues and mail on Azure's counterparts on this machine, keys exist; {:.1} ms of it the handler's own \
             processor time. Parts by themselves: token, account and containers {documents_ms:.1} ms; token, challenge and public keys of the vault \
             {vault_ms:.1} ms; all ports at once {ports_ms:.1} ms; {unwrapped} keys read and unwrapped {keyring_ms:.1} ms",
            median(used)?
        ),
        why: "The goal is that of a store inside the process. Here an app answers only when it has looked whether everything that it needs is there: it \
              waits for tokens, for TLS with the storage account and the vault, for each container's description, and for the vault to decrypt \
              each key, one after the other; what stands for Azure works on the same two processors. The handler's own processor time is more than \
              the goal by itself. In a profile, about a third of it is AWS-LC collecting entropy from timing before its first random number, and \
              most of what else stands out is reading the system's root certificates.",
    })
}

/// Milliseconds until the first answer, and how many of them the handler had a processor.
fn once(site: &Site, packages: &Path, app: &str) -> anyhow::Result<(f64, f64)> {
    let port = free_port()?;
    let mut command = Command::new(handler(packages, app));
    command
        .env_clear()
        .envs(site.settings.iter().cloned())
        .env("PROOFLINE_PUBLIC_URL", "https://site.proofline.example")
        .env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let started = Instant::now();
    let running = Running::start(&mut command, port)?;
    let wall = started.elapsed().as_secs_f64() * 1e3;
    Ok((wall, used_ms(running.id())?))
}

/// Milliseconds that the threads of a process have had a processor (Linux).
fn used_ms(process: u32) -> anyhow::Result<f64> {
    let mut nanoseconds = 0.0;
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        // A thread that ended meanwhile is not counted.
        let Ok(text) = fs::read_to_string(thread?.path().join("schedstat")) else { continue };
        nanoseconds +=
            text.split_whitespace().next().context("schedstat is empty")?.parse::<f64>()?;
    }
    Ok(nanoseconds / 1e6)
}
