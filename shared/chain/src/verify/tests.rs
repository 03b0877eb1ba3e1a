//! Attacks on an export: each must be found, and named by its row.

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;
use proptest::prelude::*;

use super::*;
use crate::{
    bundle::{CHECKPOINT, KEYS, MANIFEST, MANIFEST_SIGNATURE, README},
    checkpoint::Checkpoint,
    instances::Gap,
    intent::{SignedIntent, VerifiedIntent},
    manifest::{File, Manifest},
    note::Signer,
    sample::{self, ORIGIN, TENANT, log_signer, policy},
    tile::{self, Levels},
    tree::leaf_hash,
};

/// Both ways of verifying: what the one takes, the other takes as well, with the same report.
fn verify(bytes: &[u8], policy: Option<&Policy>) -> Report {
    let mut stream = Stream::new(policy.cloned());
    let streamed = stream.feed(bytes).and_then(|()| stream.finish());
    let report = diagnose(bytes, policy);
    let is_sound = !matches!(report.verdict, Verdict::Broken | Verdict::NothingToCheck);
    assert_eq!(streamed.is_ok(), is_sound, "{streamed:?} {report:?}");
    assert!(streamed.is_err() || streamed == Ok(report.clone()), "{report:?}");
    assert_eq!(bundle(bytes, policy), report);
    report
}

type Files = BTreeMap<String, Vec<u8>>;

fn files(bundle: &[u8]) -> Files {
    let archive = container::read(bundle);
    archive.files.iter().map(|(name, data)| ((*name).to_owned(), data.to_vec())).collect()
}

/// The export with other files, in a container that is canonical again.
fn repack(bundle: &[u8], edit: impl FnOnce(&mut Files)) -> Vec<u8> {
    let mut files = files(bundle);
    edit(&mut files);
    container::write(&files).unwrap()
}

fn stranger() -> Signer {
    Signer::new(ORIGIN, SigningKey::from_bytes(&[66; 32])).unwrap()
}

/// What an operator can make of `rows` without the log's key: everything is made anew, and fits, but for the signatures.
fn forge(rows: &[String], checkpoint: &str) -> Vec<u8> {
    let levels = Levels::new(rows.iter().map(|row| leaf_hash(row.as_bytes())).collect());
    let size = rows.len() as u64;
    let mut files: Files = tile::bundles(size)
        .zip(rows.chunks(256))
        .map(|(tile, rows)| (tile.path(), tile::encode_entries(rows).unwrap()))
        .collect();
    files.extend(
        crate::bundle::hash_tiles(size).map(|tile| (tile.path(), levels.encode(&tile).unwrap())),
    );
    for (name, content) in [(README, "read me"), (KEYS, "{}"), (CHECKPOINT, checkpoint)] {
        files.insert(name.to_owned(), content.as_bytes().to_vec());
    }
    sum_up(&mut files, 10, &stranger());
    container::write(&files).unwrap()
}

fn sum_up(files: &mut Files, size: u64, signer: &Signer) {
    files.remove(MANIFEST);
    files.remove(MANIFEST_SIGNATURE);
    let listed = files.iter().map(|(path, content)| (path.clone(), File::of(content)));
    let [format, origin, tenant] = [FORMAT, ORIGIN, TENANT].map(str::to_owned);
    let manifest = Manifest { files: listed.collect(), format, origin, size, tenant };
    let text = manifest.to_text().unwrap();
    let note = signer.sign(&Manifest::statement(ORIGIN, text.as_bytes())).unwrap();
    files.insert(MANIFEST.to_owned(), text.into_bytes());
    files.insert(MANIFEST_SIGNATURE.to_owned(), note.into_bytes());
}

fn found(bundle: &[u8]) -> (Option<u64>, Kind) {
    let report = verify(bundle, Some(&policy()));
    assert_eq!(report.verdict, Verdict::Broken, "{report:?}");
    let finding = report.first_bad.unwrap();
    (finding.seq, finding.kind)
}

/// An attack on the rows: first with the signed tree left in place, then with everything made anew around them.
fn attack(edit: fn(&mut Vec<String>)) -> [(Option<u64>, Kind); 2] {
    let rows = sample::rows(10);
    let good = sample::bundle(&rows);
    let mut edited = rows.clone();
    edit(&mut edited);
    let swapped_in = repack(&good, |files| {
        files.insert("tile/entries/000.p/10".to_owned(), tile::encode_entries(&edited).unwrap());
    });
    let checkpoint = sample::checkpoint(&rows).sign(&log_signer()).unwrap();
    [found(&swapped_in), found(&forge(&edited, &checkpoint))]
}

#[test]
fn an_untouched_export_is_ok() {
    for count in [1, 2, 10, 256, 257] {
        let report = verify(&sample::bundle(&sample::rows(count)), Some(&policy()));
        assert_eq!((report.verdict, report.tier), (Verdict::Ok, Tier::Signed), "{report:?}");
        assert_eq!((report.rows_checked, report.size, report.unsigned_tail), (count, count, 0));
        let head = report.checkpoint.unwrap();
        assert_eq!((head.size, head.root), (count, report.root));
        assert_eq!(head.signed_by, [log_signer().verifier_key().to_string()]);
    }
}

/// Written by `examples/sample_export.rs` (3 rows) when the format was new: what is out there must stay readable.
#[test]
fn an_export_of_the_first_version_is_ok_for_ever() {
    let report = verify(include_bytes!("testdata/v1.audit.zip"), Some(&policy()));
    assert_eq!((report.verdict, report.rows_checked), (Verdict::Ok, 3), "{report:?}");
}

#[test]
fn without_a_policy_nothing_is_proved() {
    let report = verify(&sample::bundle(&sample::rows(10)), None);
    assert_eq!((report.verdict, report.tier), (Verdict::Incomplete, Tier::Chained));
    assert_eq!((report.rows_checked, report.first_bad), (10, None));
    assert!(report.notes.iter().any(|note| note.contains("--policy")));
}

#[test]
fn an_empty_log_is_nothing_to_check() {
    for policy in [None, Some(&policy())] {
        let report = verify(&sample::bundle(&[]), policy);
        assert_eq!((report.verdict, report.rows_checked), (Verdict::NothingToCheck, 0));
    }
}

#[test]
fn a_stronger_tier_than_the_export_proves_is_incomplete() {
    for tier in [Tier::Timestamped, Tier::Witnessed] {
        let policy = Policy { tier, ..policy() };
        let report = verify(&sample::bundle(&sample::rows(3)), Some(&policy));
        assert_eq!((report.verdict, report.tier), (Verdict::Incomplete, Tier::Signed));
        assert!(report.notes.iter().any(|note| note.contains(tier.name())));
    }
}

#[test]
fn a_row_that_says_that_something_is_missing_makes_the_log_incomplete() {
    let gap = Gap { instance: "auth/7f9c".to_owned(), from: 2, to: 3 };
    let intents = [sample::verified(0), sample::verified(1), sample::incomplete(&gap)];
    let report = verify(&sample::bundle(&sample::seal(&intents)), Some(&policy()));
    assert_eq!((report.verdict, report.rows_checked), (Verdict::Incomplete, 3));
    let expected =
        r#"Row 2 says that the log is incomplete: {"from":2,"instance":"auth/7f9c","to":3}"#;
    assert_eq!(report.notes[0], expected);
}

#[test]
fn an_edited_row_is_named() {
    let both = |seq| [(Some(seq), Kind::RowHash); 2];
    assert_eq!(attack(|rows| rows[4] = rows[4].replace("ADMIN", "OWNER")), both(4));
    assert_eq!(
        attack(|rows| rows[0] = rows[0].replace("00:00:00.000000Z", "00:00:00.000001Z")),
        both(0)
    );
    // No row after the last confirms it; only the signed tree tells.
    let last = attack(|rows| rows[9] = rows[9].replace("ADMIN", "OWNER"));
    assert_eq!(last, [(Some(9), Kind::RowHash), (None, Kind::Signature)]);
}

#[test]
fn a_changed_link_is_named() {
    let attack = attack(|rows| {
        let start = rows[4].find("\"prev\":\"").unwrap() + 8;
        rows[4].replace_range(start..start + 4, "0000");
    });
    assert_eq!(attack, [(Some(4), Kind::RowHash), (Some(4), Kind::Link)]);
}

#[test]
fn a_deleted_row_is_named() {
    let both = |seq| [(Some(seq), Kind::SeqGap); 2];
    assert_eq!(attack(|rows| drop(rows.remove(4))), both(4));
    assert_eq!(attack(|rows| drop(rows.drain(4..7))), both(4));
    assert_eq!(attack(|rows| drop(rows.remove(0))), both(0));
    assert_eq!(attack(|rows| rows.truncate(7)), both(7));
}

#[test]
fn swapped_rows_are_named() {
    assert_eq!(attack(|rows| rows.swap(4, 6)), [(Some(4), Kind::SeqGap); 2]);
}

#[test]
fn a_row_that_is_there_twice_is_named() {
    assert_eq!(attack(|rows| rows.insert(5, rows[4].clone())), [(Some(4), Kind::SeqDup); 2]);
}

#[test]
fn a_row_of_another_tenant_is_named() {
    assert_eq!(
        attack(|rows| rows[4] = rows[4].replace(TENANT, "ten_b")),
        [(Some(4), Kind::Tenant); 2]
    );
}

#[test]
fn a_back_dated_row_is_named() {
    let dated =
        |rows: &mut Vec<String>| rows[4] = rows[4].replace("\"rx\":\"2026", "\"rx\":\"2025");
    assert_eq!(attack(dated), [(Some(4), Kind::RowHash), (Some(4), Kind::TimeRegress)]);
}

#[test]
fn rows_after_the_signed_head_are_named() {
    let appended = attack(|rows| *rows = sample::rows(12));
    assert_eq!(appended, [(Some(10), Kind::Root); 2]);
    let checkpoint = sample::checkpoint(&sample::rows(10)).sign(&log_signer()).unwrap();
    let report = verify(&forge(&sample::rows(12), &checkpoint), Some(&policy()));
    assert_eq!(report.unsigned_tail, 2);
}

/// Everything from row 4 on is made anew, so that rows, links and tree fit each other.
#[test]
fn a_log_that_was_chained_anew_has_another_root() {
    let anew = |place: u64| {
        let text = sample::verified(place)
            .text()
            .replace("ADMIN", if place == 4 { "OWNER" } else { "ADMIN" });
        let signed = SignedIntent::sign(text, &sample::app_key());
        signed.verify(&sample::app_key().verifying_key()).unwrap()
    };
    let rows = sample::seal(&(0..10).map(anew).collect::<Vec<VerifiedIntent>>());
    let checkpoint = sample::checkpoint(&sample::rows(10)).sign(&log_signer()).unwrap();
    let report = verify(&forge(&rows, &checkpoint), None);
    assert_eq!(report.first_bad.unwrap().kind, Kind::Root);
    // The checkpoint's signature holds, but it is not one over these rows.
    let report = verify(&forge(&rows, &checkpoint), Some(&policy()));
    assert_eq!((report.verdict, report.tier), (Verdict::Broken, Tier::Chained));
    let own_checkpoint = sample::checkpoint(&rows).sign(&stranger()).unwrap();
    assert_eq!(found(&forge(&rows, &own_checkpoint)), (None, Kind::Signature));
    // The signer itself can do it: that is what the tiers above `signed` are for.
    let signed_anew = verify(&sample::bundle(&rows), Some(&policy()));
    assert_eq!((signed_anew.verdict, signed_anew.tier), (Verdict::Ok, Tier::Signed));
}

#[test]
fn another_key_another_log_and_a_fresh_signature_are_refused() {
    let good = sample::bundle(&sample::rows(3));
    let report = |policy: &Policy| verify(&good, Some(policy));
    let other_key = Policy { log_keys: vec![stranger().verifier_key()], ..policy() };
    let refused = report(&other_key);
    assert_eq!((refused.verdict, refused.tier), (Verdict::Broken, Tier::Chained));
    assert_eq!(refused.first_bad.unwrap().kind, Kind::Signature);
    let refused = report(&Policy { origin: "audit.example.com/other".to_owned(), ..policy() });
    assert_eq!(refused.first_bad.unwrap().got, format!("the log {ORIGIN}"));
    let both_keys = Policy {
        log_keys: vec![stranger().verifier_key(), log_signer().verifier_key()],
        ..policy()
    };
    assert_eq!(report(&both_keys).verdict, Verdict::Ok);
}

/// Whoever holds the rows does not hold the log's key: its own key counts for the manifest if it is pinned, and for nothing else.
#[test]
fn the_manifest_may_be_signed_by_a_pinned_export_key() {
    let rows = sample::rows(3);
    let checkpoint = sample::checkpoint(&rows).sign(&log_signer()).unwrap();
    let draft = sample::draft(&rows, &checkpoint);
    let signed = stranger().sign(draft.statement()).unwrap();
    let export = draft.finish(&signed).unwrap();
    let pinned = Policy { export_keys: vec![stranger().verifier_key()], ..policy() };
    assert_eq!(verify(&export, Some(&pinned)).verdict, Verdict::Ok);
    assert_eq!(verify(&export, Some(&policy())).verdict, Verdict::Broken);
    let export_key_only = Policy { log_keys: vec![stranger().verifier_key()], ..pinned };
    assert_eq!(verify(&export, Some(&export_key_only)).verdict, Verdict::Broken);
}

/// The tenant's log under another log's name: the signer's other checkpoint, or row 0 of another log.
#[test]
fn rows_under_the_name_of_another_log_are_refused() {
    let checkpoint = Checkpoint {
        origin: "audit.example.com/other".to_owned(),
        ..sample::checkpoint(&sample::rows(3))
    };
    let signed = checkpoint.sign(&log_signer()).unwrap();
    let draft = sample::draft(&sample::rows(3), &signed);
    let bundle = draft.clone().finish(&log_signer().sign(draft.statement()).unwrap()).unwrap();
    let policy = Policy { origin: checkpoint.origin, ..policy() };
    let finding = verify(&bundle, Some(&policy)).first_bad.unwrap();
    assert_eq!((finding.seq, finding.kind), (Some(0), Kind::Tenant));
}

/// The root alone does not say how many rows there are.
#[test]
fn a_checkpoint_of_another_size_over_the_same_root_is_refused() {
    let rows = sample::rows(10);
    let longer = Checkpoint { size: 11, ..sample::checkpoint(&rows) }.sign(&log_signer()).unwrap();
    assert_eq!(found(&forge(&rows, &longer)), (Some(10), Kind::SeqGap));
}

/// Without this, the rows of any log could be moved under any name.
#[test]
fn a_first_row_that_names_no_log_is_refused() {
    let text = sample::genesis().to_text().unwrap().replace("\"origin\":", "\"origim\":");
    let nameless = SignedIntent::sign(text, &sample::app_key());
    let nameless = nameless.verify(&sample::app_key().verifying_key()).unwrap();
    let rows = sample::seal(&[nameless, sample::verified(1)]);
    assert_eq!(found(&sample::bundle(&rows)), (Some(0), Kind::Tenant));
}

/// A genuine signer seals a row that breaks a rule: the signature does not excuse it.
#[test]
fn a_signed_log_that_breaks_a_rule_is_broken() {
    let rows = [sample::rows(2), sample::rows(1)].concat();
    assert_eq!(found(&sample::bundle(&rows)), (Some(0), Kind::SeqDup));
}

#[test]
fn changed_trees_manifests_and_files_are_named() {
    let good = sample::bundle(&sample::rows(300));
    let flip = |path: &str| found(&repack(&good, |files| files.get_mut(path).unwrap()[40] ^= 1));
    assert_eq!(flip("tile/0/000"), (None, Kind::Tile));
    assert_eq!(flip("README.txt"), (None, Kind::Manifest));
    assert_eq!(flip("keys.json"), (None, Kind::Manifest));
    assert_eq!(flip("manifest.json"), (None, Kind::Manifest));
    assert_eq!(flip("manifest.sig"), (None, Kind::Manifest));
    assert_eq!(flip("checkpoint"), (None, Kind::Signature));
    let with = |path: &str| repack(&good, |files| drop(files.insert(path.to_owned(), Vec::new())));
    assert_eq!(found(&with("extra.txt")), (None, Kind::Manifest));
    for path in files(&good).into_keys() {
        let without = repack(&good, |files| drop(files.remove(&path)));
        let report = verify(&without, Some(&policy()));
        assert_eq!(report.verdict, Verdict::Broken, "{path}");
    }
}

/// The log's key signs another manifest, so that only the layout tells.
#[test]
fn an_extra_file_is_refused_even_when_the_manifest_lists_it() {
    for (path, content) in
        [("extra.txt", vec![]), ("tile/2/000.p/1", vec![0; 32]), ("tile/entries/000.p/9", vec![])]
    {
        let more = repack(&sample::bundle(&sample::rows(10)), |files| {
            files.insert(path.to_owned(), content);
            sum_up(files, 10, &log_signer());
        });
        assert_eq!(verify(&more, Some(&policy())).verdict, Verdict::Broken, "{path}");
    }
}

/// Signed by the log's key, too: the rows are whole, and the files are not those that the format prescribes.
#[test]
fn a_signed_manifest_does_not_excuse_another_layout_or_size() {
    let rows = sample::rows(300);
    let shifted = repack(&sample::bundle(&rows), |files| {
        for (path, rows) in
            [("tile/entries/000", &rows[..255]), ("tile/entries/001.p/44", &rows[255..])]
        {
            files.insert(path.to_owned(), tile::encode_entries(rows).unwrap());
        }
        sum_up(files, 300, &log_signer());
    });
    assert_eq!(found(&shifted), (None, Kind::Container));
    let other_size = |files: &mut Files| sum_up(files, 299, &log_signer());
    assert_eq!(found(&repack(&sample::bundle(&rows), other_size)), (None, Kind::Manifest));
    let same_size = repack(&sample::bundle(&rows), |files| sum_up(files, 300, &log_signer()));
    assert_eq!(verify(&same_size, Some(&policy())).verdict, Verdict::Ok);
}

#[test]
fn a_second_signature_on_the_manifest_is_refused() {
    let twice = repack(&sample::bundle(&sample::rows(2)), |files| {
        let note = files.get_mut(MANIFEST_SIGNATURE).unwrap();
        let text = String::from_utf8(note.clone()).unwrap();
        let line = text.split_inclusive('\n').next_back().unwrap();
        note.extend_from_slice(line.as_bytes());
    });
    assert_eq!(found(&twice), (None, Kind::Manifest));
}

#[test]
fn one_flipped_bit_in_every_byte_of_the_file_shows() {
    let good = sample::bundle(&sample::rows(10));
    for place in 0..good.len() {
        let mut flipped = good.clone();
        flipped[place] ^= 1 << (place % 8);
        let report = verify(&flipped, Some(&policy()));
        assert_eq!(report.verdict, Verdict::Broken, "byte {place}");
    }
}

/// Not even a container with right checksums hides a bit. Every bit of the short files, every seventh of the others.
#[test]
fn flipped_bits_in_packed_files_show() {
    let good = sample::bundle(&sample::rows(2));
    for (path, content) in files(&good).into_iter().filter(|(path, _)| path != README) {
        let step = if content.len() < 400 { 1 } else { 7 };
        for bit in (0..content.len() * 8).step_by(step) {
            let flipped =
                repack(&good, |files| files.get_mut(&path).unwrap()[bit / 8] ^= 1 << (bit % 8));
            let report = verify(&flipped, Some(&policy()));
            assert_eq!(report.verdict, Verdict::Broken, "{path} bit {bit}");
        }
    }
}

#[test]
fn one_altered_byte_of_a_row_in_the_file_names_the_row() {
    let mut bytes = sample::bundle(&sample::rows(10));
    let mark = b"\"seq\":6,";
    let place = bytes.windows(mark.len()).position(|window| window == mark).unwrap();
    bytes[place - 4] ^= 1;
    assert_eq!(found(&bytes), (Some(6), Kind::RowHash));
}

#[test]
fn a_truncated_export_is_broken_wherever_it_is_cut() {
    let good = sample::bundle(&sample::rows(3));
    for end in (0..good.len()).step_by(7) {
        let report = verify(&good[..end], Some(&policy()));
        assert_eq!(report.verdict, Verdict::Broken, "{end}");
    }
    assert_eq!(verify(b"not a zip", None).first_bad.unwrap().kind, Kind::Signature);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the bytes, there is a report; and no other bytes than those of the export are ok.
    #[test]
    fn any_bytes_give_a_report(start: prop::sample::Index, length in 0..200_usize, patch: Vec<u8>) {
        let good = sample::bundle(&sample::rows(2));
        let start = start.index(good.len());
        let end = good.len().min(start + length);
        let patched = [&good[..start], &patch, &good[end..]].concat();
        let verdict = verify(&patched, Some(&policy())).verdict;
        prop_assert_eq!(verdict == Verdict::Ok, patched == good);
        prop_assert_eq!(verify(&patch, Some(&policy())).verdict, Verdict::Broken);
    }
}
