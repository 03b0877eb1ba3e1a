//! The first thing that a handler does: without settings it says which ones it wants, and ends as a failure.

use std::{
    path::Path,
    process::{Command, Output},
};

use anyhow::{Context, ensure};

/// The one setting that every handler wants from the Functions host.
const PORT: &str = "FUNCTIONS_CUSTOMHANDLER_PORT";

/// Starts the handler of the package in `folder`, with nothing in its environment.
pub(super) fn check(folder: &Path) -> anyhow::Result<()> {
    let folder = folder.canonicalize()?;
    let output = match alone(&folder) {
        Some(output) => output,
        None => Command::new(folder.join("handler"))
            .env_clear()
            .output()
            .context("the handler cannot be started")?,
    };
    is_refusal(output.status.code(), &String::from_utf8_lossy(&output.stderr))
}

/// The same where it sees nothing but its package. `None` where this user may not change the root.
fn alone(folder: &Path) -> Option<Output> {
    let mut unshare = Command::new("unshare");
    unshare.arg("--map-root-user").arg("--root").arg(folder).arg("/handler");
    let output = unshare.env_clear().output().ok()?;
    (!output.stderr.starts_with(b"unshare:")).then_some(output)
}

/// Whether a handler that was started without settings ended as it should. The Functions host starts it again unless it ends with 0, and takes 200
/// for a wish to be started again.
fn is_refusal(code: Option<i32>, stderr: &str) -> anyhow::Result<()> {
    let code = code.with_context(|| format!("the handler was killed: {stderr}"))?;
    ensure!(!matches!(code, 0 | 200), "without settings, the handler ended with {code}");
    ensure!(
        stderr.contains("PROOFLINE_BACKEND") || stderr.contains(PORT),
        "without settings, the handler did not say which ones it wants: {stderr:?}"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPLAINT: &str = "the settings cannot be used:\n  PROOFLINE_BACKEND is not set\n";

    #[test]
    fn a_handler_without_settings_says_so_and_fails() {
        is_refusal(Some(1), COMPLAINT).unwrap();
        is_refusal(Some(1), "FUNCTIONS_CUSTOMHANDLER_PORT is not set").unwrap();
        assert!(is_refusal(Some(0), COMPLAINT).is_err());
        assert!(is_refusal(Some(200), COMPLAINT).is_err());
        assert!(is_refusal(None, COMPLAINT).is_err());
        assert!(is_refusal(Some(101), "thread 'main' panicked").is_err());
    }
}
