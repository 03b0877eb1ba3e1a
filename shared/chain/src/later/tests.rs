use ed25519_dalek::SigningKey;
use serde_json::json;

use super::*;
use crate::{
    epoch::ROTATE,
    intent::VerifiedIntent,
    note::Signer,
    purge::{ACTION, HOLD_RELEASED, HOLD_SET, Kept, Purge},
    report::{Purged, Report, Verdict},
    sample::{self, ORIGIN, policy},
    verify,
};

mod rotations;
mod witnessed;

const OLD: &str = "2025-01-01T00:00:00.000000Z";
const BEFORE: &str = "2025-10-21T00:00:00.000000Z";
const NOW: &str = "2026-11-21T00:00:00.000000Z";

fn origin(epoch: u64) -> String {
    format!("{ORIGIN}/{epoch}")
}

/// Whoever signs a later epoch.
fn signer(epoch: u8) -> Signer {
    let key = SigningKey::from_bytes(&[100 + epoch; 32]);
    Signer::new(&origin(epoch.into()), key).unwrap()
}

/// The row that ends the epoch before `next`.
fn rotate(next: u8) -> VerifiedIntent {
    rotate_to(next, &[signer(next)])
}

/// The row that ends the epoch before `next` and names these keys.
fn rotate_to(next: u8, keys: &[Signer]) -> VerifiedIntent {
    let texts = |signers: &[Signer]| -> Vec<String> {
        signers.iter().map(|signer| signer.verifier_key().to_string()).collect()
    };
    let by = if next == 1 { sample::log_signer() } else { signer(next - 1) };
    let said = [
        ("by", json!(texts(&[by]))),
        ("keys", json!(texts(keys))),
        ("next", json!(origin(next.into()))),
        ("rotation", json!(next)),
    ];
    sample::acted(60, ROTATE, said)
}

/// The first epoch: six rows, what is said then, and its end.
fn ended(then: Vec<VerifiedIntent>) -> Vec<String> {
    ended_by(rotate(1), then)
}

fn ended_by(end: VerifiedIntent, then: Vec<VerifiedIntent>) -> Vec<String> {
    let rows = (0..6).map(sample::verified).chain(then).chain([end]);
    sample::seal_at(&rows.map(|intent| (intent, OLD)).collect::<Vec<_>>())
}

/// A later epoch of these rows.
fn epoch(rows: Vec<VerifiedIntent>) -> Vec<String> {
    let rows = [sample::verified(0)].into_iter().chain(rows);
    sample::seal_at(&rows.map(|intent| (intent, NOW)).collect::<Vec<_>>())
}

fn account(epoch: Option<u64>) -> Purge {
    let (export, root) = (Hash::of(b"export"), Hash::of(b"root"));
    let (before, kept) = (BEFORE.to_owned(), Kept::default());
    Purge { before, epoch, export, from: 1, kept, months: 13, root, to: 6 }
}

fn purged(epoch: Option<u64>) -> VerifiedIntent {
    sample::acted(90, ACTION, account(epoch).members())
}

fn hold(epoch: u64, from: u64, to: Option<u64>) -> VerifiedIntent {
    let said = [("epoch", json!(epoch)), ("from", json!(from)), ("hold", json!("hld_1"))];
    let [epoch, from, hold] = said;
    sample::acted(70, HOLD_SET, [epoch, from, hold, ("to", json!(to))])
}

fn released() -> VerifiedIntent {
    sample::acted(71, HOLD_RELEASED, [("hold", json!("hld_1"))])
}

/// Row `seq` of `rows`, which are the epoch `number`, as its signer shows it.
fn shown_by(signer: &Signer, number: u64, rows: &[String], seq: usize) -> Shown {
    let leaves: Vec<_> = rows.iter().map(|row| leaf_hash(row.as_bytes())).collect();
    let head = Checkpoint { origin: origin(number), ..sample::checkpoint(rows) };
    let proof = proof::inclusion(leaves.as_slice(), seq as u64, head.size).unwrap();
    Shown { note: head.sign(signer).unwrap(), proof, row: rows[seq].clone() }
}

/// Every row of the epoch `number` but its first.
fn shown(number: u8, rows: &[String]) -> Vec<Shown> {
    all_by(&signer(number), number, rows)
}

/// The same, as this signer shows them.
fn all_by(signer: &Signer, number: u8, rows: &[String]) -> Vec<Shown> {
    (1..rows.len()).map(|seq| shown_by(signer, number.into(), rows, seq)).collect()
}

fn text(lines: &[Shown]) -> String {
    lines.iter().map(|line| serde_json::to_string(line).unwrap() + "\n").collect()
}

fn judged(rows: &[String], gone: &[u64], file: &str) -> Report {
    let files = [(FILE.to_owned(), file.as_bytes().to_vec())].into();
    let export = sample::bundle_of(rows, &sample::entries(rows, gone), files);
    let report = verify::bundle(&export, Some(&policy()));
    assert_eq!(report, verify::diagnose(&export, Some(&policy())));
    report
}

fn found(rows: &[String], gone: &[u64], file: &str) -> Option<(Option<u64>, Kind)> {
    judged(rows, gone, file).first_bad.map(|finding| (finding.seq, finding.kind))
}

const GONE: [u64; 5] = [1, 2, 3, 4, 5];
const UNEXPLAINED: Option<(Option<u64>, Kind)> = Some((Some(1), Kind::UnexplainedPurge));

#[test]
fn what_is_gone_of_an_ended_epoch_is_accounted_for_by_a_later_one() {
    let rows = ended(vec![]);
    let report = judged(&rows, &GONE, &text(&shown(1, &epoch(vec![purged(Some(0))]))));
    assert_eq!((report.verdict, report.rows_checked), (Verdict::Ok, 2), "{report:?}");
    assert_eq!(report.purged, Purged { rows: 5, ranges: vec![(1, 5)] });
    assert_eq!(found(&rows, &GONE, ""), UNEXPLAINED);
    assert_eq!(found(&rows, &[], ""), None);
}

/// Numbers mean rows of one epoch, and a row that names none means its own.
#[test]
fn an_account_of_another_epoch_is_none_of_this() {
    let rows = ended(vec![]);
    for epoch_named in [None, Some(1), Some(2)] {
        let lines = shown(1, &epoch(vec![purged(epoch_named)]));
        assert_eq!(found(&rows, &GONE, &text(&lines)), UNEXPLAINED, "{epoch_named:?}");
    }
    let gone_in = |epoch_of: u64, named| {
        let later = epoch((1..8).map(sample::verified).chain([purged(named)]).collect());
        let mut ledger = Ledger::default().in_epoch(epoch_of);
        GONE.iter().for_each(|seq| ledger.gone(*seq));
        ledger.pass(&Row::parse(later.last().unwrap()).unwrap());
        ledger.unexplained().map(|finding| finding.kind)
    };
    assert_eq!(gone_in(0, None), None);
    assert_eq!((gone_in(1, None), gone_in(1, Some(1))), (None, None));
    assert_eq!(gone_in(1, Some(0)), Some(Kind::UnexplainedPurge));
}

#[test]
fn a_line_that_is_not_proved_or_out_of_order_is_named_and_accounts_for_nothing() {
    let rows = ended(vec![]);
    let later = epoch(vec![sample::verified(1), purged(Some(0))]);
    let good = shown(1, &later);
    let line = |edit: &dyn Fn(&mut Shown)| {
        let mut line = good[1].clone();
        edit(&mut line);
        text(&[line])
    };
    let stranger = Signer::new(&origin(1), SigningKey::from_bytes(&[9; 32])).unwrap();
    let own_name = Signer::new(ORIGIN, SigningKey::from_bytes(&[101; 32])).unwrap();
    let elsewhere = sample::checkpoint(&later).sign(&own_name).unwrap();
    let others: Vec<_> = later.iter().map(|row| row.replace(sample::TENANT, "ten_b")).collect();
    let swapped = text(&[good[1].clone(), good[0].clone()]);
    for (what, file) in [
        ("a stranger's key", text(&[shown_by(&stranger, 1, &later, 2)])),
        ("the ended epoch's name", line(&|line| line.note.clone_from(&elsewhere))),
        ("another row", line(&|line| line.row.clone_from(&good[0].row))),
        ("words of another", line(&|line| line.row = line.row.replace("13", "12"))),
        ("no proof", line(&|line| line.proof.clear())),
        ("no note", line(&|line| line.note.clear())),
        ("another tenant's", text(&shown(1, &others))),
        ("twice", text(&[good[0].clone(), good[0].clone(), good[1].clone()])),
        ("no such member", text(&good).replace("\"note\"", "\"nota\"")),
        ("one more", text(&good).replace("{\"note\"", "{\"more\":1,\"note\"")),
        ("no JSON", "?\n".to_owned()),
    ] {
        assert_eq!(found(&rows, &[], &file), Some((None, Kind::UnexplainedPurge)), "{what}");
        assert_eq!(found(&rows, &GONE, &file), UNEXPLAINED, "{what}");
    }
    // What is out of order does not undo what was said before it.
    assert_eq!(found(&rows, &GONE, &swapped), Some((None, Kind::UnexplainedPurge)));
    assert_eq!(found(&rows, &GONE, &text(&good)), None);
}

#[test]
fn a_file_of_later_rows_has_at_most_its_bytes() {
    let line = text(&shown(1, &epoch(vec![purged(Some(0))])));
    let padded = |bytes| format!("{}{line}", " ".repeat(bytes - line.len()));
    assert_eq!(found(&ended(vec![]), &GONE, &padded(FILE_BYTES_MAX)), None);
    assert_eq!(found(&ended(vec![]), &GONE, &padded(FILE_BYTES_MAX + 1)), UNEXPLAINED);
}

#[test]
fn only_an_epoch_that_has_ended_shows_later_rows() {
    let lines = text(&shown(1, &epoch(vec![purged(Some(0))])));
    assert_eq!(found(&sample::rows(6), &[], &lines), Some((None, Kind::UnexplainedPurge)));
    assert_eq!(found(&sample::rows(6), &[], ""), None);
}

/// A hold protects rows of the epoch that it names, until a row before the account releases it, wherever that stands.
#[test]
fn holds_are_those_of_the_epoch_that_they_name() {
    let judge = |then: Vec<VerifiedIntent>, later: Vec<VerifiedIntent>| {
        found(&ended(then), &GONE, &text(&shown(1, &epoch(later))))
    };
    let held = Some((Some(2), Kind::UnexplainedPurge));
    let set = || hold(0, 2, Some(4));
    assert_eq!(judge(vec![set()], vec![purged(Some(0))]), held);
    assert_eq!(judge(vec![set()], vec![released(), purged(Some(0))]), None);
    assert_eq!(judge(vec![set()], vec![purged(Some(0)), released()]), held);
    assert_eq!(judge(vec![set(), released()], vec![purged(Some(0))]), None);
    assert_eq!(judge(vec![], vec![set(), purged(Some(0))]), held);
    assert_eq!(judge(vec![], vec![hold(1, 2, Some(4)), purged(Some(0))]), None);
    assert_eq!(judge(vec![], vec![hold(1, 2, None), purged(Some(0))]), None);
    assert_eq!(judge(vec![], vec![hold(0, 2, None), purged(Some(0))]), held);
}

#[test]
fn a_hold_without_an_end_protects_later_epochs() {
    let accounted = |held: VerifiedIntent| {
        let then = (2..9).map(sample::verified).chain([purged(Some(1))]);
        let rows = epoch([held].into_iter().chain(then).collect());
        let mut ledger = Ledger::default().in_epoch(1);
        ledger.gone(1);
        rows.iter().for_each(|row| ledger.pass_later(&Row::parse(row).unwrap(), None));
        ledger.unexplained().is_none()
    };
    assert!(!accounted(hold(0, 3, None)), "it goes on");
    assert!(accounted(hold(0, 3, Some(9))), "it does not");
    assert!(accounted(hold(1, 3, None)), "row 1 comes before it");
    assert!(accounted(hold(2, 0, None)), "of a later one");
}

/// The key of each epoch follows from the end of the one before.
#[test]
fn a_file_names_every_rotation_up_to_the_account() {
    let rows = ended(vec![]);
    let (first, second) = (epoch(vec![rotate(2)]), epoch(vec![purged(Some(0))]));
    let all: Vec<_> = shown(1, &first).into_iter().chain(shown(2, &second)).collect();
    assert_eq!(found(&rows, &GONE, &text(&all)), None);
    assert_eq!(found(&rows, &GONE, &text(&shown(2, &second))), UNEXPLAINED);
    let stranger = Signer::new(&origin(1), SigningKey::from_bytes(&[9; 32])).unwrap();
    let forged = [shown_by(&stranger, 1, &first, 1)].into_iter().chain(shown(2, &second));
    assert_eq!(found(&rows, &GONE, &text(&forged.collect::<Vec<_>>())), UNEXPLAINED);
}
