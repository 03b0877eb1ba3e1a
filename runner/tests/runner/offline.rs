//! Without any control plane: run, keep, judge again.

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::site::{CANARY, Site, check, no_root, shell, text};

fn outcomes(run: &Value) -> Vec<(&str, &str)> {
    let steps = run["steps"].as_array().unwrap().iter();
    steps
        .map(|step| (step["outcome"].as_str().unwrap(), step["reason"].as_str().unwrap()))
        .collect()
}

#[tokio::test]
async fn a_run_is_scored_kept_and_judged_the_same_again() {
    let site = Site::new(&no_root()).await;
    let procedure = site.signed(&site.procedure(1)).await;
    let run = site.run(&["run", &procedure, "--offline"]).await;
    assert_eq!(run.exit, 1, "{}", run.json);
    let expected = [
        ("pass", "checks_passed"),
        ("fail", "check_failed"),
        ("inconclusive", "check_inconclusive"),
    ];
    assert_eq!(outcomes(&run.json), expected);
    // Weights 3 passed and 1 failed of 4 evaluated, of 5 in scope: 3/4 and 4/5.
    assert_eq!(
        (&run.json["score"]["score_bp"], &run.json["score"]["coverage_bp"]),
        (&json!(7_500), &json!(8_000))
    );
    assert!(run.err.contains("[2/3] fail"), "{}", run.err);

    let verified = site.run(&["verify", run.json["run"].as_str().unwrap()]).await;
    assert_eq!((verified.exit, &verified.json["evidence"]), (0, &json!(3)), "{}", verified.json);
    assert!(!site.vault_contains(CANARY));
    let evidence = run.json["steps"][1]["evidence"]["id"].as_str().unwrap();
    let shown = site.run(&["evidence", "show", evidence, "--path", "/content/password"]).await;
    assert_eq!(shown.json["value"], CANARY);
}

#[tokio::test]
async fn evidence_that_was_changed_or_removed_is_noticed() {
    let site = Site::new(&no_root()).await;
    let procedure = site.signed(&site.procedure(1)).await;
    let run = site.run(&["run", &procedure, "--offline"]).await.json;
    let run = run["run"].as_str().unwrap();
    let vault = rusqlite::Connection::open(site.home().join("vault.sqlite")).unwrap();
    vault.execute("UPDATE evidence SET sealed = (SELECT max(sealed) FROM evidence)", []).unwrap();
    let verified = site.run(&["verify", run]).await;
    assert_eq!(verified.exit, 1, "{}", verified.json);
    vault.execute("DELETE FROM evidence", []).unwrap();
    let verified = site.run(&["verify", run]).await;
    assert_eq!(verified.json["mismatches"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn output_that_was_cut_is_inconclusive_although_what_was_seen_would_pass() {
    let site = Site::new(&no_root()).await;
    let mut procedure = site.procedure(1);
    let mut step = shell("long", "yes", &[check("first", "value.stdout[0] == 'y'", 1)]);
    step["evidence"] = json!({ "max_bytes": 1_000 });
    step["checks"][0]["must_fail"] = json!({ "stdout": ["n"] });
    procedure["steps"] = json!([step]);
    let run = site.run(&["run", &site.signed(&procedure).await, "--offline"]).await;
    assert_eq!((run.exit, outcomes(&run.json)), (3, vec![("inconclusive", "output_truncated")]));
    let verified = site.run(&["verify", run.json["run"].as_str().unwrap()]).await;
    assert_eq!(verified.exit, 0, "{}", verified.json);
}

#[tokio::test]
async fn a_step_that_needs_one_that_collected_nothing_is_inconclusive() {
    let site = Site::new(&no_root()).await;
    let mut procedure = site.procedure(1);
    let ends = |id: &str| check(id, "value.exit_code == 0", 1);
    let mut last = shell("last", "exit 0", &[ends("c2")]);
    last["needs"] = json!(["slow"]);
    let mut slow = shell("slow", "sleep 60", &[ends("c1")]);
    slow["timeout_s"] = json!(1);
    procedure["steps"] = json!([last, slow]);
    let run = site.run(&["run", &site.signed(&procedure).await, "--offline"]).await;
    let expected = vec![("error", "timed_out"), ("inconclusive", "dependency_failed")];
    assert_eq!((run.exit, outcomes(&run.json)), (2, expected));
}

#[tokio::test]
async fn a_program_that_the_policy_does_not_list_is_an_error_and_not_started() {
    let site = Site::new(&no_root()).await;
    let mut procedure = site.procedure(1);
    let mut step = shell("other", "", &[check("c", "value.exit_code == 0", 1)]);
    let marker = site.path("started");
    step["with"]["argv"] = json!(["/usr/bin/touch", text(&marker)]);
    procedure["steps"] = json!([step]);
    let run = site.run(&["run", &site.signed(&procedure).await, "--offline"]).await;
    assert_eq!((run.exit, outcomes(&run.json)), (2, vec![("error", "policy_denied")]));
    assert!(!marker.exists());
}

#[tokio::test]
async fn a_runner_that_was_killed_in_the_middle_of_a_run_has_stated_nothing() {
    let site = Site::new(&no_root()).await;
    let mut procedure = site.procedure(1);
    let marker = site.path("reached");
    let script = format!("touch {}; sleep 60", marker.display());
    let steps = procedure["steps"].as_array_mut().unwrap();
    steps.push(shell("last", &script, &[check("c", "value.exit_code == 0", 1)]));
    steps[3]["timeout_s"] = json!(120);
    let signed = site.signed(&procedure).await;
    let home = site.home();
    let mut child = Command::new(env!("CARGO_BIN_EXE_proofline-runner"))
        .args(["--home", text(&home), "run", &signed, "--offline"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while !marker.exists() {
        assert!(begun.elapsed() < Duration::from_mins(1), "the last step never began");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let status = site.run(&["status"]).await;
    assert_eq!(status.json["last_sequence"], 0);
    // What was collected before is in the vault, sealed; a new run begins the chain.
    let kept = site.run(&["evidence", "ls"]).await;
    assert_eq!(kept.json["evidence"].as_array().unwrap().len(), 3);
    let again = site.run(&["run", &site.signed(&site.procedure(2)).await, "--offline"]).await;
    assert_eq!(again.json["sequence"], 1);
}
