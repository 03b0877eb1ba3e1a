//! Whatever the bytes, the verifier answers, and soon: altered exports by the thousand, from a seed, so that each can be looked at again.

mod later;

use std::{fs, thread, time::Duration};

use chain::{
    container,
    policy::{Policy, Tier},
    purge::{ACTION, HOLD_SET},
    report::Verdict,
    verify,
};
use serde_json::json;
use tampering::{
    attacks::{Scene, account},
    made_log::{MadeLog, SEALED_AT, seal_at, unpacked},
    mutants,
};

/// Altered files.
const MUTANTS: u64 = 20_000;
/// When rows were purged.
const LATER: &str = "2028-01-01T00:00:00.000000Z";

/// A row of which nothing is left but its end, or which means the same: not one of these is `ok`, unless it is the export itself.
#[test]
fn thousands_of_altered_exports_get_a_verdict_and_none_is_ok() {
    let scene = Scene::default();
    let export = scene.log.export(&scene.log.rows(mutants::ROWS));
    let policy = scene.log.policy(Tier::Signed);
    for number in 0..MUTANTS {
        let mutant = mutants::of(&scene.log, number);
        check(&mutant, &export, &policy, number);
    }
}

fn check(mutant: &[u8], export: &[u8], policy: &Policy, number: u64) {
    let verdict = verify::file(mutant, Some(policy)).verdict;
    // A row that another value was put into, signed by the log's own key, is a row. So are other words for people, listed by the key of exports.
    let is_legitimate = verdict == Verdict::Ok
        && (mutants::is_signed_anew(number) || differs_for_people_alone(mutant, export));
    assert!(
        verdict == Verdict::Broken || mutant == export || is_legitimate,
        "mutant {number}: {verdict:?}"
    );
    let unpinned = verify::file(mutant, None).verdict;
    assert_ne!(unpinned, Verdict::Ok, "mutant {number} without a policy");
}

fn differs_for_people_alone(mutant: &[u8], export: &[u8]) -> bool {
    let [mut one, mut other] = [mutant, export].map(unpacked);
    for files in [&mut one, &mut other] {
        files.retain(|path, _| {
            !["README.txt", "keys.json", "verify.html"].contains(&path.as_str())
                && !path.starts_with("manifest")
        });
    }
    one == other
}

/// CPU time of this thread (Linux), so that a busy machine does not count.
fn cpu_time() -> Duration {
    // Until it gives up its turn, a thread's time is counted by the ticks of a clock, and what takes less than one takes none.
    thread::yield_now();
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split_whitespace().next().unwrap().parse().unwrap())
}

fn time_of(bytes: &[u8], policy: &Policy) -> Duration {
    let before = cpu_time();
    assert_ne!(verify::file(bytes, Some(policy)).verdict, Verdict::Ok);
    cpu_time().saturating_sub(before)
}

/// An archive of so many files, all of them listed.
fn many_files(log: &MadeLog, count: usize) -> Vec<u8> {
    let sound = log.export(&log.rows(3));
    log.repack(&sound, |files| {
        files.extend((0..count).map(|number| (format!("x{number:08}"), Vec::new())));
    })
}

/// A bundle of so many rows of no bytes.
fn many_rows_of_nothing(log: &MadeLog, count: usize) -> Vec<u8> {
    let sound = log.export(&log.rows(3));
    log.repack(&sound, |files| {
        drop(files.insert("tile/entries/000.p/3".to_owned(), vec![0; count * 2]));
    })
}

/// A log whose every row says that something is missing.
fn many_gaps(log: &MadeLog, count: usize) -> Vec<u8> {
    let missing = |number: usize| {
        let intent = log.intent(number as u64);
        if number == 0 { intent } else { intent.replace("role.changed", "log.incomplete") }
    };
    let rows = tampering::made_log::seal((0..count / 16).map(missing));
    log.export(&rows)
}

/// Rows of which every second one is gone, as many holds that overlap, each of all rows from one on, and as many purges of all.
fn many_holds_and_purges(log: &MadeLog, count: usize) -> Vec<u8> {
    let third = (count / 96) as u64;
    let purge = account("2026-12-01T00:00:00.000000Z", third, &json!([]));
    let said = |number: u64| match number / third {
        0 => (log.intent(number), SEALED_AT),
        1 => {
            let hold = json!({"from": number - third, "hold": format!("hld_{number}")});
            (log.acted(number, HOLD_SET, &hold), LATER)
        }
        _ => (log.acted(number, ACTION, &purge), LATER),
    };
    let rows = seal_at((0..third * 3).map(said));
    log.without(&rows, &log.head(&rows), |seq| seq < third && seq % 2 == 1)
}

fn nothing_but_beginnings(_log: &MadeLog, count: usize) -> Vec<u8> {
    b"PK\x03\x04".repeat(count)
}

/// Sixteen times the bytes take sixteen times as long, and may take four times that; work that grows with the square would take 256 times.
#[test]
fn the_work_grows_with_the_length_and_no_faster() {
    let log = MadeLog::new(1);
    let policy = log.policy(Tier::Witnessed);
    for (name, make) in [
        ("many files", many_files as fn(&MadeLog, usize) -> Vec<u8>),
        ("many rows of nothing", many_rows_of_nothing),
        ("many gaps", many_gaps),
        ("many holds and purges", many_holds_and_purges),
        ("nothing but beginnings", nothing_but_beginnings),
        ("many keys of later epochs", later::many_keys),
        ("many rotations", later::many_rotations),
    ] {
        let (small, large) = (make(&log, 2000), make(&log, 32_000));
        let best = |bytes: &[u8]| (0..3).map(|_| time_of(bytes, &policy)).min().unwrap();
        let (once, sixteenfold) = (best(&small), best(&large));
        let floor = Duration::from_micros(200);
        assert!(sixteenfold < once.max(floor) * 64, "{name}: {once:?} became {sixteenfold:?}");
    }
}

/// What a signed head claims must not make the verifier count up to it.
#[test]
fn a_head_of_an_endless_log_is_answered_at_once() {
    let log = MadeLog::new(1);
    let rows = log.rows(3);
    let endless = log.head(&rows).replace("\n3\n", &format!("\n{}\n", u64::MAX));
    for policy in [None, Some(log.policy(Tier::Signed))] {
        let report = verify::bundle(&log.lay_out(&rows, &endless), policy.as_ref());
        assert_eq!(report.verdict, Verdict::Broken);
    }
}

#[test]
fn a_row_of_the_longest_length_is_taken_and_a_longer_one_is_not() {
    let log = MadeLog::new(1);
    let padded = |bytes: usize| {
        let intent = log.intent(1);
        let empty = chain::row::Row::seal(&intent, 1, &chain::Hash::ZERO, SEALED_AT).unwrap().len();
        intent.replace("ticket 4711", &format!("ticket 4711{}", "x".repeat(bytes - empty)))
    };
    let rows = tampering::made_log::seal([log.intent(0), padded(65_535)]);
    let report = verify::bundle(&log.export(&rows), Some(&log.policy(Tier::Signed)));
    assert_eq!(report.verdict, Verdict::Ok);
    assert!(chain::row::Row::seal(&padded(65_536), 1, &chain::Hash::ZERO, SEALED_AT).is_err());
    assert!(container::read(&log.export(&rows)).damage.is_none());
}
