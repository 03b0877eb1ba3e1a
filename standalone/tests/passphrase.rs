//! The binary with a root key under a passphrase: it starts, starts again and answers; without the passphrase it does nothing at all.

#![expect(
    clippy::unwrap_used,
    reason = "clippy takes what is outside a #[test] for production code"
)]

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::SystemTime,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::caller::get;

/// A server of this folder, told where the passphrase stands if anywhere.
fn serve(folder: &Path, passphrase: Option<&str>, more: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_proofline"));
    command.args(["serve", "--port", "0", "--json"]).args(more).env_clear().current_dir(folder);
    if let Some(file) = passphrase {
        command.env("PROOFLINE_ROOT_PASSPHRASE_FILE", folder.join(file));
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// A folder with a passphrase that counts and one that does not.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("right"), "correct horse battery staple\n").unwrap();
    fs::write(folder.path().join("wrong"), "correct horse battery stable\n").unwrap();
    folder
}

/// The keys of access tokens that a server publishes, whose secret halves it had to unwrap; then it ends.
async fn published(mut child: Child) -> Value {
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let said: Value = serde_json::from_str(&line).unwrap_or_default();
    let url = said.get("url").and_then(Value::as_str).unwrap_or_default().to_owned();
    let (status, keys) = get(&format!("{url}/.well-known/jwks.json")).await;
    let kill = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(kill.unwrap().success());
    let ended = child.wait_with_output().unwrap();
    assert_eq!((status, ended.status.code()), (200, Some(0)), "{}", said_on_stderr(&ended));
    keys
}

fn said_on_stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Every file of the folder: what it holds, and when it was written.
fn files(folder: &Path) -> BTreeMap<PathBuf, (SystemTime, Vec<u8>)> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            let written = fs::metadata(&path).unwrap().modified().unwrap();
            files.insert(path.clone(), (written, fs::read(&path).unwrap()));
        }
    }
    files
}

#[tokio::test]
async fn it_starts_and_starts_again_with_the_passphrase_and_does_nothing_without_it() {
    let folder = folder();
    let first = published(serve(folder.path(), Some("right"), &[])).await;
    let root_key = fs::read_to_string(folder.path().join("proofline-data/root.key")).unwrap();
    assert!(root_key.contains("argon2id"), "{root_key}");

    let before = files(folder.path());
    for (passphrase, says) in [
        (Some("wrong"), "the passphrase is not the one of"),
        (
            None,
            "is under a passphrase; set PROOFLINE_ROOT_PASSPHRASE or PROOFLINE_ROOT_PASSPHRASE_FILE",
        ),
        (Some("nowhere"), "PROOFLINE_ROOT_PASSPHRASE_FILE names"),
    ] {
        let ended = serve(folder.path(), passphrase, &[]).wait_with_output().unwrap();
        let said = said_on_stderr(&ended);
        assert_eq!(ended.status.code(), Some(1), "{passphrase:?}: {said}");
        assert!(said.contains(says), "{passphrase:?}: {said}");
        assert!(ended.stdout.is_empty(), "{passphrase:?}");
        assert!(files(folder.path()) == before, "{passphrase:?} changed a file");
    }

    // Each app as a process of its own opens the same keys.
    assert_eq!(published(serve(folder.path(), Some("right"), &["--processes"])).await, first);
    assert_eq!(first.pointer("/keys").and_then(Value::as_array).map(Vec::len), Some(1), "{first}");
}

/// Whoever sets a passphrase believes that it protects something.
#[tokio::test]
async fn a_root_key_in_the_clear_is_refused_where_a_passphrase_is_set() {
    let folder = folder();
    published(serve(folder.path(), None, &[])).await;
    let before = files(folder.path());
    let ended = serve(folder.path(), Some("right"), &[]).wait_with_output().unwrap();
    let said = said_on_stderr(&ended);
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("is in the clear") && said.contains("root-key protect"), "{said}");
    assert!(files(folder.path()) == before);
}
