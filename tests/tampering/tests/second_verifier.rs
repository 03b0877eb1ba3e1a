//! A second verifier, written in another language from `docs/chain.md` alone (`tests/interop/python/second.py`), says the same of every attack.

use std::{fmt::Write as _, fs, path::Path, process::Command};

use chain::{
    policy::{Policy, Tier},
    verify,
};
use serde_json::{Value, json};
use tampering::{
    attacks::{ALL, Scene, shown},
    made_log::PD_VALUE,
    mutants, rotated,
};

/// A file, and what its reader pinned.
struct Case {
    name: String,
    export: Vec<u8>,
    policy: Option<Policy>,
}

fn cases() -> Vec<Case> {
    let scene = Scene::default();
    let mut cases = Vec::new();
    for evidence in [Tier::Chained, Tier::Signed, Tier::Witnessed] {
        for attack in ALL {
            let name = format!("{} {} ({}), {evidence}", attack.number, attack.name, attack.how);
            let policy = scene.policy(attack, evidence);
            cases.push(Case { name, export: scene.export(attack), policy });
        }
    }
    let signed = || Some(scene.log.policy(Tier::Signed));
    for count in [0, 1, 2, 3, 255, 256, 257, 511, 512, 1000] {
        let export = scene.log.export(&scene.log.rows(count));
        cases.push(Case { name: format!("{count} rows"), export, policy: signed() });
    }
    let export = scene.disclosed(&shown(PD_VALUE));
    cases.push(Case { name: "a personal detail".to_owned(), export, policy: signed() });
    let policy = Some(scene.log.witnessed_policy(&scene.rows));
    cases.push(Case { name: "a purge".to_owned(), export: scene.purged(), policy });
    // Who agreed on a longer time than the log states.
    for attack in ALL.iter().filter(|attack| attack.number == 14) {
        for months in [1, 13, 14, 999] {
            let pinned = format!("{}retention {months}\n", scene.log.policy(Tier::Signed));
            let name = format!("{} ({}), retention {months}", attack.name, attack.how);
            let policy = Some(pinned.parse().unwrap());
            cases.push(Case { name, export: scene.export(attack), policy });
        }
    }
    for rotated::Case { name, export, policy, .. } in rotated::cases() {
        cases.push(Case { name: name.to_owned(), export, policy });
    }
    for number in 0..300 {
        let (export, name) = (mutants::of(&scene.log, number), format!("mutant {number}"));
        cases.push(Case { name, export, policy: signed() });
    }
    cases
}

/// What both must say.
fn told(report: &Value) -> Value {
    let bad = &report["first_bad"];
    let bad = if bad.is_null() { Value::Null } else { json!([bad["seq"], bad["kind"]]) };
    json!([
        report["verdict"],
        report["tier"],
        report["rows_checked"],
        report["size"],
        report["root"],
        bad
    ])
}

fn write(folder: &Path, cases: &[Case]) {
    let mut list = String::new();
    for (number, case) in cases.iter().enumerate() {
        let [export, policy] = ["zip", "policy"].map(|end| folder.join(format!("{number}.{end}")));
        fs::write(&export, &case.export).unwrap();
        let pinned = case.policy.as_ref().map_or("-".to_owned(), |pinned| {
            fs::write(&policy, pinned.to_string()).unwrap();
            policy.display().to_string()
        });
        writeln!(list, "{} {pinned}", export.display()).unwrap();
    }
    fs::write(folder.join("cases"), list).unwrap();
}

#[test]
#[ignore = "it needs Python 3 with the package cryptography: cargo xtask interop runs it"]
fn it_agrees_on_every_attack_every_sound_log_and_hundreds_of_altered_ones() {
    let folder = tempfile::tempdir().unwrap();
    let cases = cases();
    write(folder.path(), &cases);
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../interop/python/second.py");
    let output = Command::new("python3")
        .arg(program)
        .arg("--batch")
        .arg(folder.path().join("cases"))
        .output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answers = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<Value> =
        answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), cases.len());
    for (case, answer) in cases.iter().zip(&answers) {
        let ours =
            serde_json::to_value(verify::bundle(&case.export, case.policy.as_ref())).unwrap();
        assert_eq!(told(answer), told(&ours), "{}: {ours}", case.name);
    }
}
