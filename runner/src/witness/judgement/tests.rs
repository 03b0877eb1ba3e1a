//! Which heads continue what was seen, and which contradict it.

use chain::{cosignature::Witness, note::Signer, tree::leaf_hash};
use protocol::key::{Ed25519Key, Signer as _};

use super::*;

pub(crate) const ORIGIN: &str = "control.example/log/ten_a";

pub(crate) fn leaves(count: u64, from: u64) -> Vec<Hash> {
    (0..count)
        .map(|row| leaf_hash(&(if row < from { row } else { row + 1_000 }).to_be_bytes()))
        .collect()
}

fn signer(origin: &str, seed: u8) -> Signer {
    Signer::from_seed(origin, &[seed; 32]).unwrap()
}

fn key(seed: u8) -> PublicKey {
    Ed25519Key::from_seed(&[seed; 32]).public().clone()
}

fn head(origin: &str, rows: &[Hash]) -> Checkpoint {
    let size = rows.len() as u64;
    let root = proof::root(rows, size).unwrap();
    Checkpoint { origin: origin.to_owned(), size, root }
}

/// The head over `rows`, with the proof from `from` rows on.
pub(crate) fn shown(rows: &[Hash], from: u64) -> CheckpointAnswer {
    let checkpoint = head(ORIGIN, rows).sign(&signer(ORIGIN, 42)).unwrap();
    let proof = proof::consistency(rows, from, rows.len() as u64).unwrap_or_default();
    let proof = proof.into_iter().map(|Hash(bytes)| Digest(bytes)).collect();
    CheckpointAnswer { checkpoint, epoch: 0, proof, next: None }
}

fn now() -> Timestamp {
    Timestamp::from_unix_s(1_800_000_000)
}

fn judge(known: Option<&Seen>, answer: &CheckpointAnswer) -> Result<Seen, Wrong> {
    Expected { origin: ORIGIN, keys: &[key(42)] }.judge(known, answer, now())
}

fn kind(known: Option<&Seen>, answer: &CheckpointAnswer) -> Option<AlarmKind> {
    match judge(known, answer) {
        Err(Wrong::Alarm(kind, _)) => Some(kind),
        Ok(_) | Err(Wrong::Unreadable(_) | Wrong::Proof(_)) => None,
    }
}

pub(crate) fn seen(count: u64) -> Seen {
    judge(None, &shown(&leaves(count, count), 0)).unwrap()
}

#[test]
fn a_log_that_grows_is_confirmed_from_its_first_look_on() {
    let first = seen(3);
    assert_eq!((first.size, first.first), (3, First { size: 3, at: now() }));
    for size in [3, 4, 7, 300] {
        let next = judge(Some(&first), &shown(&leaves(size, size), 3)).unwrap();
        assert_eq!((next.size, next.first), (size, first.first));
    }
}

#[test]
fn a_shorter_log_is_a_rollback_and_another_of_the_same_length_a_fork() {
    let known = seen(5);
    assert_eq!(kind(Some(&known), &shown(&leaves(4, 4), 4)), Some(AlarmKind::Rollback));
    assert_eq!(kind(Some(&known), &shown(&leaves(5, 2), 5)), Some(AlarmKind::Fork));
}

/// A longer log whose first rows are other ones: whatever proof comes with it, it cannot hold.
#[test]
fn a_longer_log_that_does_not_begin_with_the_known_one_is_refused() {
    let known = seen(5);
    let forked = shown(&leaves(9, 2), 5);
    assert!(matches!(judge(Some(&known), &forked), Err(Wrong::Proof(_))));
    let honest_proof = CheckpointAnswer { proof: shown(&leaves(9, 9), 5).proof, ..forked };
    assert!(matches!(judge(Some(&known), &honest_proof), Err(Wrong::Proof(_))));
    let no_proof = CheckpointAnswer { proof: Vec::new(), ..shown(&leaves(9, 9), 5) };
    assert!(matches!(judge(Some(&known), &no_proof), Err(Wrong::Proof(_))));
}

#[test]
fn a_head_that_no_pinned_key_signed_is_an_alarm_before_anything_else() {
    let rows = leaves(3, 3);
    let forged = CheckpointAnswer {
        checkpoint: head(ORIGIN, &rows).sign(&signer(ORIGIN, 66)).unwrap(),
        ..shown(&rows, 0)
    };
    assert_eq!(kind(None, &forged), Some(AlarmKind::UnknownKey));
    let edited = shown(&rows, 0).checkpoint.replace("\n3\n", "\n4\n");
    let edited = CheckpointAnswer { checkpoint: edited, ..shown(&rows, 0) };
    assert_eq!(kind(Some(&seen(3)), &edited), Some(AlarmKind::UnknownKey));
}

/// The log's own key over another tenant's log, or over a later epoch that nobody here was told of.
#[test]
fn another_log_is_not_taken_for_this_one() {
    let rows = leaves(3, 3);
    let other = |origin: &str, epoch| CheckpointAnswer {
        checkpoint: head(origin, &rows).sign(&signer(origin, 42)).unwrap(),
        epoch,
        proof: Vec::new(),
        next: None,
    };
    let foreign = other("control.example/log/ten_b", 0);
    assert_eq!(kind(None, &foreign), Some(AlarmKind::OtherLog));
    assert_eq!(kind(Some(&seen(3)), &foreign), Some(AlarmKind::OtherLog));
    let later = other(&format!("{ORIGIN}/1"), 1);
    assert_eq!(kind(Some(&seen(3)), &later), Some(AlarmKind::OtherLog));
    assert_eq!(judge(None, &later).unwrap().origin, format!("{ORIGIN}/1"));
    assert_eq!(kind(None, &other(ORIGIN, 1)), Some(AlarmKind::OtherLog));
}

#[test]
fn what_is_no_head_is_no_evidence() {
    for checkpoint in ["", "text\n", "a\nb\nc\n\n— n AAAAAAA=\n"] {
        let answer = CheckpointAnswer {
            checkpoint: checkpoint.to_owned(),
            epoch: 0,
            proof: Vec::new(),
            next: None,
        };
        assert!(matches!(judge(None, &answer), Err(Wrong::Unreadable(_))), "{checkpoint:?}");
    }
}

#[test]
fn the_lines_of_others_are_left_out() {
    let answer = shown(&leaves(3, 3), 0);
    let text = head(ORIGIN, &leaves(3, 3)).to_text();
    let other = Witness::from_seed("w", &[1; 32]).unwrap().cosign(&text, 1).unwrap();
    let more =
        CheckpointAnswer { checkpoint: answer.checkpoint.clone() + &other, ..answer.clone() };
    assert_eq!(judge(None, &more).unwrap().checkpoint, answer.checkpoint);
}
