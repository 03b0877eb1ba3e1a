use ports::KeyPurpose;
use protocol::key::{Ed25519Key, Signer as _};

use super::*;

const DAY_S: i64 = 86_400;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_s(seconds)
}

fn key(seed: u8) -> Ed25519Key {
    Ed25519Key::from_seed(&[seed; 32])
}

fn kid(seed: u8) -> String {
    key(seed).kid().to_string()
}

fn made(seed: u8, created_s: i64) -> KeyRecord {
    KeyRecord {
        purpose: KeyPurpose::AccessRecords,
        public: Some(key(seed).public().jwk()),
        wrapped: String::new(),
        created_at: at(created_s),
        endorsed: None,
    }
}

/// The key of `seed`, number `version`, in the word of the key of `by`.
fn next(by: u8, version: u32, seed: u8, created_s: i64) -> (u32, KeyRecord) {
    let next = Link::new(version, made(seed, created_s)).unwrap();
    (version, next.endorsed(&key(by)).unwrap().record)
}

/// Keys 1, 2 and 3, made on day 0, 1 and 2.
fn three() -> Vec<(u32, KeyRecord)> {
    vec![(1, made(1, 0)), next(1, 2, 2, DAY_S), next(2, 3, 3, 2 * DAY_S)]
}

fn counts(line: &Line, now_s: i64) -> Vec<u8> {
    (1..=9).filter(|seed| line.counting(&kid(*seed), at(now_s)).is_some()).collect()
}

#[test]
fn a_key_counts_when_the_one_before_it_says_so() {
    let mut made_of = three();
    made_of.reverse();
    let line = Line::follow(&[kid(1)], &made_of);
    assert_eq!(counts(&line, 2 * DAY_S), [1, 2, 3]);
    assert_eq!(line.newest().unwrap().version, 3);
    assert!(Line::follow(&[], &three()).newest().is_none(), "it begins where it is told to");
}

#[test]
fn a_key_that_nobody_or_a_stranger_endorsed_counts_for_nothing() {
    let alone = Line::follow(&[kid(1)], &[(1, made(1, 0)), (2, made(2, DAY_S))]);
    assert_eq!(counts(&alone, 9 * DAY_S), [1]);
    let strangers = [(1, made(1, 0)), (2, made(8, 0)), next(8, 3, 9, DAY_S)];
    assert_eq!(counts(&Line::follow(&[kid(1)], &strangers), 9 * DAY_S), [1]);
    let itself = [(1, made(1, 0)), next(9, 2, 9, DAY_S)];
    assert_eq!(counts(&Line::follow(&[kid(1)], &itself), 9 * DAY_S), [1]);
}

#[test]
fn the_settings_say_where_the_line_begins_and_what_counts_beside_it() {
    assert_eq!(counts(&Line::follow(&[kid(2)], &three()), 9 * DAY_S), [2, 3]);
    assert_eq!(counts(&Line::follow(&[kid(3), kid(2)], &three()), 9 * DAY_S), [2, 3]);
    let apart = [(1, made(1, 0)), (2, made(2, DAY_S))];
    assert_eq!(counts(&Line::follow(&[kid(1), kid(2)], &apart), 9 * DAY_S), [1, 2]);
    let unknown = Line::follow(&[kid(1), kid(7)], &apart);
    assert_eq!(counts(&unknown, 9 * DAY_S), [1]);
    assert!(unknown.signing(at(9 * DAY_S)).next().is_none());
}

#[test]
fn a_key_signs_when_every_process_knows_it_and_the_first_of_the_line_at_once() {
    let line = Line::follow(&[kid(1)], &three());
    let signing = |s| line.signing(at(s)).map(|link| link.version).collect::<Vec<_>>();
    assert_eq!(signing(-1), [1]);
    assert_eq!(signing(DAY_S + 1_199), [1]);
    assert_eq!(signing(DAY_S + 1_200), [2, 1]);
    let wanted = |s| line.wanted(at(s)).map(|link| link.version).collect::<Vec<_>>();
    assert_eq!(wanted(DAY_S + 1_199), [1, 2, 3]);
    assert_eq!(wanted(DAY_S + 1_200), [2, 3]);
}

#[test]
fn records_are_signed_again_when_nobody_signs_with_an_older_key_any_more() {
    let line = Line::follow(&[kid(1)], &three());
    let target = |s| line.to_sign_again(at(s)).map(|link| link.version);
    assert_eq!([DAY_S + 4_799, DAY_S + 4_800].map(target), [None, Some(2)]);
    let done = line.with_retirements(vec![Retirement::by(&key(2), at(DAY_S + 5_000)).unwrap()]);
    assert!(done.to_sign_again(at(DAY_S + 5_000)).is_none());
    assert_eq!(done.to_sign_again(at(9 * DAY_S)).unwrap().version, 3);
}

#[test]
fn older_keys_count_until_every_process_knows_that_they_do_not() {
    let said = Retirement::by(&key(2), at(3 * DAY_S)).unwrap();
    let line = Line::follow(&[kid(1)], &three()).with_retirements(vec![said]);
    assert_eq!(counts(&line, 3 * DAY_S + 1_199), [1, 2, 3]);
    assert_eq!(counts(&line, 3 * DAY_S + 1_200), [2, 3]);
}

#[test]
fn a_key_is_retired_in_the_word_of_a_later_one_and_of_nobody_else() {
    let all = |said: Retirement| {
        counts(&Line::follow(&[kid(1)], &three()).with_retirements(vec![said]), 9 * DAY_S)
    };
    assert_eq!(all(Retirement::by(&key(9), at(0)).unwrap()), [1, 2, 3], "a stranger's");
    assert_eq!(all(Retirement::by(&key(1), at(0)).unwrap()), [1, 2, 3], "about nothing");
    let said = Retirement::by(&key(9), at(0)).unwrap();
    assert_eq!(all(Retirement { by: kid(3), ..said }), [1, 2, 3], "in another's name");
    assert_eq!(all(Retirement::by(&key(3), at(0)).unwrap()), [3]);
}
