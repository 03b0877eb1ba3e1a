//! Rows that are gone: those that the log accounts for, and those that it does not.

use serde_json::json;

use super::*;
use crate::{
    cosignature::Witness,
    disclosure,
    intent::Intent,
    purge::{ACTION, ERASED, HOLD_RELEASED, HOLD_SET, Kept, Purge, leaf_of},
    quorum::Quorum,
    report::Purged,
};

const OLD: &str = "2025-01-01T00:00:00.000000Z";
const BEFORE: &str = "2025-10-21T00:00:00.000000Z";
const NOW: &str = "2026-11-21T00:00:00.000000Z";

fn purge(from: u64, to: u64) -> Purge {
    let (export, root) = (Hash::of(b"export"), Hash::of(b"root"));
    let (before, kept) = (BEFORE.to_owned(), Kept::default());
    Purge { before, epoch: Some(0), export, from, kept, months: 13, root, to }
}

/// Six old rows, one of now, and then what `later` says, now.
fn log(later: Vec<VerifiedIntent>) -> Vec<String> {
    let mut intents: Vec<_> = (0..6).map(|place| (sample::verified(place), OLD)).collect();
    intents.push((sample::verified(6), NOW));
    intents.extend(later.into_iter().map(|intent| (intent, NOW)));
    sample::seal_at(&intents)
}

fn purged(from: u64, to: u64) -> VerifiedIntent {
    sample::acted(90 + from, ACTION, purge(from, to).members())
}

fn hold(number: u64, from: u64, to: Option<u64>) -> VerifiedIntent {
    sample::acted(
        number,
        HOLD_SET,
        [("from", json!(from)), ("hold", json!("hld_1")), ("to", json!(to))],
    )
}

fn export(rows: &[String], gone: &[u64]) -> Vec<u8> {
    sample::bundle_of(rows, &sample::entries(rows, gone), BTreeMap::new())
}

fn found_in(rows: &[String], gone: &[u64]) -> (Option<u64>, Kind) {
    found(&export(rows, gone))
}

fn report_of(rows: &[String], gone: &[u64]) -> Report {
    verify(&export(rows, gone), Some(&policy()))
}

#[test]
fn rows_that_the_log_accounts_for_are_reported_as_purged() {
    let rows = log(vec![purged(1, 6)]);
    let report = report_of(&rows, &[1, 2, 3, 4, 5]);
    assert_eq!((report.verdict, report.tier), (Verdict::Ok, Tier::Signed), "{report:?}");
    assert_eq!((report.rows_checked, report.size), (3, 8));
    assert_eq!(report.purged, Purged { rows: 5, ranges: vec![(1, 5)] });
    assert!(report.answer().contains("5 of its rows were removed"), "{}", report.answer());
    // Nothing has to be gone only because it may be.
    assert_eq!(report_of(&rows, &[]).purged, Purged::default());
}

#[test]
fn rows_that_are_kept_between_purged_ones_are_still_proved() {
    let report = report_of(&log(vec![purged(1, 6)]), &[1, 2, 4, 5]);
    assert_eq!((report.verdict, report.rows_checked), (Verdict::Ok, 4));
    assert_eq!(report.purged, Purged { rows: 4, ranges: vec![(1, 2), (4, 5)] });
    let rows = log(vec![purged(1, 6)]);
    let mut entries = sample::entries(&rows, &[1, 2, 4, 5]);
    entries[3] = rows[3].replace("ADMIN", "OWNER").into_bytes();
    let forged = repack(&export(&rows, &[1, 2, 4, 5]), |files| {
        files.insert("tile/entries/000.p/8".to_owned(), tile::encode_entries(&entries).unwrap());
    });
    assert_eq!(found(&forged), (Some(3), Kind::RowHash));
}

/// Several purges one after the other account for what they name together, and a bundle of 256 may be gone as a whole.
#[test]
fn purges_add_up_over_bundles() {
    let mut intents: Vec<_> = (0..700).map(|place| (sample::verified(place), OLD)).collect();
    let rest = |number| sample::acted(number, ACTION, purge(300, 600).members());
    intents.push((sample::acted(800, ACTION, purge(1, 300).members()), NOW));
    intents.push((rest(801), NOW));
    let rows = sample::seal_at(&intents);
    let gone: Vec<_> = (1..600).collect();
    let report = report_of(&rows, &gone);
    assert_eq!((report.verdict, report.rows_checked), (Verdict::Ok, 103), "{report:?}");
    assert_eq!(report.purged, Purged { rows: 599, ranges: vec![(1, 599)] });
    let gone: Vec<_> = (1..601).collect();
    assert_eq!(found_in(&rows, &gone), (Some(600), Kind::UnexplainedPurge));
}

#[test]
fn rows_that_are_gone_without_an_account_are_named() {
    assert_eq!(found_in(&log(vec![]), &[3]), (Some(3), Kind::UnexplainedPurge));
    assert_eq!(found_in(&log(vec![purged(1, 4)]), &[2, 3, 4]), (Some(4), Kind::UnexplainedPurge));
    assert_eq!(found_in(&log(vec![purged(2, 6)]), &[1, 2]), (Some(1), Kind::UnexplainedPurge));
}

/// The account comes before the deed, and not for what is sealed after it; and it keeps its own rule.
#[test]
fn an_account_of_too_much_accounts_for_nothing() {
    let gone = &[1, 2];
    let refused = |later| assert_eq!(found_in(&log(vec![later]), gone).1, Kind::UnexplainedPurge);
    refused(purged(1, 8));
    assert_eq!(report_of(&log(vec![purged(1, 7)]), gone).verdict, Verdict::Ok);
    let members = |purge: Purge| sample::acted(99, ACTION, purge.members());
    refused(members(Purge { months: 14, ..purge(1, 6) }));
    refused(members(Purge { before: "2025-10-21T00:00:00.000001Z".to_owned(), ..purge(1, 6) }));
    refused(sample::acted(99, ACTION, [("from", json!(1)), ("to", json!(6))]));
    refused(sample::acted(99, "log.purged", purge(1, 6).members()));
}

/// A row after one that is young is young itself, because the log's time never goes back.
#[test]
fn rows_after_a_younger_one_are_not_over_their_time() {
    let rows = log(vec![sample::verified(7), sample::verified(8), purged(1, 8)]);
    assert_eq!(found_in(&rows, &[1, 7]), (Some(7), Kind::UnexplainedPurge));
    assert_eq!(report_of(&rows, &[1, 2]).verdict, Verdict::Ok);
}

#[test]
fn rows_under_a_legal_hold_are_not_accounted_for() {
    let released = sample::acted(71, HOLD_RELEASED, [("hold", json!("hld_1"))]);
    let held = log(vec![hold(70, 2, Some(4)), purged(1, 6)]);
    assert_eq!(report_of(&held, &[1, 4, 5]).verdict, Verdict::Ok);
    assert_eq!(found_in(&held, &[1, 2, 3, 4]), (Some(2), Kind::UnexplainedPurge));
    let open_end = log(vec![hold(70, 3, None), purged(1, 6)]);
    assert_eq!(found_in(&open_end, &[1, 2, 5]), (Some(5), Kind::UnexplainedPurge));
    let free_again = log(vec![hold(70, 2, Some(4)), released.clone(), purged(1, 6)]);
    assert_eq!(report_of(&free_again, &[1, 2, 3, 4, 5]).verdict, Verdict::Ok);
    let too_early = log(vec![hold(70, 2, Some(4)), purged(1, 6), released]);
    assert_eq!(found_in(&too_early, &[2]), (Some(2), Kind::UnexplainedPurge));
}

fn keeping(number: u64, kept: &[(u64, u64)]) -> VerifiedIntent {
    let purge = Purge { kept: Kept::from(kept.to_vec()), ..purge(1, 7) };
    sample::acted(number, ACTION, purge.members())
}

/// Who removes the row that says that others are held leaves nothing that says so: what stays is named by the purge itself.
#[test]
fn what_a_purge_leaves_stays_though_the_row_goes_that_says_why() {
    let mut intents: Vec<_> = (0..6).map(|place| (sample::verified(place), OLD)).collect();
    intents[5].0 = hold(70, 2, Some(4));
    intents.push((sample::verified(6), OLD));
    intents.push((keeping(90, &[(2, 4), (5, 6)]), NOW));
    let rows = sample::seal_at(&intents);
    assert_eq!(report_of(&rows, &[1, 4, 6]).verdict, Verdict::Ok);
    let unexplained = |gone: &[u64]| {
        let (seq, kind) = found_in(&rows, gone);
        assert_eq!(kind, Kind::UnexplainedPurge, "{gone:?}");
        seq
    };
    assert_eq!(unexplained(&[1, 2, 3, 4, 5, 6]), Some(2));
    assert_eq!((unexplained(&[5]), unexplained(&[1, 3, 4])), (Some(5), Some(3)));
}

/// A later purge takes what an earlier one left, and neither undoes the other.
#[test]
fn what_one_purge_leaves_a_later_one_may_take() {
    let both = log(vec![keeping(90, &[(2, 4)]), keeping(91, &[(1, 2), (5, 7)])]);
    assert_eq!(report_of(&both, &[1, 2, 3, 4, 5]).verdict, Verdict::Ok);
    let first = log(vec![keeping(90, &[(2, 4)]), keeping(91, &[(1, 3), (5, 7)])]);
    assert_eq!(found_in(&first, &[1, 2, 3, 4, 5]), (Some(2), Kind::UnexplainedPurge));
}

/// Two readers that read a list differently would judge differently; and who says nothing of what stays says too little.
#[test]
fn a_purge_accounts_for_nothing_unless_it_says_in_the_one_way_what_stays() {
    let accounts = |kept: serde_json::Value| {
        let members = purge(1, 7)
            .members()
            .map(|(name, value)| (name, if name == "kept" { kept.clone() } else { value }));
        let rows = log(vec![sample::acted(99, ACTION, members)]);
        report_of(&rows, &[1]).verdict == Verdict::Ok
    };
    for good in [json!([]), json!([[2, 3]]), json!([[2, 3], [4, 7]])] {
        assert!(accounts(good.clone()), "{good}");
    }
    for bad in [
        json!(null),
        json!({}),
        json!([2, 3]),
        json!([[2]]),
        json!([[2, 3, 4]]),
        json!([[2, "3"]]),
        json!([[0, 1]]),
        json!([[6, 8]]),
        json!([[3, 3]]),
        json!([[2, 3], [3, 4]]),
        json!([[4, 5], [2, 3]]),
    ] {
        assert!(!accounts(bad.clone()), "{bad}");
    }
    let unsaid = purge(1, 7)
        .members()
        .map(|(name, value)| (if name == "kept" { "left" } else { name }, value));
    let rows = log(vec![sample::acted(99, ACTION, unsaid)]);
    assert_eq!(found_in(&rows, &[1]), (Some(1), Kind::UnexplainedPurge));
}

/// The time of a row is its sealer's word. Whoever cosigned the head saw the row, and had a clock of its own.
#[test]
fn a_purge_that_is_dated_after_its_witness_accounts_for_nothing() {
    // 2025-11-21T00:00:00Z, and a day later.
    const COSIGNED: u64 = 1_763_683_200;
    let witness = Witness::new("w", SigningKey::from_bytes(&[1; 32])).unwrap();
    let old = "2020-01-01T00:00:00.000000Z";
    let judge = |rx: &str, times: &[u64]| {
        let mut intents: Vec<_> = (0..6).map(|place| (sample::verified(place), old)).collect();
        let before = "2024-01-01T00:00:00.000000Z".to_owned();
        let account = Purge { before, ..purge(1, 6) };
        intents.push((sample::acted(99, ACTION, account.members()), rx));
        let rows = sample::seal_at(&intents);
        let text = sample::checkpoint(&rows).to_text();
        let lines: String =
            times.iter().map(|time| witness.cosign(&text, *time).unwrap()).collect();
        let head = sample::checkpoint(&rows).sign(&log_signer()).unwrap() + &lines;
        let gone = export(&rows, &[2, 3]);
        let export = repack(&gone, |files| {
            files.insert(CHECKPOINT.to_owned(), head.into_bytes());
            sum_up(files, 7, &log_signer());
        });
        let quorum = Quorum::of_one("w", witness.public()).unwrap();
        let report = verify(&export, Some(&Policy { quorum, retention: 13, ..policy() }));
        report.first_bad.map(|finding| (finding.seq, finding.kind))
    };
    let unexplained = Some((Some(2), Kind::UnexplainedPurge));
    assert_eq!(judge("2025-11-22T00:00:00.999999Z", &[COSIGNED]), None);
    assert_eq!(judge("2025-11-22T00:00:01.000000Z", &[COSIGNED]), unexplained);
    assert_eq!(judge("2200-01-01T00:00:00.000000Z", &[COSIGNED]), unexplained);
    assert_eq!(judge("2200-01-01T00:00:00.000000Z", &[]), None, "nobody has another clock");
    assert_eq!(judge("2200-01-01T00:00:00.000000Z", &[u64::MAX >> 1]), None, "no time of a row");
}

/// The hash of a row that is gone is under the signed root, and the next row links to it.
#[test]
fn another_hash_than_that_of_the_row_is_refused() {
    let rows = log(vec![purged(1, 6)]);
    let good = export(&rows, &[2, 3]);
    let mut entries = sample::entries(&rows, &[2, 3]);
    entries[2] = Hash::of(b"another").0.to_vec();
    let edited = |files: &mut Files| {
        files.insert("tile/entries/000.p/8".to_owned(), tile::encode_entries(&entries).unwrap());
    };
    assert_eq!(found(&repack(&good, edited)), (Some(2), Kind::RowHash));
    entries[2] = sample::entries(&rows, &[2])[2].clone();
    entries[3] = Hash::of(b"another").0.to_vec();
    // The tree is made anew as well: row 4 links to another row 3, and row 5 confirms row 4.
    let anew = repack(&good, |files| {
        let leaves = entries.iter().map(|entry| leaf_of(entry)).collect();
        let tile = crate::bundle::hash_tiles(8).next().unwrap();
        files.insert(tile.path(), Levels::new(leaves).encode(&tile).unwrap());
        files.insert("tile/entries/000.p/8".to_owned(), tile::encode_entries(&entries).unwrap());
    });
    assert_eq!(found(&anew), (Some(3), Kind::RowHash));
}

#[test]
fn an_empty_entry_is_a_missing_body_whatever_accounts_for_it() {
    let rows = log(vec![purged(1, 6)]);
    let mut entries = sample::entries(&rows, &[1]);
    entries[2].clear();
    let emptied = repack(&export(&rows, &[1]), |files| {
        files.insert("tile/entries/000.p/8".to_owned(), tile::encode_entries(&entries).unwrap());
    });
    assert_eq!(found(&emptied), (Some(2), Kind::MissingBody));
}

/// Without it, nobody could tell whose log it is.
#[test]
fn the_first_row_is_never_gone() {
    let rows = log(vec![purged(0, 6)]);
    assert_eq!(found_in(&rows, &[0]), (Some(0), Kind::MissingBody));
}

#[test]
fn every_flipped_bit_of_a_purged_export_shows() {
    let good = export(&log(vec![hold(70, 3, Some(4)), purged(1, 6)]), &[1, 2, 4, 5]);
    for bit in (0..good.len() * 8).step_by(5) {
        let mut flipped = good.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(verify(&flipped, Some(&policy())).verdict, Verdict::Broken, "bit {bit}");
    }
}

/// A log of three rows, whose row 1 commits to two details, and row 2 says that details were erased.
fn with_details() -> Vec<String> {
    let commit = |field: &str, value| disclosure::commitment(&[7; 32], field, value);
    let pd = [("agent", "curl"), ("ip", "203.0.113.7")];
    let pd = pd.map(|(field, value)| (field.to_owned(), commit(field, value))).into();
    let intent = Intent { pd, ..sample::intent(1) }.to_text().unwrap();
    let signed = SignedIntent::sign(intent, &sample::app_key());
    let detailed = signed.verify(&sample::app_key().verifying_key()).unwrap();
    sample::seal(&[sample::verified(0), detailed, sample::acted(2, ERASED, [])])
}

fn disclosing(lines: &str) -> Vec<u8> {
    let rows = with_details();
    let files = BTreeMap::from([(disclosure::FILE.to_owned(), lines.as_bytes().to_vec())]);
    sample::bundle_of(&rows, &sample::entries(&rows, &[]), files)
}

#[test]
fn details_are_shown_withheld_or_erased() {
    let salt = "07".repeat(32);
    let ip =
        format!("{{\"field\":\"ip\",\"salt\":\"{salt}\",\"seq\":1,\"value\":\"203.0.113.7\"}}\n");
    let agent = "{\"erased_by\":2,\"field\":\"agent\",\"seq\":1}\n";
    let counts = |lines: &str| {
        let report = verify(&disclosing(lines), Some(&policy()));
        assert_eq!(report.verdict, Verdict::Ok, "{report:?}");
        (report.disclosed, report.erased)
    };
    assert_eq!(counts(""), (0, 0));
    assert_eq!(counts(&ip), (1, 0));
    assert_eq!(counts(&format!("{agent}{ip}")), (1, 1));
    assert_eq!(found(&disclosing(&ip.replace(".7\"", ".8\""))), (Some(1), Kind::Disclosure));
    assert_eq!(found(&disclosing(&agent.replace(":2", ":3"))), (Some(3), Kind::Disclosure));
    assert_eq!(found(&disclosing("?")), (None, Kind::Disclosure));
}

#[test]
fn only_files_that_the_format_knows_are_taken() {
    let rows = sample::rows(2);
    let checkpoint = sample::checkpoint(&rows).sign(&log_signer()).unwrap();
    let export = crate::bundle::Export {
        tenant: TENANT,
        checkpoint: &checkpoint,
        log_keys: &[],
        app_keys: &[],
    };
    let files = BTreeMap::from([("other.txt".to_owned(), Vec::new())]);
    let refused = crate::bundle::Draft::with_files(&export, &rows, files).unwrap_err();
    assert!(matches!(refused, crate::bundle::BundleError::File(name) if name == "other.txt"));
}
