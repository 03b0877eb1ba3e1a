//! The log, taken away and verified.

use serde_json::Value;

use super::site::{Site, said};

#[test]
fn an_export_is_written_whole_and_verified_with_the_same_program() {
    let site = Site::start();
    site.come_in();
    // What was done is sealed and signed a moment later.
    while !site.run(&["audit", "checkpoint"]).status.success() {}
    let output = site.run(&["audit", "export", "--out", "log.audit.zip"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let again = site.run(&["audit", "export", "--out", "log.audit.zip", "--json"]);
    assert_eq!((again.status.code(), said(&again.stderr)["code"].as_str()), (Some(1), Some("io")));
    // Without pinned keys the best verdict is incomplete, which is exit code 2.
    assert_eq!(site.run(&["verify", "log.audit.zip"]).status.code(), Some(2));

    // The policy comes from the list of keys that the root key signed, the directory's among them; who knows that key's thumbprint compares it.
    let written = site.json(&["audit", "policy", "--out", "policy.txt"]);
    let policy = written["policy"].as_str().unwrap();
    assert!(
        policy.contains("\ndirectory ") && policy.contains("compared with NOTHING"),
        "{policy}"
    );
    let root = written["root"].as_str().unwrap();
    let pinned = site.json(&["audit", "policy", "--root", root]);
    assert_eq!((&pinned["is_pinned"], &pinned["root"]), (&Value::Bool(true), &written["root"]));
    // The thumbprint of RFC 7638 §3.1 is a key's, and not this one's.
    let stranger = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
    let refused = site.run(&["audit", "policy", "--root", stranger, "--json"]);
    assert_eq!(said(&refused.stderr)["code"], "keys-refused");
    let verified = |more: &[&str]| {
        let words = ["verify", "log.audit.zip", "--policy", "policy.txt", "--json"];
        let output = site.run(&[&words[..], more].concat());
        let report = said(&output.stdout);
        assert!(report.pointer("/checkpoint/anchor/signed_by").is_some_and(Value::is_string));
        (output.status.code(), report["asked"].as_str().unwrap().to_owned())
    };
    assert_eq!(verified(&[]), (Some(0), "signed".to_owned()));
    // Nobody stamped or witnessed this log: whoever asks for that is not told that all is well, neither offline nor by the server.
    for tier in ["timestamped", "witnessed"] {
        assert_eq!(verified(&["--tier", tier]), (Some(2), tier.to_owned()));
        let stored = site.run(&["audit", "verify", "--tier", tier, "--json"]);
        assert_eq!(stored.status.code(), Some(1));
        assert_eq!(said(&stored.stderr)["code"], "tier-too-low");
        assert_eq!(said(&stored.stdout)["verdict"], "incomplete");
    }
    let export = ["audit", "export", "--out", "other.zip", "--json", "--tier", "timestamped"];
    assert_eq!(said(&site.run(&export).stderr)["code"], "tier-too-low");
    for tier in ["chained", "signed"] {
        site.json(&["audit", "verify", "--tier", tier]);
    }

    let rows = site.json(&["audit", "list", "--action", "iam.", "--all"]);
    assert!(rows.as_array().unwrap().iter().any(|row| row["row"]["action"] == "iam.user.created"));
    let first = site.json(&["audit", "show", "0"]);
    assert_eq!(first["seq"], 0);
}
