//! Which keys a file may name: few at a time, each for its own epoch.

use super::*;
use crate::intent::Intent;

/// The key `seed` under the name of the epoch `number`.
fn key(number: u8, seed: u8) -> Signer {
    Signer::new(&origin(number.into()), SigningKey::from_bytes(&[seed; 32])).unwrap()
}

/// So many keys of the epoch `number`, the last of which is its signer's.
fn keys(number: u8, count: u8) -> Vec<Signer> {
    let others = (1..count).map(|seed| key(number, seed));
    others.chain([signer(number)]).collect()
}

/// Whether an account counts that `signer` signs in the epoch `number`, where rows of epoch 1 say this before.
fn counts_after(said: Vec<VerifiedIntent>, signer: &Signer, number: u8) -> bool {
    let account = all_by(signer, number, &epoch(vec![purged(Some(0))]));
    accounts(&shown(1, &epoch(said)).into_iter().chain(account).collect::<Vec<_>>())
}

/// Whether these lines account for what is gone.
fn accounts(lines: &[Shown]) -> bool {
    let found = found(&ended(vec![]), &GONE, &text(lines));
    assert!(found.is_none() || found == UNEXPLAINED, "{found:?}");
    found.is_none()
}

/// The row that ends epoch 1, with other words in it.
fn edited(from: &str, to: &str) -> Vec<VerifiedIntent> {
    let intent = rotate(2);
    assert!(intent.text().contains(from), "{}", intent.text());
    vec![sample::verify(&Intent::parse(&intent.text().replace(from, to)).unwrap())]
}

#[test]
fn nine_keys_add_nothing() {
    for (count, is_taken) in [(1, true), (8, true), (9, false)] {
        let named = vec![rotate_to(2, &keys(2, count))];
        assert_eq!(counts_after(named, &signer(2), 2), is_taken, "{count}");
        let rows = ended_by(rotate_to(1, &keys(1, count)), vec![]);
        let lines = text(&shown(1, &epoch(vec![purged(Some(0))])));
        assert_eq!(found(&rows, &GONE, &lines).is_none(), is_taken, "{count} at the end");
        let unproved = (!is_taken).then_some((None, Kind::UnexplainedPurge));
        assert_eq!(found(&rows, &[], &lines), unproved, "{count} at the end");
    }
    assert!(!counts_after(vec![rotate_to(2, &[])], &signer(2), 2));
}

#[test]
fn a_second_rotation_of_one_epoch_adds_nothing() {
    let both = || vec![rotate_to(2, &[key(2, 9)]), rotate(2)];
    assert!(counts_after(both(), &key(2, 9), 2));
    assert!(!counts_after(both(), &signer(2), 2));
    // One that names nobody is none.
    let bad = || vec![rotate_to(2, &keys(2, 9)), rotate(2)];
    assert!(counts_after(bad(), &signer(2), 2));
}

#[test]
fn a_key_that_was_named_for_one_epoch_does_not_sign_the_next() {
    let (first, second) = (epoch(vec![rotate(2)]), epoch(vec![rotate(3)]));
    let judge = |signer: &Signer| {
        let account = all_by(signer, 3, &epoch(vec![purged(Some(0))]));
        let lines = shown(1, &first).into_iter().chain(shown(2, &second)).chain(account);
        accounts(&lines.collect::<Vec<_>>())
    };
    assert!(judge(&signer(3)));
    assert!(!judge(&key(3, 102)), "the key of epoch 2");
    assert!(!judge(&key(3, 101)), "the key of epoch 1");
}

/// No row says so: it is signed by the key of the epoch that was cut off, under its own name.
#[test]
fn an_epoch_after_one_that_a_restore_cut_off_has_its_key() {
    let account = |signer: &Signer| all_by(signer, 2, &epoch(vec![purged(Some(0))]));
    assert!(accounts(&account(&key(2, 101))));
    assert!(!accounts(&account(&key(1, 101))));
    assert!(!accounts(&account(&signer(2))));
    let end = all_by(&key(2, 101), 2, &epoch(vec![rotate(3)]));
    let after = |signer: &Signer| all_by(signer, 3, &epoch(vec![purged(Some(0))]));
    assert!(accounts(&[end.clone(), after(&signer(3))].concat()));
    assert!(!accounts(&[end, after(&key(3, 101))].concat()), "up to the next rotation");
}

/// What does not say all that 1.3.1 of `docs/chain.md` asks for names no key.
#[test]
fn a_row_that_is_not_the_end_of_its_own_epoch_names_no_key() {
    let [by, next] = [signer(1), signer(2)].map(|signer| signer.verifier_key().to_string());
    let own = Signer::new(ORIGIN, SigningKey::from_bytes(&[101; 32])).unwrap();
    let own = own.verifier_key().to_string();
    assert!(counts_after(edited("ticket", "case"), &signer(2), 2));
    for (from, to) in [
        (by.as_str(), own.as_str()),
        (by.as_str(), "none"),
        (next.as_str(), own.as_str()),
        ("\"next\":\"audit", "\"next\":\"other"),
        (&format!("\"next\":\"{}", origin(2)), &format!("\"next\":\"{}", origin(3))),
        ("log.rotate", "log.rotated"),
    ] {
        assert!(!counts_after(edited(from, to), &signer(2), 2), "{to}");
    }
    // An epoch of a name that the row does not end, with keys that fit that name.
    assert!(!counts_after(vec![rotate(3)], &signer(3), 3));
}
