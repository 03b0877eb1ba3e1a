//! The demo itself: whatever it claims is so, on this machine, from the invitation to the altered byte.

use std::process::Command;

use serde_json::Value;

#[test]
fn everything_that_the_demo_claims_is_so() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let demo = Command::new(env!("CARGO_BIN_EXE_proofline"))
        .args(["demo", "--json", "--out"])
        .arg(&out)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&demo.stdout);
    let story: Value =
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"));
    assert_eq!(story["ok"], true, "{story:#}");
    assert_eq!(demo.status.code(), Some(0));
    assert!(story["claims"].as_u64() >= Some(27), "{story:#}");
    let duration_s = story["duration_s"].as_f64().unwrap();
    assert!(duration_s > 0.0, "{duration_s}");
    for left in [
        "log.audit.zip",
        "altered.audit.zip",
        "witnessed.audit.zip",
        "policy.txt",
        "control-plane",
        "runner",
        "procedure.dsse",
    ] {
        assert!(out.join(left).exists(), "{left} is left for inspection");
    }
}

/// A folder that no demo made may hold somebody's work.
#[test]
fn a_folder_that_no_demo_made_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("thesis.txt"), "years of work").unwrap();
    let demo = Command::new(env!("CARGO_BIN_EXE_proofline"))
        .args(["demo", "--out"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert_eq!(demo.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&demo.stdout).contains("was not made by a demo"));
    assert_eq!(std::fs::read_to_string(folder.path().join("thesis.txt")).unwrap(), "years of work");
}
