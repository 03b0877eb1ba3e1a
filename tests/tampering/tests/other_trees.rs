//! Trees, proofs, tiles and signed heads are those of two implementations that we did not write: Cloudflare's `tlog_tiles` with `signed_note`, and
//! `ct-merkle`.

use chain::{
    Hash,
    checkpoint::Checkpoint,
    note::{Note, VerifierKey},
    policy::Tier,
    proof,
    report::Verdict,
    row::Row,
    tile::{Content, Levels},
    tree::{CompactRange, leaf_hash},
    verify,
};
use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use sha2::{Sha256, digest::Output};
use signed_note::{
    Note as OtherNote, Signature, Signer as _, StandardSigner, StandardVerifier, VerifierList,
};
use tampering::made_log::{MadeLog, SEALED_AT};
use tlog_tiles::{Error as OtherError, HashReader, Tile};

/// Both sides of a full tile and of a full level, and one row more than fits into two.
const SIZES: [u64; 14] =
    [0, 1, 2, 3, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 70_000, (1 << 20) + 1];
const LONGEST: u64 = (1 << 20) + 1;

/// Hashes as Go's checksum database stores them.
struct Stored(Vec<tlog_tiles::Hash>);

impl HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, OtherError> {
        Ok(indexes.iter().map(|index| self.0[usize::try_from(*index).unwrap()]).collect())
    }
}

/// A log of [`LONGEST`] rows: the hashes of all, and of some the rows.
struct Log {
    leaves: Vec<Hash>,
    rows: Vec<String>,
    stored: Stored,
}

/// So many rows are kept.
const KEPT: usize = 1000;

fn log() -> Log {
    let made = MadeLog::new(1);
    let mut log = Log { leaves: Vec::new(), rows: Vec::new(), stored: Stored(Vec::new()) };
    let mut prev = Hash::ZERO;
    for seq in 0..LONGEST {
        let row = Row::seal(&made.intent(seq), seq, &prev, SEALED_AT).unwrap();
        prev = leaf_hash(row.as_bytes());
        log.leaves.push(prev);
        let theirs = tlog_tiles::Hash(prev.0);
        let added = tlog_tiles::stored_hashes_for_record_hash(seq, theirs, &log.stored).unwrap();
        log.stored.0.extend(added);
        if log.rows.len() < KEPT {
            log.rows.push(row);
        }
    }
    log
}

fn theirs(hashes: &[Hash]) -> Vec<tlog_tiles::Hash> {
    hashes.iter().map(|hash| tlog_tiles::Hash(hash.0)).collect()
}

/// Rows of a log of this size, at its ends and in between; the same every time.
fn places(size: u64) -> Vec<u64> {
    let spread = [0, size / 3, size / 2 + 7, size.saturating_sub(2), size.saturating_sub(1)];
    let mut places: Vec<_> = spread.into_iter().filter(|place| *place < size).collect();
    places.dedup();
    places
}

#[test]
fn roots_proofs_and_tiles_are_those_of_tlog_tiles_at_every_size() {
    let log = log();
    for size in SIZES {
        let leaves = &log.leaves[..usize::try_from(size).unwrap()];
        let levels = Levels::new(leaves.to_vec());
        let root = tlog_tiles::Hash(levels.root().0);
        if size > 0 {
            assert_eq!(tlog_tiles::tree_hash(size, &log.stored).unwrap(), root, "{size} rows");
        }
        for place in places(size) {
            let ours = theirs(&proof::inclusion(leaves, place, size).unwrap());
            let expected = tlog_tiles::prove_record(size, place, &log.stored).unwrap();
            assert_eq!(ours, expected, "row {place} of {size}");
            let leaf = tlog_tiles::Hash(leaves[usize::try_from(place).unwrap()].0);
            tlog_tiles::check_record(&ours, size, root, place, leaf).unwrap();
            let earlier = place + 1;
            let ours = theirs(&proof::consistency(leaves, earlier, size).unwrap());
            assert_eq!(ours, tlog_tiles::prove_tree(size, earlier, &log.stored).unwrap());
            let before = tlog_tiles::tree_hash(earlier, &log.stored).unwrap();
            tlog_tiles::check_tree(&ours, size, root, earlier, before).unwrap();
        }
        check_tiles(&log.stored, &levels, size);
    }
}

fn check_tiles(stored: &Stored, levels: &Levels, size: u64) {
    let mut ours: Vec<_> = chain::tile::files(size)
        .filter(|tile| tile.content != Content::Entries)
        .map(|tile| (tile.path(), levels.encode(&tile).unwrap()))
        .collect();
    // They say the height in the path, which C2SP tlog-tiles leaves out.
    let path = |tile: &Tile| tile.path().replacen("tile/8/", "tile/", 1);
    let new = Tile::new_tiles(8, 0, size).into_iter();
    let mut expected: Vec<_> =
        new.map(|tile| (path(&tile), tile.read_data(stored).unwrap())).collect();
    ours.sort();
    expected.sort();
    assert!(ours == expected, "{size} rows");
}

#[test]
fn proofs_convince_ct_merkle() {
    let made = MadeLog::new(1);
    let rows = made.rows(700);
    let leaves: Vec<_> = rows.iter().map(|row| leaf_hash(row.as_bytes())).collect();
    let digests = |hashes: Vec<Hash>| -> Vec<Output<Sha256>> {
        hashes.into_iter().map(|hash| hash.0.into()).collect()
    };
    let root = |size: u64| {
        let mut range = CompactRange::default();
        leaves[..usize::try_from(size).unwrap()].iter().for_each(|leaf| range.push(*leaf));
        RootHash::<Sha256>::new(range.root().0.into(), size)
    };
    for size in (1..=700).step_by(23).chain([1, 2, 3, 255, 256, 257, 511, 512, 513]) {
        for place in places(size) {
            let proof = digests(proof::inclusion(&leaves[..], place, size).unwrap());
            let proof = InclusionProof::from_digests(proof.iter());
            let row = rows[usize::try_from(place).unwrap()].as_bytes();
            root(size).verify_inclusion(&row, place, &proof).unwrap();
            let next = &rows[(usize::try_from(place).unwrap() + 1) % 700].as_bytes();
            assert!(root(size).verify_inclusion(next, place, &proof).is_err(), "{place} of {size}");
            let earlier = place + 1;
            let proof = digests(proof::consistency(&leaves[..], earlier, size).unwrap());
            let proof = ConsistencyProof::from_digests(proof.iter());
            root(size).verify_consistency(&root(earlier), &proof).unwrap();
        }
    }
}

#[test]
fn signed_heads_are_read_by_the_others_and_theirs_by_us() {
    let made = MadeLog::new(1);
    let rows = made.rows(257);
    let head = made.head(&rows);
    let note = OtherNote::from_bytes(head.as_bytes()).unwrap();
    let key = made.signer.verifier_key().to_string();
    let known = VerifierList::new(vec![Box::new(StandardVerifier::new(&key).unwrap())]);
    let (verified, unverified) = note.verify(&known).unwrap();
    assert_eq!((verified.len(), unverified.len()), (1, 0));
    let checkpoint = tlog_tiles::Checkpoint::from_bytes(note.text()).unwrap();
    assert_eq!((checkpoint.origin(), checkpoint.size()), (made.origin.as_str(), 257));
    assert_eq!(checkpoint.hash().0, tampering::made_log::root(&rows).0);

    // The other way round, with the example key of signed-note for a log of that name.
    let secret = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    let public: VerifierKey =
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW".parse().unwrap();
    let signer = StandardSigner::new(secret).unwrap();
    let text = Checkpoint {
        origin: "PeterNeumann".to_owned(),
        size: 257,
        root: tampering::made_log::root(&rows),
    }
    .to_text();
    let signature = signer.sign(text.as_bytes()).unwrap();
    let line = Signature::new(signer.name().to_owned(), signer.key_id(), signature).unwrap();
    let theirs = OtherNote::new(text.as_bytes(), &[line]).unwrap().to_bytes();
    let note = Note::parse(&theirs).unwrap();
    assert_eq!(note.verify(std::slice::from_ref(&public)).unwrap(), [&public]);
    assert_eq!(Checkpoint::parse(note.text).unwrap().size, 257);
}

/// Where a tile, a level, or a second level is full, and beside it.
#[test]
fn exports_at_every_border_are_ok() {
    let made = MadeLog::new(1);
    let rows = made.rows(70_000);
    for size in SIZES.into_iter().filter(|size| (1..=70_000).contains(size)) {
        let export = made.export(&rows[..usize::try_from(size).unwrap()]);
        let report = verify::bundle(&export, Some(&made.policy(Tier::Signed)));
        assert_eq!((report.verdict, report.rows_checked), (Verdict::Ok, size), "{report:?}");
    }
}
