//! Attacks on an export: each must be found, and named by its row.

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;

mod bytes;
mod layout;
mod purged;
mod rows;
mod signers;

use super::*;
use crate::{
    bundle::{CHECKPOINT, KEYS, MANIFEST, MANIFEST_SIGNATURE, PAGE, README},
    checkpoint::Checkpoint,
    instances::Gap,
    intent::{SignedIntent, VerifiedIntent},
    manifest::{FORMAT, File, Manifest},
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
