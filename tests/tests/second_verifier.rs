//! What was purged around a hold, and exported as every customer exports it, is judged alike by whoever looks: the library, the command
//! `audit-verify`, and a verifier in another language (`tests/interop/python/second.py`). The page is the library, in a browser.

use std::{fs, path::Path, process::Command};

use chain::{policy::Policy, report::Verdict, verify};
use serde_json::{Value, json};
use system_tests::{
    ended::{HELD, old_epoch},
    pinned::{export, first_policy},
    purging::purge,
};
use tempfile::TempDir;

/// A file and what its reader pinned, on a disk.
struct Case {
    export: Vec<u8>,
    policy: Policy,
    verdict: Verdict,
}

/// The exports of an epoch that has ended, of which rows are gone around a hold, and of the one that says so.
async fn cases() -> Vec<Case> {
    let (_before, world, owner) = old_epoch(true).await;
    let whole = export(&world, &owner.token, &json!({"epoch": 0})).await;
    purge(&world, &owner).await;
    let purged = export(&world, &owner.token, &json!({"epoch": 0})).await;
    let current = export(&world, &owner.token, &json!({})).await;
    let policy = first_policy(&world, owner.tenant, "").await;
    let longer = first_policy(&world, owner.tenant, "retention 14\n").await;
    let origin = policy.origin.clone();
    let next = policy.to_string().replacen(&origin, &format!("{origin}/1"), 1).parse().unwrap();
    let case = |export: &Vec<u8>, policy: &Policy, verdict| {
        let (export, policy) = (export.clone(), policy.clone());
        Case { export, policy, verdict }
    };
    vec![
        case(&whole, &policy, Verdict::Ok),
        case(&purged, &policy, Verdict::Ok),
        case(&current, &next, Verdict::Ok),
        case(&purged, &longer, Verdict::Broken),
        case(&purged, &next, Verdict::Broken),
    ]
}

fn write(cases: &[Case]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut list = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let [export, policy] = ["zip", "policy"].map(|end| place(folder.path(), number, end));
        fs::write(&export, &case.export).unwrap();
        fs::write(&policy, case.policy.to_string()).unwrap();
        list.push(format!("{} {}\n", export.display(), policy.display()));
    }
    fs::write(folder.path().join("cases"), list.concat()).unwrap();
    folder
}

fn place(folder: &Path, number: usize, end: &str) -> std::path::PathBuf {
    folder.join(format!("{number}.{end}"))
}

#[tokio::test]
async fn the_command_says_what_the_library_says() {
    let cases = cases().await;
    let folder = write(&cases);
    for (number, case) in cases.iter().enumerate() {
        let ours = verify::bundle(&case.export, Some(&case.policy));
        assert_eq!(ours.verdict, case.verdict, "{number}: {ours:?}");
        let [path, policy] = ["zip", "policy"].map(|end| place(folder.path(), number, end));
        let policy = Some(policy);
        let args = inspector::Args { path, policy, row: None, tier: None, json: true };
        let mut out = Vec::new();
        let status = inspector::execute(&args, &mut out);
        assert_eq!(status, u8::from(case.verdict == Verdict::Broken), "{number}");
        let said: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(said, serde_json::to_value(&ours).unwrap(), "{number}");
    }
    let held = verify::bundle(&cases[1].export, Some(&cases[1].policy)).purged.ranges;
    assert_eq!(held[..2].iter().map(|range| range.0).collect::<Vec<_>>(), [1, HELD.end]);
}

#[tokio::test]
#[ignore = "it needs Python 3 with the package cryptography: cargo xtask interop runs it"]
async fn a_verifier_in_another_language_says_it_too() {
    let cases = cases().await;
    let folder = write(&cases);
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/python/second.py");
    let list = folder.path().join("cases");
    let output = Command::new("python3").arg(program).arg("--batch").arg(list).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answers = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<Value> =
        answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), cases.len());
    for (case, answer) in cases.iter().zip(&answers) {
        let ours = verify::bundle(&case.export, Some(&case.policy));
        let ours = serde_json::to_value(&ours).unwrap();
        for member in ["verdict", "tier", "rows_checked", "size", "root"] {
            assert_eq!(answer[member], ours[member], "{member}: {ours}");
        }
        for member in ["seq", "kind"] {
            assert_eq!(answer["first_bad"][member], ours["first_bad"][member], "{ours}");
        }
    }
}
