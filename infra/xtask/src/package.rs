//! `cargo xtask package`: each function app as the Functions host unpacks it.
//!
//! In scope: one static binary for each app, with the backend in Azure alone; `host.json` and one folder for each function beside it; a zip whose
//! bytes depend on nothing but these; every rule that a package has to keep. Out of scope: putting packages anywhere.

mod archive;
mod binary;
mod build;
mod features;
mod functions;
mod layout;
mod sizes;
mod start;
mod table;

use std::{
    fs,
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use sha2::{Digest, Sha256};

use crate::{
    package::{layout::Layout, table::Row},
    progress::{duration, say},
    workspace::root,
};

/// Builds the apps (all of them, if none is named) and writes `out/<app>/` and `out/<app>.zip`.
pub(crate) fn run(out: &Path, named: &[String], as_json: bool) -> anyhow::Result<ExitCode> {
    let apps = chosen(named, build::apps()?)?;
    build::check_tools()?;
    features::check(&apps)?;
    let time = build(&apps)?;
    let rows = apps.iter().map(|app| package(app, out)).collect::<anyhow::Result<Vec<_>>>()?;
    if as_json {
        say(table::json(&rows, time)?);
    } else {
        say(table::text(&rows));
        say(format_args!(
            "packages: {} in {} (built in {})",
            rows.len(),
            out.display(),
            duration(time)
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn chosen(named: &[String], apps: Vec<String>) -> anyhow::Result<Vec<String>> {
    if let Some(unknown) = named.iter().find(|name| !apps.contains(name)) {
        anyhow::bail!("there is no app {unknown:?}; the apps are {}", apps.join(", "));
    }
    if named.is_empty() {
        return Ok(apps);
    }
    Ok(apps.into_iter().filter(|app| named.contains(app)).collect())
}

fn build(apps: &[String]) -> anyhow::Result<Duration> {
    let started = Instant::now();
    build::run(apps)?;
    Ok(started.elapsed())
}

/// Writes one package, and asks everything of it that a package has to be.
fn package(app: &str, out: &Path) -> anyhow::Result<Row> {
    let context = || format!("the package of {app} cannot be used");
    let layout = Layout::read(app, &root()).with_context(context)?;
    layout.check(&fs::read(root().join("host.json"))?).with_context(context)?;
    let handler = layout.handler()?;
    binary::check(handler).with_context(context)?;
    let zip = archive::of(&layout).with_context(context)?;
    ensure!(zip == archive::of(&layout)?, "{app}.zip came out differently the second time");
    sizes::check(handler.len(), zip.len()).with_context(context)?;
    layout.write(&out.join(app))?;
    start::check(&out.join(app)).with_context(context)?;
    let place = out.join(format!("{app}.zip"));
    fs::write(&place, &zip).with_context(|| format!("{} cannot be written", place.display()))?;
    Ok(Row { app: app.to_owned(), handler: handler.len(), zip: zip.len(), digest: digest(&zip) })
}

/// SHA-256 as lower-case hexadecimal digits.
fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn without_a_name_every_app_is_packaged_and_an_unknown_one_is_refused() {
        let apps = names(&["audit", "auth"]);
        assert_eq!(chosen(&[], apps.clone()).unwrap(), apps);
        assert_eq!(chosen(&names(&["auth"]), apps.clone()).unwrap(), ["auth"]);
        let error = chosen(&names(&["auth", "trust"]), apps).unwrap_err();
        assert_eq!(error.to_string(), "there is no app \"trust\"; the apps are audit, auth");
    }

    /// FIPS 180-4: the digest of "abc".
    #[test]
    fn a_digest_is_sha_256_in_hexadecimal() {
        assert_eq!(
            digest(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
