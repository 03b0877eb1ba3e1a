//! One build of all apps, as they are shipped.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail, ensure};

use crate::{
    steps,
    workspace::{cargo, root},
};

/// Where the Functions host runs: Linux on x86-64, with nothing else in the root.
pub(super) const TARGET: &str = "x86_64-unknown-linux-musl";

/// The profile of what is shipped; see the root `Cargo.toml`.
const PROFILE: &str = "ship";

/// The variable that tells build scripts which C compiler makes code for [`TARGET`].
const C_COMPILER: &str = "CC_x86_64_unknown_linux_musl";

/// What makes C code (AWS-LC) for [`TARGET`], if nobody says otherwise.
const MUSL_GCC: &str = "musl-gcc";

/// A static program has tens of thousands of relocations of 24 bytes each. Packed (`DT_RELR`), they take a fiftieth. A linker that cannot do it
/// ignores the wish; musl reads them since 1.2.4.
const PACKED_RELOCATIONS: &str = "-Clink-arg=-Wl,-z,pack-relative-relocs";

/// Every app that has a custom handler: the folders of `functions/` with a `main.rs`.
pub(super) fn apps() -> anyhow::Result<Vec<String>> {
    let mut apps = Vec::new();
    for entry in fs::read_dir(root().join("functions"))? {
        let entry = entry?;
        if entry.path().join("src/main.rs").is_file() {
            apps.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    apps.sort();
    ensure!(!apps.is_empty(), "functions/ holds no app");
    Ok(apps)
}

/// Where the build puts the handler of `app`.
pub(super) fn handler(app: &str) -> PathBuf {
    target_folder().join(TARGET).join(PROFILE).join(app)
}

/// Says what is missing before minutes of work, not after.
pub(super) fn check_tools() -> anyhow::Result<()> {
    ensure!(has_target(), "Rust's library for {TARGET} is missing: run rustup target add {TARGET}");
    let compiler = c_compiler();
    if Command::new(&compiler).arg("--version").output().is_err() {
        bail!(
            "the C compiler {compiler} is missing: install the package musl-tools (Debian, Ubuntu), or name another compiler for musl in {C_COMPILER}"
        );
    }
    Ok(())
}

/// Nothing unwinds through C, so it needs no tables for it.
fn c_flags() -> String {
    let paths = remapped("-ffile-prefix-map").join(" ");
    format!("{paths} -fno-asynchronous-unwind-tables -fno-unwind-tables")
}

/// One invocation for all apps, so that they share one graph: what `tests/cosmos` switches on in the SDK is not part of it.
pub(super) fn run(apps: &[String]) -> anyhow::Result<()> {
    let mut build = cargo(&["build", "--locked", "--profile", PROFILE, "--target", TARGET]);
    build.args(selection(apps)).env(C_COMPILER, c_compiler());
    let mut flags = remapped("--remap-path-prefix");
    flags.push(PACKED_RELOCATIONS.to_owned());
    flags.extend(folding());
    build.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
    build.env("CFLAGS_x86_64_unknown_linux_musl", c_flags());
    steps::run(&mut build)
}

/// The apps as shipped: each without its default features, which are for one machine.
pub(super) fn selection(apps: &[String]) -> Vec<String> {
    let mut arguments = vec!["--no-default-features".to_owned()];
    arguments.extend(apps.iter().flat_map(|app| ["--package".to_owned(), app.clone()]));
    arguments
}

/// Has Rust's own linker (LLD), if it is there as rustup installs it, fold functions that turned out the same: a hundredth of a binary. Nothing here
/// tells functions apart by their address.
fn folding() -> Vec<String> {
    let host = |library: &Path| library.parent()?.join("bin/gcc-ld").into();
    let folder: Option<PathBuf> = library(None).as_deref().and_then(host);
    let Some(folder) = folder.filter(|folder| folder.join("ld.lld").is_file()) else {
        return Vec::new();
    };
    let flag = |argument: &str| format!("-Clink-arg={argument}");
    vec![flag(&format!("-B{}", folder.display())), flag("-fuse-ld=lld"), flag("-Wl,--icf=all")]
}

/// Messages name source files. Named from the roots, they say nothing about the machine, are the same on every machine, and are short: a thousand of
/// them are in each binary. Of places that begin alike the last counts.
fn remapped(option: &str) -> Vec<String> {
    let registry = cargo_home().join("registry/src");
    let indexes = fs::read_dir(&registry).into_iter().flatten().flatten();
    let mut registries: Vec<_> = indexes.map(|index| index.path()).collect();
    registries.push(registry);
    registries.sort();
    let registries = registries.into_iter().map(|place| (place, "/registry"));
    let places = [(root(), "/proofline")].into_iter().chain(registries);
    places.map(|(place, name)| format!("{option}={}={name}", place.display())).collect()
}

fn has_target() -> bool {
    library(Some(TARGET)).is_some_and(|library| library.is_dir())
}

/// Where rustc keeps the libraries for a target, of this machine's unless it is named.
fn library(target: Option<&str>) -> Option<PathBuf> {
    let mut rustc = Command::new("rustc");
    rustc.args(["--print", "target-libdir"]).current_dir(root());
    if let Some(target) = target {
        rustc.args(["--target", target]);
    }
    let output = rustc.output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).trim().into())
}

fn c_compiler() -> String {
    variable(C_COMPILER).unwrap_or_else(|| MUSL_GCC.to_owned())
}

fn target_folder() -> PathBuf {
    variable("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |folder| root().join(folder))
}

fn cargo_home() -> PathBuf {
    let home = || env::home_dir().unwrap_or_default().join(".cargo");
    variable("CARGO_HOME").map_or_else(home, PathBuf::from)
}

#[expect(
    clippy::disallowed_methods,
    reason = "what the tools of a build are told, not the product"
)]
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// The bytes of a built handler.
pub(super) fn read(app: &str) -> anyhow::Result<Vec<u8>> {
    let place = handler(app);
    fs::read(&place).with_context(|| format!("{} cannot be read", place.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_apps_are_the_folders_with_a_main() {
        assert_eq!(apps().unwrap(), ["audit", "auth", "purge", "runs", "signer"]);
    }

    #[test]
    fn apps_are_built_without_what_is_for_one_machine() {
        let apps = ["auth".to_owned(), "runs".to_owned()];
        let expected = ["--no-default-features", "--package", "auth", "--package", "runs"];
        assert_eq!(selection(&apps), expected);
    }
}
