//! What is taken in of witnesses, what is refused, and what a note gets of it.

use chain::{cosignature::Witness, note::Signer};
use ed25519_dalek::SigningKey;

use super::*;

const ORIGIN: &str = "control.example/log/ten_a";
const TIME: u64 = 1_763_683_200;

fn log() -> Signer {
    Signer::new(ORIGIN, SigningKey::from_bytes(&[42; 32])).unwrap()
}

fn witness(seed: u8) -> Witness {
    Witness::new("control.example/witness/w", SigningKey::from_bytes(&[seed; 32])).unwrap()
}

fn text(size: u64, root: &[u8]) -> String {
    Checkpoint { origin: ORIGIN.to_owned(), size, root: Hash::of(root) }.to_text()
}

fn signed(size: u64, root: &[u8]) -> String {
    log().sign(&text(size, root)).unwrap()
}

fn read(checkpoint: &str, line: &str) -> Result<Cosigned, CosignedError> {
    let log = [log().verifier_key()];
    Cosigned::read(checkpoint, line, &log, &witness(1).public(), None)
}

fn cosigned(seed: u8, size: u64, root: &[u8], time: u64) -> Cosigned {
    let line = witness(seed).cosign(&text(size, root), time).unwrap();
    let log = [log().verifier_key()];
    Cosigned::read(&signed(size, root), &line, &log, &witness(seed).public(), None).unwrap()
}

#[test]
fn only_the_registered_witness_over_a_head_of_the_log_is_taken() {
    let line = witness(1).cosign(&text(3, b"a"), TIME).unwrap();
    let taken = read(&signed(3, b"a"), &line).unwrap();
    assert_eq!((taken.size, taken.time, taken.root), (3, TIME, Hash::of(b"a")));
    let stranger = witness(2).cosign(&text(3, b"a"), TIME).unwrap();
    let code = |checkpoint: &str, line: &str| read(checkpoint, line).unwrap_err().code();
    assert_eq!(code(&signed(3, b"a"), &stranger), "cosignature-invalid");
    assert_eq!(code(&signed(4, b"a"), &line), "cosignature-invalid");
    assert_eq!(code(&signed(3, b"a"), ""), "cosignature-invalid");
    assert_eq!(code(&signed(3, b"a"), &(line.clone() + &stranger)), "cosignature-invalid");
    assert_eq!(code(&(signed(3, b"a") + &stranger), &line), "cosignature-invalid");
    let forger = Signer::new(ORIGIN, SigningKey::from_bytes(&[66; 32])).unwrap();
    assert_eq!(code(&forger.sign(&text(3, b"a")).unwrap(), &line), "cosignature-invalid");
    let elsewhere = text(3, b"a").replace("ten_a", "ten_b");
    assert_eq!(code(&log().sign(&elsewhere).unwrap(), &line), "checkpoint-unknown");
    assert_eq!(code(&log().sign("three\nlines\nonly\n").unwrap(), &line), "checkpoint-unknown");
}

#[test]
fn a_witness_goes_forward_only() {
    let mut kept = Cosignatures::default();
    kept.keep(cosigned(1, 3, b"a", TIME)).unwrap();
    kept.keep(cosigned(1, 5, b"b", TIME)).unwrap();
    let older = kept.keep(cosigned(1, 4, b"c", TIME + 9)).unwrap_err();
    let fork = kept.keep(cosigned(1, 5, b"c", TIME + 9)).unwrap_err();
    assert_eq!((older.code(), fork.code()), ("cosignature-older", "cosignature-conflict"));
    kept.keep(cosigned(1, 5, b"b", TIME - 1)).unwrap();
    assert_eq!(kept.newest(ORIGIN).unwrap().time, TIME);
    kept.keep(cosigned(1, 5, b"b", TIME + 1)).unwrap();
    assert_eq!(kept.newest(ORIGIN).unwrap().time, TIME + 1);
    assert_eq!(kept.newest("control.example/log/ten_b"), None);
}

#[test]
fn a_note_gets_the_lines_over_its_very_text() {
    let mut kept = Cosignatures::default();
    for cosigned in
        [cosigned(1, 5, b"b", TIME), cosigned(2, 5, b"b", TIME), cosigned(3, 4, b"a", TIME)]
    {
        kept.keep(cosigned).unwrap();
    }
    let keys = [1, 2, 3].map(|seed| witness(seed).public());
    let witnesses = |checkpoint: &str| {
        let note = kept.complete(checkpoint).unwrap();
        let note = Note::parse(note.as_bytes()).unwrap();
        note.verify(&[log().verifier_key()]).unwrap();
        cosignature::cosigned(&note, &keys).unwrap().len()
    };
    assert_eq!(witnesses(&signed(5, b"b")), 2);
    assert_eq!(witnesses(&signed(4, b"a")), 1);
    assert_eq!(witnesses(&signed(4, b"b")), 0);
}

#[test]
fn there_is_an_end_to_witnesses() {
    let mut kept = Cosignatures::default();
    for seed in 0..u8::try_from(WITNESSES_MAX).unwrap() {
        kept.keep(cosigned(seed, 5, b"b", TIME)).unwrap();
    }
    assert_eq!(kept.keep(cosigned(99, 5, b"b", TIME)).unwrap_err().code(), "witnesses-too-many");
    kept.keep(cosigned(1, 6, b"c", TIME)).unwrap();
}

/// Else the keys of Runners that are long gone would keep new ones out for ever.
#[test]
fn of_a_full_log_the_witnesses_of_other_logs_go_first_and_then_the_oldest() {
    let mut kept = Cosignatures::default();
    let full = u8::try_from(WITNESSES_MAX).unwrap();
    for seed in 0..full {
        let elsewhere = if seed == 9 { "control.example/log/ten_b" } else { ORIGIN };
        let time = TIME + u64::from(full - seed);
        let cosigned = cosigned(seed, 5, b"b", time);
        kept.keep(Cosigned { origin: elsewhere.to_owned(), ..cosigned }).unwrap();
    }
    let next = cosigned(99, 5, b"b", TIME);
    let gone = kept.first_to_go(&next);
    let first = [9, full - 1, full - 2].map(|seed| witness(seed).public().to_string());
    assert_eq!(gone.iter().take(3).map(|gone| &gone.witness).collect::<Vec<_>>(), first.each_ref());
    assert_eq!(kept.first_to_go(&cosigned(1, 6, b"c", TIME)), [], "it is known");
    kept.forget(&gone[0].witness);
    assert_eq!(kept.first_to_go(&next), []);
    kept.keep(next).unwrap();
}

/// What was said of a witness is not said again because it cosigned more.
#[test]
fn what_was_recorded_stays() {
    let mut kept = Cosignatures::default();
    let recorded = Some(Recorded { size: 3, at: Timestamp::from_unix_s(1) });
    kept.keep(Cosigned { recorded, ..cosigned(1, 3, b"a", TIME) }).unwrap();
    kept.keep(cosigned(1, 5, b"b", TIME)).unwrap();
    assert_eq!(kept.newest(ORIGIN).unwrap().recorded, recorded);
}
