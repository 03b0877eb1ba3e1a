//! `cargo xtask verify-page`: the verifier as WebAssembly, and the one page that holds it.
//!
//! Both files are committed, so that nobody needs to build them in order to verify a log, and built again and compared, so that nobody needs to
//! trust whoever committed them.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use anyhow::{Context, ensure};

use crate::{
    progress::say,
    steps,
    workspace::{cargo, root},
};

const TARGET: &str = "wasm32-unknown-unknown";
const PROFILE: &str = "verifier";
const FOLDER: &str = "inspector/page";
/// Characters in a line of base64, so that the page can be looked at.
const LINE: usize = 120;

/// Builds both files; writes them, or compares them with what is committed.
pub(crate) fn run(only_check: bool) -> anyhow::Result<ExitCode> {
    check_tools()?;
    build()?;
    let module = fs::read(built()).context("the verifier was not built")?;
    let page = page(&root().join(FOLDER).join("parts"), &module)?;
    let files = [("verify.wasm", module), ("verify.html", page.into_bytes())];
    for (name, content) in &files {
        let path = root().join(FOLDER).join(name);
        if only_check {
            compare(&path, content)?;
        } else {
            fs::write(&path, content)
                .with_context(|| format!("{} cannot be written", path.display()))?;
        }
        say(format_args!("{FOLDER}/{name}: {} bytes", content.len()));
    }
    Ok(ExitCode::SUCCESS)
}

fn compare(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let committed = fs::read(path).unwrap_or_default();
    ensure!(
        committed == content,
        "{} is not what its sources give; run cargo xtask verify-page and look at why it differs",
        path.display()
    );
    Ok(())
}

/// Says what is missing before the build does.
fn check_tools() -> anyhow::Result<()> {
    let mut rustc = Command::new("rustc");
    rustc.args(["--print", "target-libdir", "--target", TARGET]).current_dir(root());
    let output = rustc.output().context("rustc cannot be started")?;
    let library = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    ensure!(
        Path::new(&library).is_dir(),
        "Rust's library for {TARGET} is missing: run rustup target add {TARGET}"
    );
    Ok(())
}

/// The same sources give the same bytes, wherever they lie: messages name files from roots that are no machine's.
fn build() -> anyhow::Result<()> {
    let registry = cargo_home().join("registry/src");
    let remapped = [(root(), "/proofline"), (registry, "/registry")];
    let remap =
        |(place, name): &(PathBuf, &str)| format!("--remap-path-prefix={}={name}", place.display());
    let mut flags: Vec<_> = remapped.iter().map(remap).collect();
    flags.push("-Ctarget-feature=+simd128".to_owned());
    let mut build = cargo(&["build", "--locked", "--package", "verify-page", "--lib"]);
    build.args(["--profile", PROFILE, "--target", TARGET]);
    build.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}")).env_remove("RUSTFLAGS");
    steps::run(&mut build)
}

fn built() -> PathBuf {
    let target = variable("CARGO_TARGET_DIR")
        .map_or_else(|| root().join("target"), |folder| root().join(folder));
    target.join(TARGET).join(PROFILE).join("verify_page.wasm")
}

/// The page with its parts put in.
fn page(parts: &Path, module: &[u8]) -> anyhow::Result<String> {
    let part = |name: &str| {
        let path = parts.join(name);
        fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))
    };
    let mut page = part("page.html")?;
    for (place, content) in [
        ("{{style}}", part("style.css")?),
        ("{{worker}}", part("worker.js")?),
        ("{{page}}", part("page.js")?),
        ("{{module}}", base64(module)),
    ] {
        ensure!(page.matches(place).count() == 1, "page.html does not have {place} exactly once");
        ensure!(!content.contains("</script"), "what comes to {place} would end its element");
        page = page.replace(place, content.trim_end());
    }
    Ok(page)
}

/// RFC 4648 §4, in lines.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for (place, group) in bytes.chunks(3).enumerate() {
        if place > 0 && (place * 4).is_multiple_of(LINE) {
            text.push('\n');
        }
        let bits = (0..3)
            .fold(0_usize, |bits, at| bits << 8 | usize::from(group.get(at).copied().unwrap_or(0)));
        for digit in 0..4 {
            let letter = ALPHABET.get(bits >> (18 - 6 * digit) & 63).copied().unwrap_or(b'=');
            text.push(char::from(if digit > group.len() { b'=' } else { letter }));
        }
    }
    text
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

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4648 §10.
    #[test]
    fn base64_is_that_of_the_rfc() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
        assert_eq!(base64(&[0; 91]).lines().map(str::len).collect::<Vec<_>>(), [120, 4]);
    }

    #[test]
    fn the_page_holds_every_part_and_asks_for_nothing_else() {
        let page = page(&root().join(FOLDER).join("parts"), b"wasm").unwrap();
        assert!(page.contains("d2FzbQ==") && !page.contains("{{"), "every part was put in");
        assert!(page.contains("default-src 'none'"));
        for outside in ["http:", "https:", "src=", "href=", "@import", "url("] {
            assert!(!page.contains(outside), "{outside}");
        }
    }

    #[test]
    fn what_differs_from_what_is_committed_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("verify.wasm");
        assert!(compare(&path, b"new").is_err());
        fs::write(&path, b"new").unwrap();
        assert!(compare(&path, b"new").is_ok() && compare(&path, b"newer").is_err());
    }
}
