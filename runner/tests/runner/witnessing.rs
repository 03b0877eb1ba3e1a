//! Witnessing: the log is confirmed while it only grows; when it does not, nothing is confirmed any more until somebody has looked.

use std::fs;

use ambient::SystemClock;
use chain::{cosignature, note::Note, policy::Policy, row::Row};
use ports::Clock as _;
use protocol::{
    Digest,
    key::Ed25519Key,
    promise::AnswerPromise,
    witness::{AlarmKind, PromisedRow},
};
use serde_json::{Value, json};

use crate::{
    control_plane::{ControlPlane, app_key},
    site::{Answer, Site},
};

/// A control plane with a log of so many rows, and a site whose Runner enrolled.
pub(crate) async fn with_log(rows: usize) -> (ControlPlane, Site) {
    let (control_plane, site) = Box::pin(ControlPlane::with_site()).await;
    control_plane.log(|log| {
        log.origin = format!("log.test/{}", site.tenant);
        log.grow(rows, "row");
    });
    (control_plane, site)
}

pub(crate) async fn witness(control_plane: &ControlPlane, site: &Site) -> Answer {
    control_plane.serve(site.run(&["witness"])).await
}

/// What the Runner cosigned last, checked with the key that it shows for the inspector's policy: how many rows.
async fn cosigned(control_plane: &ControlPlane, site: &Site) -> Option<u64> {
    let policy = site.run(&["log-policy", "--witnessed"]).await.json;
    let policy: Policy = policy["policy"].as_str().unwrap().parse().unwrap();
    let state = control_plane.state.lock().unwrap();
    let head = state.log.cosigned.last()?;
    let text = format!("{}{}", head.checkpoint, head.cosignature);
    let note = Note::parse(text.as_bytes()).unwrap();
    note.verify(&policy.log_keys).unwrap();
    let key = &policy.quorum.witnesses()[0].key;
    assert_eq!(cosignature::cosigned(&note, [key]).unwrap().len(), 1);
    note.text.lines().nth(1).unwrap().parse().ok()
}

/// Everything that the Runner cosigned, in order: of which log how many rows.
pub(crate) fn cosigned_heads(control_plane: &ControlPlane) -> Vec<(String, u64)> {
    let state = control_plane.state.lock().unwrap();
    let heads = state.log.cosigned.iter().map(|head| {
        let mut lines = head.checkpoint.lines();
        let (origin, size) = (lines.next().unwrap(), lines.next().unwrap());
        (origin.to_owned(), size.parse().unwrap())
    });
    heads.collect()
}

pub(crate) fn kind(answer: &Answer) -> &Value {
    assert_eq!(answer.exit, 1, "{}", answer.json);
    &answer.json["alarm"]["kind"]
}

#[tokio::test]
async fn a_log_that_only_grows_is_cosigned_and_watched_since_the_first_look() {
    let (control_plane, site) = with_log(3).await;
    let first = witness(&control_plane, &site).await;
    assert_eq!((first.exit, &first.json["size"]), (0, &json!(3)), "{}", first.json);
    assert_eq!(cosigned(&control_plane, &site).await, Some(3));
    control_plane.state.lock().unwrap().log.grow(300, "row");
    let second = witness(&control_plane, &site).await;
    assert_eq!((second.exit, &second.json["first"]["size"]), (0, &json!(3)), "{}", second.json);
    assert_eq!(cosigned(&control_plane, &site).await, Some(303));
    let status = site.run(&["status"]).await;
    assert_eq!((status.exit, &status.json["witness"]["seen"]["size"]), (0, &json!(303)));
}

/// The same head is not cosigned at each look: that would be noise.
#[tokio::test]
async fn a_log_that_stands_still_is_cosigned_once_an_hour_at_most() {
    let (control_plane, site) = with_log(3).await;
    assert_eq!(witness(&control_plane, &site).await.json["cosigned"], true);
    assert_eq!(witness(&control_plane, &site).await.json["cosigned"], false);
    assert_eq!(control_plane.state.lock().unwrap().log.cosigned.len(), 1);
}

#[tokio::test]
async fn an_empty_log_is_not_witnessed_and_not_an_alarm() {
    let (control_plane, site) = with_log(0).await;
    let answer = witness(&control_plane, &site).await;
    assert_eq!((answer.exit, &answer.json["state"]), (3, &json!("nothing_signed")));
}

/// What was seen is on the disk before the cosignature leaves; when it did not arrive, it is sent at the next look.
#[tokio::test]
async fn a_cosignature_that_did_not_arrive_is_sent_again_from_what_is_on_the_disk() {
    let (control_plane, site) = with_log(3).await;
    control_plane.state.lock().unwrap().log.failures = vec![503];
    assert_eq!(witness(&control_plane, &site).await.exit, 2);
    let shown = site.run(&["witness", "show"]).await.json;
    assert_eq!(shown["witness"]["seen"]["size"], 3);
    assert_eq!(cosigned(&control_plane, &site).await, None);
    assert_eq!(witness(&control_plane, &site).await.json["cosigned"], true);
    assert_eq!(cosigned(&control_plane, &site).await, Some(3));
}

/// A shorter log (rows deleted, or a backup restored), then appended to again: both are seen, whatever proof is shown.
#[tokio::test]
async fn deleted_rows_and_a_log_made_anew_are_alarms() {
    for (kept, anew, expected) in [
        (7, 0, AlarmKind::Rollback),
        (0, 0, AlarmKind::Rollback),
        (7, 3, AlarmKind::Fork),
        (7, 30, AlarmKind::Fork),
        (0, 10, AlarmKind::Fork),
    ] {
        let (control_plane, site) = with_log(10).await;
        assert_eq!(witness(&control_plane, &site).await.exit, 0);
        control_plane.log(|log| {
            log.rows.truncate(kept);
            log.grow(anew, "other");
        });
        let answer = witness(&control_plane, &site).await;
        assert_eq!(kind(&answer), expected.name(), "{kept} kept, {anew} anew");
        let state = control_plane.state.lock().unwrap();
        assert_eq!(state.log.cosigned.len(), 1, "nothing of it is confirmed");
        assert_eq!((state.log.alarms.len(), state.log.alarms[0].kind), (1, expected));
        assert_eq!(state.log.alarms[0].size, 10);
    }
}

#[tokio::test]
async fn a_stranger_s_key_and_another_log_are_alarms() {
    let (control_plane, site) = with_log(10).await;
    control_plane.state.lock().unwrap().log.is_forged = true;
    assert_eq!(kind(&witness(&control_plane, &site).await), "unknown_key");
    let (control_plane, site) = with_log(10).await;
    assert_eq!(witness(&control_plane, &site).await.exit, 0);
    control_plane.state.lock().unwrap().log.origin += "/1";
    control_plane.state.lock().unwrap().log.epoch = 1;
    assert_eq!(kind(&witness(&control_plane, &site).await), "other_log");
}

#[tokio::test]
async fn an_alarm_keeps_both_heads_is_shown_and_stands_until_somebody_has_looked() {
    let (control_plane, site) = with_log(10).await;
    witness(&control_plane, &site).await;
    let seen = control_plane.state.lock().unwrap().log.rows.clone();
    control_plane.log(|log| {
        log.rows.truncate(5);
        log.grow(5, "other");
    });
    let alarmed = witness(&control_plane, &site).await;
    let evidence = site.home().join(alarmed.json["alarm"]["evidence"].as_str().unwrap());
    let evidence: Value = serde_json::from_slice(&fs::read(evidence).unwrap()).unwrap();
    for head in ["/evidence/seen/checkpoint", "/evidence/shown/checkpoint"] {
        let head = evidence.pointer(head).unwrap().as_str().unwrap();
        assert_eq!(head.lines().nth(1), Some("10"), "both heads are of ten rows");
    }
    assert_ne!(
        evidence.pointer("/evidence/seen/checkpoint"),
        evidence.pointer("/evidence/shown/checkpoint")
    );

    // The honest log is back, and even that does not count before somebody has looked.
    control_plane.state.lock().unwrap().log.rows = seen;
    let looks = control_plane.state.lock().unwrap().log.looks;
    for _ in 0..2 {
        assert_eq!(kind(&witness(&control_plane, &site).await), "fork");
    }
    assert_eq!(control_plane.state.lock().unwrap().log.looks, looks);
    assert_eq!(control_plane.state.lock().unwrap().log.cosigned.len(), 1);
    let status = site.run(&["status"]).await;
    assert_eq!((status.exit, &status.json["witness"]["alarm"]["kind"]), (1, &json!("fork")));
    let served = control_plane.serve(site.run(&["serve", "--once"])).await;
    assert_eq!(served.exit, 1, "{}", served.json);
    assert!(served.err.contains("ALARM fork"), "{}", served.err);

    assert_eq!(site.run(&["witness", "clear", "--reason", " "]).await.exit, 5);
    let cleared =
        site.run(&["witness", "clear", "--reason", "a test of the operator, ticket 4711"]).await;
    assert_eq!(cleared.json["cleared"], 1);
    control_plane.state.lock().unwrap().log.grow(1, "row");
    assert_eq!(witness(&control_plane, &site).await.json["size"], 11);
    assert_eq!(cosigned(&control_plane, &site).await, Some(11));
    assert_eq!(site.run(&["witness", "clear", "--reason", "once more"]).await.exit, 5);
}

/// A restore that the operator answers for begins a new epoch: the Runner begins anew when a person says so, and then says since when it watches.
#[tokio::test]
async fn after_a_restore_somebody_at_the_runner_s_host_lets_it_begin_anew() {
    let (control_plane, site) = with_log(10).await;
    witness(&control_plane, &site).await;
    control_plane.log(|log| {
        log.origin += "/1";
        log.epoch = 1;
        log.rows.truncate(4);
    });
    assert_eq!(kind(&witness(&control_plane, &site).await), "other_log");
    site.run(&["witness", "clear", "--reason", "restore of 21 November", "--start-over"]).await;
    let again = witness(&control_plane, &site).await;
    assert_eq!((again.exit, &again.json["first"]["size"]), (0, &json!(4)), "{}", again.json);
    assert!(again.json["origin"].as_str().unwrap().ends_with("/1"));
}

pub(crate) const INTENT: &str = r#"{"act":{"id":"rnr_1","kind":"runner"},"action":"run.completed","at":"2026-11-21T00:00:00.001234Z","data":{},"id":"aud_1","out":"ok","salt":"b1946ac92492d2347c6235b400000007","src":{"app":"runs","inst":"7f9c","n":1},"t":"ten_a","target":{"id":"run_1","kind":"run"},"v":1}"#;

pub(crate) fn row(intent: &str, seq: u64) -> String {
    Row::seal(intent, seq, &chain::Hash::ZERO, "2026-11-21T00:00:00.210000Z").unwrap()
}

/// A receipt for one statement, which promised [`INTENT`] long ago, or by then.
pub(crate) async fn promised(rows: usize, seal_by: i64) -> (ControlPlane, Site) {
    let (control_plane, site) = with_log(rows).await;
    control_plane.state.lock().unwrap().promise = Some((Digest::of(INTENT), seal_by));
    let procedure = site.signed(&site.procedure(1)).await;
    control_plane.serve(site.run(&["run", &procedure, "--publish", "https"])).await;
    (control_plane, site)
}

#[tokio::test]
async fn a_promise_that_was_kept_is_shown_once() {
    let (control_plane, site) = promised(3, 1_000).await;
    control_plane.state.lock().unwrap().log.rows.push(row(INTENT, 3));
    let answer = witness(&control_plane, &site).await;
    assert_eq!((answer.exit, &answer.json["proved"]), (0, &json!(1)), "{}", answer.json);
    let again = witness(&control_plane, &site).await;
    assert_eq!((again.exit, &again.json["proved"]), (0, &json!(0)));
}

#[tokio::test]
async fn a_promise_whose_time_is_not_over_is_not_asked_for() {
    let (control_plane, site) = promised(3, i64::from(u32::MAX)).await;
    let answer = witness(&control_plane, &site).await;
    assert_eq!((answer.exit, &answer.json["overdue"]), (0, &json!(0)), "{}", answer.json);
}

/// Looks, and again after a quarter of an hour: whoever was down has had the time to seal what was owed.
pub(crate) async fn missed(control_plane: &ControlPlane, site: &Site) -> Answer {
    let first = witness(control_plane, site).await;
    assert_eq!((first.exit, &first.json["overdue"]), (3, &json!(1)), "{}", first.json);
    later(control_plane, 16 * 60);
    witness(control_plane, site).await
}

pub(crate) fn later(control_plane: &ControlPlane, seconds: i64) {
    control_plane.state.lock().unwrap().clock_ahead_s += seconds;
}

#[tokio::test]
async fn a_row_that_is_sealed_late_after_an_outage_is_no_alarm() {
    let (control_plane, site) = promised(3, 1_000).await;
    let first = witness(&control_plane, &site).await;
    assert_eq!((first.exit, &first.json["overdue"]), (3, &json!(1)), "{}", first.json);
    control_plane.state.lock().unwrap().log.rows.push(row(INTENT, 3));
    later(&control_plane, 16 * 60);
    let answer = witness(&control_plane, &site).await;
    assert_eq!((answer.exit, &answer.json["proved"]), (0, &json!(1)), "{}", answer.json);
}

/// A busy log has more rows than one answer may look through; the Runner asks on, and not for ever.
#[tokio::test]
async fn a_row_is_looked_for_until_it_is_found() {
    let (control_plane, site) = promised(3, 1_000).await;
    control_plane.log(|log| {
        log.rows.push(row(INTENT, 3));
        log.unfinished = vec![9_000, 32_768];
    });
    let answer = witness(&control_plane, &site).await;
    assert_eq!((answer.exit, &answer.json["proved"]), (0, &json!(1)), "{}", answer.json);
    let (control_plane, site) = promised(3, 1_000).await;
    control_plane.log(|log| {
        log.rows.push(row(INTENT, 3));
        log.unfinished = vec![1; 1_025];
    });
    let answer = witness(&control_plane, &site).await;
    assert_eq!((answer.exit, &answer.json["overdue"]), (3, &json!(1)), "{}", answer.json);
    assert_eq!(control_plane.state.lock().unwrap().log.unfinished, [1]);
}

/// There is no epoch that is over in a log that never had another one.
#[tokio::test]
async fn a_row_that_is_said_to_be_in_an_epoch_that_never_was_is_an_alarm() {
    let (control_plane, site) = promised(3, 1_000).await;
    control_plane.state.lock().unwrap().log.excuse = Some((409, "row-in-ended-epoch"));
    assert_eq!(kind(&missed(&control_plane, &site).await), "promise_broken");
}

#[tokio::test]
async fn whoever_takes_no_cosignature_owes_the_rows_all_the_same() {
    let (control_plane, site) = promised(3, 1_000).await;
    control_plane.state.lock().unwrap().log.failures = vec![503; 2];
    assert_eq!(witness(&control_plane, &site).await.exit, 2);
    later(&control_plane, 16 * 60);
    assert_eq!(kind(&witness(&control_plane, &site).await), "promise_broken");
}

#[tokio::test]
async fn a_promise_is_due_by_this_machine_s_clock_as_well() {
    let (control_plane, site) = promised(3, SystemClock.now().unix_s() - 1).await;
    later(&control_plane, -86_400);
    let answer = witness(&control_plane, &site).await;
    assert_eq!((answer.exit, &answer.json["overdue"]), (3, &json!(1)), "{}", answer.json);
}

#[tokio::test]
async fn a_promise_for_the_end_of_time_is_due_after_an_hour() {
    let (control_plane, site) = promised(3, i64::from(u32::MAX)).await;
    later(&control_plane, 3_500);
    assert_eq!(witness(&control_plane, &site).await.json["overdue"], 0);
    later(&control_plane, 200);
    assert_eq!(kind(&missed(&control_plane, &site).await), "promise_broken");
}

/// The receipt is the operator's own signature under what it owes: an event that was accepted and left out of the log shows.
#[tokio::test]
async fn a_row_that_was_promised_and_is_not_in_the_log_is_an_alarm() {
    let (control_plane, site) = promised(3, 1_000).await;
    let answer = missed(&control_plane, &site).await;
    assert_eq!(kind(&answer), "promise_broken");
    let evidence = site.home().join(answer.json["alarm"]["evidence"].as_str().unwrap());
    let evidence: Value = serde_json::from_slice(&fs::read(evidence).unwrap()).unwrap();
    assert!(evidence["evidence"]["receipt"].is_object());
    assert_eq!(kind(&witness(&control_plane, &site).await), "promise_broken");
}

#[tokio::test]
async fn another_row_than_the_promised_one_is_an_alarm() {
    let (control_plane, site) = promised(3, 1_000).await;
    let other = INTENT.replace("run.completed", "run.rejected_");
    control_plane.state.lock().unwrap().log.rows.push(row(&other, 3));
    assert_eq!(kind(&witness(&control_plane, &site).await), "promise_differs");
    // The right row, and no proof that it is in the log.
    let (control_plane, site) = promised(3, 1_000).await;
    let unproved = PromisedRow { row: row(INTENT, 3), index: 3, proof: Vec::new() };
    control_plane.state.lock().unwrap().log.instead = Some(unproved);
    assert_eq!(kind(&witness(&control_plane, &site).await), "promise_differs");
}

/// A line of an answer that promised [`INTENT`] long ago.
fn line(site: &Site, key: &Ed25519Key, app: &str) -> String {
    let promise = AnswerPromise {
        event: domain::EventId::from_u128(7),
        intent: Digest::of(INTENT),
        seal_by: domain::Timestamp::from_unix_s(1_000),
        tenant: site.tenant,
        app: app.parse().unwrap(),
    };
    promise.to_line(key)
}

/// A log whose Runner cosigned it, and was answered with such a line.
async fn answered_with(rows: usize, key: &Ed25519Key, app: &str) -> (ControlPlane, Site) {
    let (control_plane, site) = with_log(rows).await;
    control_plane.state.lock().unwrap().log.promise = Some(line(&site, key, app));
    assert_eq!(control_plane.serve(site.run(&["witness"])).await.json["cosigned"], true);
    (control_plane, site)
}

#[tokio::test]
async fn what_an_answer_promised_is_demanded_at_the_look_in_which_it_came() {
    let (control_plane, site) = with_log(3).await;
    control_plane.log(|log| {
        log.promise = Some(line(&site, &app_key(), "runs"));
        log.rows.push(row(INTENT, 3));
    });
    let answer = witness(&control_plane, &site).await;
    assert_eq!((answer.exit, &answer.json["proved"]), (0, &json!(1)), "{}", answer.json);
    assert_eq!(witness(&control_plane, &site).await.json["proved"], 0);
}

#[tokio::test]
async fn a_line_of_an_answer_that_is_not_kept_is_an_alarm_until_somebody_gives_it_up() {
    let (control_plane, site) = with_log(3).await;
    let line = line(&site, &app_key(), "runs");
    control_plane.state.lock().unwrap().log.promise = Some(line.clone());
    let answer = missed(&control_plane, &site).await;
    assert_eq!(kind(&answer), "promise_broken");
    let evidence = site.home().join(answer.json["alarm"]["evidence"].as_str().unwrap());
    let evidence: Value = serde_json::from_slice(&fs::read(evidence).unwrap()).unwrap();
    assert_eq!(evidence["evidence"]["promise"], line);
    site.run(&["witness", "clear", "--reason", "they owe us that row"]).await;
    let after = witness(&control_plane, &site).await;
    assert_eq!((after.exit, &after.json["overdue"]), (0, &json!(0)), "{}", after.json);
}

/// Else a list without the key would be a way out of every promise.
#[tokio::test]
async fn a_line_binds_the_app_whose_key_is_not_listed_any_more() {
    let (control_plane, site) = with_log(3).await;
    control_plane.log(|log| log.promise = Some(line(&site, &app_key(), "runs")));
    assert_eq!(witness(&control_plane, &site).await.json["overdue"], 1);
    control_plane.state.lock().unwrap().lists_no_app = true;
    later(&control_plane, 16 * 60);
    assert_eq!(kind(&witness(&control_plane, &site).await), "promise_broken");
}

/// Nobody can be held to a line that no key of that app signed.
#[tokio::test]
async fn a_line_that_the_app_did_not_sign_is_not_demanded() {
    let stranger = Ed25519Key::from_seed(&[78; 32]);
    for (key, app) in [(&stranger, "runs"), (&app_key(), "auth")] {
        let (control_plane, site) = answered_with(3, key, app).await;
        let shown = site.run(&["witness", "show"]).await.json;
        assert_eq!(shown["witness"]["owed"], 0, "{shown}");
        assert_eq!(witness(&control_plane, &site).await.exit, 0);
    }
}

/// Somebody who has no row to show may say something else each time: for a day that is an excuse, and then a broken promise.
#[tokio::test]
async fn a_promise_for_which_nobody_answers_is_broken_after_a_day() {
    let (control_plane, site) = promised(3, 1_000).await;
    control_plane.state.lock().unwrap().log.excuse = Some((503, "dependency-unavailable"));
    let overdue = witness(&control_plane, &site).await;
    assert_eq!((overdue.exit, &overdue.json["overdue"]), (3, &json!(1)), "{}", overdue.json);
    let served = control_plane.serve(site.run(&["serve", "--once"])).await;
    assert!(served.err.contains("1 promised rows are overdue"), "{}", served.err);
    control_plane.state.lock().unwrap().clock_ahead_s = 24 * 3600 - 60;
    assert_eq!(witness(&control_plane, &site).await.json["overdue"], 1);
    control_plane.state.lock().unwrap().clock_ahead_s = 24 * 3600 + 60;
    control_plane.state.lock().unwrap().log.excuse = Some((500, "internal"));
    assert_eq!(kind(&witness(&control_plane, &site).await), "promise_broken");
}

/// What was answered for in between begins anew.
#[tokio::test]
async fn an_excuse_that_ended_is_not_counted_on() {
    let (control_plane, site) = promised(3, 1_000).await;
    let excuse = Some((503, "dependency-unavailable"));
    let looks = async |ahead_h: i64, excuse: Option<(u16, &'static str)>| {
        control_plane.state.lock().unwrap().clock_ahead_s = ahead_h * 3600;
        control_plane.state.lock().unwrap().log.excuse = excuse;
        witness(&control_plane, &site).await.json["overdue"].clone()
    };
    assert_eq!((looks(0, excuse).await, looks(1, excuse).await), (json!(1), json!(1)));
    assert_eq!(looks(2, Some((409, "row-in-ended-epoch"))).await, 1);
    assert_eq!((looks(25, excuse).await, looks(48, excuse).await), (json!(1), json!(1)));
    assert_eq!(looks(50, excuse).await, Value::Null, "an alarm");
}

/// A key that the customer did not certify confirms nothing; the Runner looks all the same.
#[tokio::test]
async fn a_runner_without_a_certified_witness_key_looks_and_does_not_cosign() {
    let (control_plane, site) = with_log(3).await;
    fs::remove_file(site.home().join("witness.seed")).unwrap();
    let answer = witness(&control_plane, &site).await;
    assert_eq!((answer.exit, &answer.json["state"]), (3, &json!("seen")), "{}", answer.json);
    assert_eq!(site.run(&["log-policy", "--witnessed"]).await.code(), "witness-uncertified");
    control_plane.state.lock().unwrap().log.rows.truncate(2);
    assert_eq!(kind(&witness(&control_plane, &site).await), "rollback");
    assert_eq!(control_plane.state.lock().unwrap().log.cosigned, []);
}
