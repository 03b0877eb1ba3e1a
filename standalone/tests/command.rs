//! The binary as it is started by people and scripts.

#![expect(
    clippy::unwrap_used,
    reason = "clippy takes what is outside a #[test] for production code"
)]

use std::{
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
    process::{Child, Command, Stdio},
};

use serde_json::Value;

fn proofline(folder: &Path, arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_proofline"))
        .args(arguments)
        .env_clear()
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn end(child: &Child) {
    assert!(
        Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success()
    );
}

#[test]
fn it_serves_by_itself_says_where_in_json_and_ends_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = proofline(folder.path(), &["--port", "0", "--json"]);
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let said: Value = serde_json::from_str(&line).unwrap();
    assert!(said["url"].as_str().unwrap().starts_with("http://127.0.0.1:"));
    assert!(said["invitation"].as_str().unwrap().starts_with("pfl_inv_"));
    assert!(Path::new(said["data"].as_str().unwrap()).join("store.sqlite").exists());
    end(&child);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[test]
fn what_cannot_be_is_said_in_a_sentence_and_ends_with_1() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = proofline(folder.path(), &["serve", "--port", "0", "--public-url", "ftp://x"]);
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert!(said.contains("PROOFLINE_PUBLIC_URL") && said.contains("https"), "{said}");
}
