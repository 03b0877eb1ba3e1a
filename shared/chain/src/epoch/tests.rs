use ed25519_dalek::SigningKey;
use serde_json::json;

use super::*;
use crate::{
    bundle::{Draft, Export},
    genesis::Genesis,
    intent::Intent,
    note::Signer,
    policy::{Policy, Tier},
    proof,
    report::{Report, Verdict},
    sample::{self, ORIGIN, TENANT, policy},
    verify,
};

const NEXT: &str = "audit.example.com/ten_01jd5x0000e008000000000001/1";

fn signer(name: &str, seed: u8) -> Signer {
    Signer::new(name, SigningKey::from_bytes(&[seed; 32])).unwrap()
}

fn vkey(name: &str, seed: u8) -> String {
    signer(name, seed).verifier_key().to_string()
}

/// What ends the first epoch, whose key is the sample's, and hands on to the key `seed`.
fn rotation(seed: u8) -> Rotation {
    Rotation {
        by: vec![vkey(ORIGIN, 42)],
        keys: vec![vkey(NEXT, seed)],
        next: NEXT.to_owned(),
        rotation: 1,
    }
}

/// The rows of the first epoch: five, and the one that ends it.
fn old(rotation: &Rotation) -> Vec<String> {
    let said = serde_json::to_value(rotation).unwrap();
    let said = ["by", "keys", "next", "rotation"].map(|name| (name, said[name].clone()));
    let mut intents: Vec<_> = (0..5).map(sample::verified).collect();
    intents.push(sample::acted(5, ROTATE, said));
    sample::seal(&intents)
}

/// For the document: the row that ends an epoch, the first two rows of the next, and its checkpoint.
pub(crate) fn vector() -> String {
    let rotation = rotation(77);
    let rows = old(&rotation);
    let next = new(&ended(&rows), &[key_row(&rotation)]);
    let head = Checkpoint { origin: NEXT.to_owned(), ..sample::checkpoint(&next) };
    let head = head.sign(&signer(NEXT, 77)).unwrap();
    format!("{}\n\n{}\n{}\n\n{head}", rows[5], next[0], next[1])
}

/// How an epoch of these rows ended, with what announced the next.
fn ended(rows: &[String]) -> Previous {
    let leaves: Vec<_> = rows.iter().map(|row| leaf_hash(row.as_bytes())).collect();
    let head = sample::checkpoint(rows);
    let last = head.size - 1;
    let proof = proof::inclusion(leaves.as_slice(), last, head.size).unwrap();
    Previous {
        announced: Some(Announced { proof, row: rows.last().unwrap().clone() }),
        epoch: 0,
        note: head.sign(&sample::log_signer()).unwrap(),
        root: head.root,
        rows: head.size,
    }
}

/// The row that names the keys which were announced.
fn key_row(rotation: &Rotation) -> crate::intent::VerifiedIntent {
    sample::acted(1, KEY, [("by", json!(rotation.by)), ("keys", json!(rotation.keys))])
}

/// The next epoch: its first row, and then these.
fn new(previous: &Previous, then: &[crate::intent::VerifiedIntent]) -> Vec<String> {
    let genesis = Genesis {
        origin: NEXT,
        tenant: TENANT,
        keys: &[],
        id: "01JD",
        at: sample::RX,
        salt: &"0".repeat(32),
        source: sample::genesis().src,
        previous: Some(previous),
    };
    let mut intents = vec![sample::verify(&genesis.intent())];
    intents.extend_from_slice(then);
    sample::seal(&intents)
}

/// The export of these rows as the log `origin`, signed by the key `seed`.
fn export(rows: &[String], origin: &str, seed: u8) -> Vec<u8> {
    let signer = signer(origin, seed);
    let head = Checkpoint { origin: origin.to_owned(), ..sample::checkpoint(rows) };
    let checkpoint = head.sign(&signer).unwrap();
    let export = Export { tenant: TENANT, checkpoint: &checkpoint, log_keys: &[], app_keys: &[] };
    let draft = Draft::of(&export, rows).unwrap();
    let statement = self::signer("exports", 43).sign(draft.statement()).unwrap();
    draft.whole(&statement, rows).unwrap()
}

/// What is found by who pinned these keys of the log `origin`.
fn found(file: &[u8], origin: &str, keys: &[String]) -> Report {
    let log: String = keys.iter().map(|key| format!("log {key}\n")).collect();
    let text = format!("origin {origin}\n{log}export {}\n", vkey("exports", 43));
    let policy: Policy = text.parse().unwrap();
    let report = verify::bundle(file, Some(&policy));
    assert_eq!(report, verify::diagnose(file, Some(&policy)));
    report
}

fn bad(report: &Report) -> (Option<u64>, Kind) {
    assert_eq!(report.verdict, Verdict::Broken, "{report:?}");
    let finding = report.first_bad.as_ref().unwrap();
    (finding.seq, finding.kind)
}

/// Who pinned the first key, and knows the name of the next epoch from the end of the first, needs nothing more.
#[test]
fn who_pinned_the_old_key_follows_to_the_new_one() {
    let rotation = rotation(77);
    let rows = old(&rotation);
    let first = found(&export(&rows, ORIGIN, 42), ORIGIN, &rotation.by);
    assert_eq!((first.verdict, first.tier), (Verdict::Ok, Tier::Signed), "{first:?}");
    assert!(first.notes.iter().any(|note| note.contains(NEXT)), "{first:?}");
    let next = new(&ended(&rows), &[key_row(&rotation), sample::verified(2)]);
    let file = export(&next, NEXT, 77);
    for pinned in [&rotation.by, &rotation.keys, &[vkey("anything", 42)].to_vec()] {
        let report = found(&file, NEXT, pinned);
        assert_eq!((report.verdict, report.tier), (Verdict::Ok, Tier::Signed), "{report:?}");
        assert_eq!(report.checkpoint.unwrap().signed_by, rotation.keys);
    }
    assert_eq!(bad(&found(&file, NEXT, &[vkey(NEXT, 9)])), (Some(0), Kind::Tenant));
    assert_eq!(verify::bundle(&file, None).verdict, Verdict::Incomplete);
}

/// The old epoch names one key, and another signs.
#[test]
fn a_key_that_was_not_announced_is_believed_by_nobody() {
    let rotation = rotation(77);
    let next = new(&ended(&old(&rotation)), &[key_row(&rotation)]);
    let report = found(&export(&next, NEXT, 9), NEXT, &rotation.by);
    assert_eq!(bad(&report), (None, Kind::Signature));
}

/// What the old log signed says nothing of this epoch, or not this.
#[test]
fn a_forged_announcement_is_named_at_row_0() {
    let rotation = rotation(77);
    let rows = old(&rotation);
    let sound = ended(&rows);
    let forged = old(&self::rotation(9)).pop().unwrap();
    let with = |announced: Announced| Previous { announced: Some(announced), ..sound.clone() };
    let proof = sound.announced.clone().unwrap().proof;
    let row = rows[5].clone();
    let earlier = rows[4].clone();
    for previous in [
        // Another key in the row: it is not the row that was signed.
        with(Announced { row: forged, proof: proof.clone() }),
        with(Announced { row: row.clone(), proof: Vec::new() }),
        // A row that was signed, and announces nothing.
        with(Announced { row: earlier, proof }),
        Previous { rows: 5, ..sound.clone() },
        Previous { root: Hash::ZERO, ..sound.clone() },
        Previous { epoch: 1, ..sound.clone() },
    ] {
        let said = previous.announced.as_ref().and_then(|said| rotation_in(&said.row));
        let then = [said.map_or_else(|| sample::verified(1), |said| key_row(&said))];
        let file = export(&new(&previous, &then), NEXT, 9);
        assert_eq!(bad(&found(&file, NEXT, &rotation.by)), (Some(0), Kind::Tenant), "{previous:?}");
        // Even who pinned that key by mistake sees that the old log announced no such thing.
        let both = [rotation.by.clone(), vec![vkey(NEXT, 9)]].concat();
        assert_eq!(found(&file, NEXT, &both).verdict, Verdict::Broken, "{previous:?}");
    }
}

/// The old log announced another name than the one that goes on.
#[test]
fn an_announcement_of_another_log_counts_for_nothing() {
    let elsewhere =
        Rotation { keys: vec![vkey("b/1", 77)], next: "b/1".to_owned(), ..rotation(77) };
    let file = export(&new(&ended(&old(&elsewhere)), &[key_row(&elsewhere)]), NEXT, 77);
    assert_eq!(bad(&found(&file, NEXT, &elsewhere.by)), (Some(0), Kind::Tenant));
}

/// An end that a stranger signed announces nothing, whatever keys the row names for itself.
#[test]
fn an_end_that_no_pinned_key_signed_announces_nothing() {
    let rotation = Rotation { by: vec![vkey(ORIGIN, 9)], ..rotation(77) };
    let rows = old(&rotation);
    let note = sample::checkpoint(&rows).sign(&signer(ORIGIN, 9)).unwrap();
    let previous = Previous { note, ..ended(&rows) };
    let file = export(&new(&previous, &[key_row(&rotation)]), NEXT, 77);
    let pinned = [vkey(ORIGIN, 42)];
    assert_eq!(bad(&found(&file, NEXT, &pinned)), (Some(0), Kind::Tenant));
    // And one that names the pinned key must be signed by it.
    let named = Rotation { by: vec![vkey(ORIGIN, 42), vkey(ORIGIN, 9)], ..rotation };
    let rows = old(&named);
    let note = sample::checkpoint(&rows).sign(&signer(ORIGIN, 9)).unwrap();
    let previous = Previous { note, ..ended(&rows) };
    let file = export(&new(&previous, &[key_row(&named)]), NEXT, 77);
    assert_eq!(bad(&found(&file, NEXT, &pinned)), (Some(0), Kind::Tenant));
}

/// Without an announcement only a restore begins an epoch, and that is said in the row after the first.
#[test]
fn an_epoch_that_was_not_announced_begins_with_an_alarm() {
    let rows = sample::rows(5);
    let previous = Previous { announced: None, ..ended(&rows) };
    let pinned = [vkey(NEXT, 42)];
    let alarm = sample::acted(1, ALARM, [("what", json!("restored"))]);
    let report = found(&export(&new(&previous, &[alarm]), NEXT, 42), NEXT, &pinned);
    assert_eq!(report.verdict, Verdict::Ok, "{report:?}");
    assert!(report.notes.iter().any(|note| note.contains("did not announce")), "{report:?}");
    let silent = export(&new(&previous, &[sample::verified(1)]), NEXT, 42);
    assert_eq!(bad(&found(&silent, NEXT, &pinned)), (Some(1), Kind::Profile));
}

#[test]
fn a_row_about_a_key_stands_where_a_key_was_announced_and_says_the_same() {
    let rotation = rotation(77);
    let previous = ended(&old(&rotation));
    let stray = sample::acted(2, KEY, [("by", json!(rotation.by)), ("keys", json!(rotation.keys))]);
    let wrong = Rotation { keys: vec![vkey(NEXT, 9)], ..rotation.clone() };
    for (then, seq) in [
        (vec![sample::verified(1)], 1),
        (vec![key_row(&wrong)], 1),
        (vec![key_row(&rotation), stray.clone()], 2),
    ] {
        let file = export(&new(&previous, &then), NEXT, 77);
        assert_eq!(bad(&found(&file, NEXT, &rotation.by)), (Some(seq), Kind::Profile));
    }
    // In an epoch that nobody announced, a key row is signed by nobody.
    let rows = sample::seal(&[sample::verified(0), sample::verified(1), stray]);
    let report = found(&export(&rows, ORIGIN, 42), ORIGIN, &rotation.by);
    assert_eq!(bad(&report), (Some(2), Kind::Profile));
}

#[test]
fn nothing_follows_the_row_that_ends_an_epoch() {
    let rotation = rotation(77);
    let said = serde_json::to_value(&rotation).unwrap();
    let said = ["by", "keys", "next", "rotation"].map(|name| (name, said[name].clone()));
    let mut intents: Vec<_> = (0..3).map(sample::verified).collect();
    intents.push(sample::acted(3, ROTATE, said));
    intents.push(sample::verify(&Intent { id: "aud_late".to_owned(), ..sample::intent(4) }));
    let file = export(&sample::seal(&intents), ORIGIN, 42);
    assert_eq!(bad(&found(&file, ORIGIN, &rotation.by)), (Some(4), Kind::Profile));
}

/// The log as it was before it was rotated, or another one that goes on from there, for who saw the end.
#[test]
fn a_log_from_before_its_rotation_is_a_rollback() {
    let rotation = rotation(77);
    let rows = old(&rotation);
    let head = sample::checkpoint(&rows);
    let seen = vec![crate::seen::Seen { size: head.size, root: head.root }];
    let policy = Policy { seen, ..policy() };
    let kind = |rows: &[String]| {
        let report = verify::bundle(&sample::bundle(rows), Some(&policy));
        report.first_bad.map(|finding| finding.kind)
    };
    assert_eq!(kind(&rows), None);
    assert_eq!(kind(&rows[..5]), Some(Kind::Rollback));
    assert_eq!(kind(&sample::rows(7)), Some(Kind::Consistency));
}

/// A reader who went over to the new epoch takes no file of the old one for it, though its key is pinned.
#[test]
fn the_old_epoch_is_no_answer_to_who_asks_for_the_new() {
    let rotation = rotation(77);
    let file = export(&old(&rotation), ORIGIN, 42);
    assert_eq!(bad(&found(&file, NEXT, &rotation.by)), (None, Kind::Signature));
}
