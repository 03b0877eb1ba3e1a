//! Which row was promised, and when a promise is broken.

use chain::{Hash, proof, row::Row, tree::leaf_hash};
use protocol::Digest;

use super::*;
use crate::witness::First;

const INTENT: &str = r#"{"act":{"id":"rnr_1","kind":"runner"},"action":"run.completed","at":"2026-11-21T00:00:00.001234Z","data":{},"id":"aud_1","out":"ok","salt":"b1946ac92492d2347c6235b400000007","src":{"app":"runs","inst":"7f9c","n":1},"t":"ten_a","target":{"id":"run_1","kind":"run"},"v":1}"#;

/// The row as number `seq` of three, and the log that it is in.
fn shown(seq: u64) -> (PromisedRow, Seen) {
    let rx = "2026-11-21T00:00:00.210000Z";
    let text = Row::seal(INTENT, seq, &Hash::ZERO, rx).unwrap();
    let mut leaves = vec![Hash::of(b"a"), Hash::of(b"b"), Hash::of(b"c")];
    leaves[usize::try_from(seq).unwrap()] = leaf_hash(text.as_bytes());
    let Hash(root) = proof::root(leaves.as_slice(), 3).unwrap();
    let path = proof::inclusion(leaves.as_slice(), seq, 3).unwrap();
    let proof = path.into_iter().map(|Hash(bytes)| Digest(bytes)).collect();
    let at = Timestamp::from_unix_s(0);
    let seen = Seen {
        origin: "control.example/log/ten_a".to_owned(),
        size: 3,
        root: Digest(root),
        checkpoint: String::new(),
        at,
        first: First { size: 1, at },
        delivered: None,
        ended: Vec::new(),
    };
    (PromisedRow { row: text, index: seq, proof }, seen)
}

#[test]
fn the_promised_row_is_known_by_its_intent_and_proved_under_the_witnessed_head() {
    let (row, seen) = shown(1);
    assert_eq!(check(&row, Digest::of(INTENT), &seen), Ok(()));
    assert!(check(&row, Digest::of("another intent"), &seen).is_err());
    let elsewhere = PromisedRow { index: 2, ..row.clone() };
    assert!(check(&elsewhere, Digest::of(INTENT), &seen).is_err());
    let unproved = PromisedRow { proof: Vec::new(), ..row.clone() };
    assert!(check(&unproved, Digest::of(INTENT), &seen).is_err());
    let other_log = Seen { root: Digest::ZERO, ..seen };
    assert!(check(&row, Digest::of(INTENT), &other_log).is_err());
}

#[test]
fn a_promise_is_broken_a_quarter_of_an_hour_after_its_time_and_after_it_was_denied_first() {
    let at = Timestamp::from_unix_s;
    let clocks = |later| Clocks { earlier: at(0), later: at(later) };
    assert!(!is_broken(at(0), at(0), clocks(899)));
    assert!(is_broken(at(0), at(0), clocks(900)));
    assert!(!is_broken(at(0), at(5_000), clocks(5_000)), "it was down until then");
    assert!(!is_broken(at(0), at(5_000), clocks(5_899)));
    assert!(is_broken(at(0), at(5_000), clocks(5_900)));
    assert!(!is_broken(at(5_000), at(0), clocks(5_899)));
}

#[test]
fn a_row_that_is_younger_than_a_year_was_not_removed_because_its_time_was_over() {
    let at = Timestamp::from_unix_s;
    let year = 365 * 24 * 3600;
    let (_, seen) = shown(1);
    let denied = |code, earlier, later| {
        is_denial(code, at(0), Clocks { earlier: at(earlier), later: at(later) }, &seen)
    };
    assert!(denied("row-purged", 0, year - 1));
    assert!(denied("row-purged", year - 1, 9 * year), "one clock may be set ahead");
    assert!(!denied("row-purged", year, year));
    assert!(denied("row-not-found", year, year));
    assert!(!denied("dependency-unavailable", 0, 0));
}

#[test]
fn a_row_is_in_an_epoch_that_is_over_only_if_it_was_due_before_the_runner_began_with_a_later_one() {
    let at = Timestamp::from_unix_s;
    let (_, first) = shown(1);
    let began = First { size: 1, at: at(100) };
    let later = Seen { origin: format!("{}/2", first.origin), first: began, ..first.clone() };
    let denied = |seen: &Seen, seal_by| {
        let clocks = Clocks { earlier: at(0), later: at(0) };
        is_denial("row-in-ended-epoch", at(seal_by), clocks, seen)
    };
    assert!(denied(&Seen { first: began, ..first }, 99), "no epoch ended before the first");
    assert!(!denied(&later, 159), "promised before it looked, and due a minute later");
    assert!(denied(&later, 160));
    // What it followed since changes nothing: it saw all of that.
    let name = format!("{}/3", later.origin.trim_end_matches("/2"));
    let began = First { size: 0, at: at(500) };
    let followed = Seen { origin: name, first: began, ended: later.ending(), ..later };
    assert!(!denied(&followed, 159));
    assert!(denied(&followed, 160));
}

/// Whoever rotates a log often enough does not get away with a row in an epoch that the Runner has forgotten.
#[test]
fn the_epochs_that_are_remembered_are_few_and_the_watch_is_as_long_as_it_was() {
    let at = Timestamp::from_unix_s;
    let (_, mut seen) = shown(1);
    for epoch in 1..=40 {
        let first = First { size: 0, at: at(epoch * 100) };
        let origin = format!("control.example/log/ten_a/{epoch}");
        seen = Seen { origin, first, ended: seen.ending(), ..seen };
        assert!(seen.ended.iter().all(|end| end.ended.is_empty()));
        assert_eq!(seen.ended.len(), usize::try_from(epoch).unwrap().min(16));
    }
    let names: Vec<_> = seen.ended.iter().map(Seen::epoch).collect();
    assert_eq!(names, (24..40).rev().collect::<Vec<_>>());
    assert_eq!((seen.oldest().epoch(), seen.oldest().first.at), (24, at(0)));
}
