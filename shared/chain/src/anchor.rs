//! What holds a log fast from outside: the directory of all logs of a deployment, whose head is signed in a key vault, kept where nothing is ever
//! replaced, and stamped by an authority for time.
//!
//! The directory is a log of the same format. Its rows are the signed checkpoints of tenants' logs as they stand, notes of several lines; its heads
//! have an ECDSA line ([`crate::ecdsa`]). A file of two parts in an export shows that its checkpoint is one of these rows:
//!
//! | file | content |
//! |---|---|
//! | `anchor/directory.tlog-proof` | the tenant's checkpoint, its place in the directory, the directory's head (C2SP tlog-proof, [`crate::row_proof`]) |
//! | `anchor/timestamp.tsr` | the time stamp of that head (RFC 3161), over its bytes from the origin to the last newline |

use serde::Serialize;

use crate::{
    checkpoint::Checkpoint,
    ecdsa::{self, EcdsaKey},
    note::Note,
    proof,
    report::{Finding, Kind},
    row_proof::RowProof,
    timestamp::{AuthorityKey, Timestamp, TimestampError},
    tree::leaf_hash,
};

/// The file that shows an export's checkpoint in the directory.
pub const PROOF: &str = "anchor/directory.tlog-proof";
/// The file with the time stamp.
pub const TIMESTAMP: &str = "anchor/timestamp.tsr";

/// What a policy pins of it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PinnedAnchors {
    /// The keys that may sign heads of the directory.
    pub directory: Vec<EcdsaKey>,
    /// The keys of the authorities whose time stamps count.
    pub authorities: Vec<AuthorityKey>,
}

/// Where a checkpoint stands in a directory.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Anchor {
    /// Which directory.
    pub origin: String,
    /// The number of the checkpoint in it.
    pub index: u64,
    /// How many rows the directory had.
    pub size: u64,
    /// The pinned key whose signature of the directory's head holds; `None` when the policy pins none.
    pub signed_by: Option<String>,
    /// When an authority stamped the head, by its own clock: `2026-11-21T00:00:00Z`; `None` without a stamp by one that the policy pins.
    pub stamped_at: Option<String>,
}

/// Checks the files [`PROOF`] and [`TIMESTAMP`] of an export with this checkpoint, the text of a note. What the policy pins no key for is looked at, and
/// nobody vouches for it.
///
/// # Errors
/// [`Finding`] when it is about another checkpoint, does not lead to the directory's head, or no pinned key signed that head or stamped it.
pub fn check(
    proof: &[u8],
    stamp: Option<&[u8]>,
    checkpoint: &str,
    pinned: &PinnedAnchors,
) -> Result<Anchor, Finding> {
    let (mut anchor, head) = placed(proof, checkpoint, &pinned.directory)?;
    let wrong = |error: TimestampError| {
        Finding::of(Kind::Anchor, "a time stamp of the directory's head", error.to_string())
    };
    if let Some(stamp) = stamp {
        let stamp = Timestamp::parse(stamp).map_err(wrong)?;
        stamp.covers(head.as_bytes()).map_err(wrong)?;
        if !pinned.authorities.is_empty() {
            stamp.verify(&pinned.authorities).map_err(wrong)?;
            anchor.stamped_at = Some(stamp.time().to_owned());
        }
    }
    Ok(anchor)
}

/// Where the checkpoint stands in the directory, and that one's signed head.
fn placed<'a>(
    proof: &'a [u8],
    checkpoint: &str,
    keys: &[EcdsaKey],
) -> Result<(Anchor, &'a str), Finding> {
    let wrong = |expected: &str, found: String| Finding::of(Kind::Anchor, expected, found);
    let proof = RowProof::parse(proof)
        .map_err(|error| wrong("a proof out of the directory of logs", error.to_string()))?;
    let leaf = proof.row.as_deref().unwrap_or_default();
    if Note::parse(leaf).map(|leaf| leaf.text) != Ok(checkpoint) {
        let found = String::from_utf8_lossy(leaf).into_owned();
        return Err(wrong("this checkpoint as a row of the directory", found));
    }
    let note = Note::parse(proof.checkpoint.as_bytes())
        .map_err(|error| wrong("the signed head of the directory", error.to_string()))?;
    let head = Checkpoint::parse(note.text)
        .map_err(|error| wrong("the signed head of the directory", error.to_string()))?;
    let leaf = leaf_hash(leaf);
    proof::check_inclusion(leaf, proof.index, head.size, &proof.hashes, head.root).map_err(
        |error| wrong("a way from the checkpoint to the directory's head", error.to_string()),
    )?;
    let signed_by = if keys.is_empty() { None } else { Some(signer(&note, &head, keys)?) };
    let Checkpoint { origin, size, .. } = head;
    let anchor = Anchor { origin, index: proof.index, size, signed_by, stamped_at: None };
    Ok((anchor, proof.checkpoint))
}

/// The pinned key that signed the directory's head; the directory has the name of its key.
fn signer(note: &Note<'_>, head: &Checkpoint, keys: &[EcdsaKey]) -> Result<String, Finding> {
    let listed: Vec<_> = keys.iter().map(ToString::to_string).collect();
    let expected = format!("a signature by {}", listed.join(" or "));
    match ecdsa::signer(note, keys) {
        Ok(key) if key.name() == head.origin => Ok(key.to_string()),
        Ok(_) => Err(Finding::of(Kind::Anchor, expected, format!("a head of {}", head.origin))),
        Err(error) => Err(Finding::of(Kind::Anchor, expected, error.to_string())),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use p256::ecdsa::SigningKey;

    use super::*;
    use crate::{
        Hash,
        bundle::{Draft, Export},
        ecdsa::tests as directory,
        policy::{Policy, Tier},
        report::{Report, Verdict},
        sample,
        tile::Levels,
        timestamp::tests as stamps,
        verify,
    };

    const ORIGIN: &str = "audit.example.com/directory";

    /// A directory of seven checkpoints, the sixth of which is the sample's, and its proof.
    fn proof(origin: &str, sign: impl Fn(&str) -> String) -> (String, Vec<u8>) {
        let checkpoint = sample::checkpoint(&sample::rows(5)).sign(&sample::log_signer()).unwrap();
        let leaf = |row: u64| {
            if row == 5 { checkpoint.clone().into_bytes() } else { row.to_be_bytes().to_vec() }
        };
        let leaves: Vec<Hash> = (0..7).map(|row| leaf_hash(&leaf(row))).collect();
        let hashes = proof::inclusion(leaves.as_slice(), 5, 7).unwrap();
        let root = Levels::new(leaves).root();
        let head = Checkpoint { origin: origin.to_owned(), size: 7, root }.to_text();
        let head = sign(&head);
        let proof = RowProof { row: Some(leaf(5)), index: 5, hashes, checkpoint: &head };
        (checkpoint, proof.to_text().into_bytes())
    }

    /// The directory's key, and the proof.
    pub(crate) fn vector() -> String {
        let (_, proof, key) = signed(ORIGIN);
        format!("{key}\n\n{}", String::from_utf8(proof).unwrap())
    }

    fn signed(origin: &str) -> (String, Vec<u8>, EcdsaKey) {
        let (key, signing): (EcdsaKey, SigningKey) = directory::key(ORIGIN, 3);
        let (checkpoint, proof) = proof(origin, |text| directory::sign(&key, &signing, text));
        let text = Note::parse(checkpoint.as_bytes()).unwrap().text.to_owned();
        (text, proof, key)
    }

    #[test]
    fn a_checkpoint_in_the_directory_is_found_there() {
        let (checkpoint, proof, key) = signed(ORIGIN);
        let (anchor, head) = placed(&proof, &checkpoint, std::slice::from_ref(&key)).unwrap();
        assert_eq!((anchor.origin.as_str(), anchor.index, anchor.size), (ORIGIN, 5, 7));
        assert_eq!(anchor.signed_by, Some(key.to_string()));
        assert!(head.starts_with(&format!("{ORIGIN}\n7\n")));
        // Without a pinned key the proof is looked at, and nobody vouches for the head.
        let pinned = PinnedAnchors::default();
        assert_eq!(check(&proof, None, &checkpoint, &pinned).unwrap().signed_by, None);
    }

    /// The stamp of the sample (see `timestamp`) is about other bytes than this head.
    #[test]
    fn a_stamp_of_another_head_is_refused() {
        let (checkpoint, proof, _) = signed(ORIGIN);
        let stamp = include_bytes!("timestamp/samples/p256.tsr").as_slice();
        for stamp in [stamp, b"", b"0"] {
            let refused = check(&proof, Some(stamp), &checkpoint, &PinnedAnchors::default());
            assert_eq!(refused.unwrap_err().kind, Kind::Anchor);
        }
    }

    const TIME: &[u8] = b"20261121000102Z";

    /// The report on the sample of five rows with these files, by a policy that pins the directory and these authorities.
    fn report(files: &[(&str, &[u8])], authorities: &[AuthorityKey], tier: Tier) -> Report {
        let (checkpoint, _) = proof(ORIGIN, |text| format!("{text}\n— a AAAAAAA=\n"));
        let rows = sample::rows(5);
        let export = Export {
            tenant: sample::TENANT,
            checkpoint: &checkpoint,
            log_keys: &[],
            app_keys: &[],
        };
        let files = files.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec()));
        let draft = Draft::with_files(&export, &rows, files.collect()).unwrap();
        let signed = sample::log_signer().sign(draft.statement()).unwrap();
        let directory = vec![signed_key()];
        let anchors = PinnedAnchors { directory, authorities: authorities.to_vec() };
        let policy = Policy { anchors, tier, ..sample::policy() };
        let policy: Policy = policy.to_string().parse().unwrap();
        verify::bundle(&draft.whole(&signed, &rows).unwrap(), Some(&policy))
    }

    fn signed_key() -> EcdsaKey {
        directory::key(ORIGIN, 3).0
    }

    /// The proof, the directory's head, a stamp of it and the key that made the stamp.
    fn anchored() -> (Vec<u8>, Vec<u8>, AuthorityKey) {
        let (_, proof, _) = signed(ORIGIN);
        let head = RowProof::parse(&proof).unwrap().checkpoint.as_bytes().to_vec();
        let (stamp, key) = stamps::stamp(9, &head, TIME);
        (proof, stamp, key)
    }

    #[test]
    fn a_stamp_by_a_pinned_authority_makes_the_log_timestamped() {
        let (proof, stamp, key) = anchored();
        let files = [(PROOF, proof.as_slice()), (TIMESTAMP, stamp.as_slice())];
        let whole = report(&files, std::slice::from_ref(&key), Tier::Timestamped);
        assert_eq!((whole.verdict, whole.tier), (Verdict::Ok, Tier::Timestamped), "{whole:?}");
        let anchor = whole.checkpoint.unwrap().anchor.unwrap();
        assert_eq!(anchor.stamped_at.as_deref(), Some("2026-11-21T00:01:02Z"));
        assert_eq!(anchor.signed_by, Some(signed_key().to_string()));
        // Nobody pinned the authority: it may be anybody's.
        let unpinned = report(&files, &[], Tier::Timestamped);
        assert_eq!((unpinned.verdict, unpinned.tier), (Verdict::Incomplete, Tier::Signed));
        let unstamped = report(&files[..1], std::slice::from_ref(&key), Tier::Timestamped);
        assert_eq!((unstamped.verdict, unstamped.tier), (Verdict::Incomplete, Tier::Signed));
        assert_eq!(report(&files[..1], &[], Tier::Signed).verdict, Verdict::Ok);
    }

    /// `testdata/stamped.audit.zip`: this sample, stamped by OpenSSL 3.0 (`openssl ts -reply`) with a key made for it; `stamped.policy` pins that key.
    #[test]
    fn what_openssl_stamped_for_this_directory_is_timestamped() {
        let export = include_bytes!("verify/testdata/stamped.audit.zip");
        let policy: Policy = include_str!("verify/testdata/stamped.policy").parse().unwrap();
        assert_eq!(policy.anchors.directory, [signed_key()]);
        let (proof, ..) = anchored();
        let archive = crate::container::read(export);
        let head = |proof: &[u8]| RowProof::parse(proof).unwrap().checkpoint.to_owned();
        assert_eq!(head(archive.files[PROOF]), head(&proof), "the sample's own head");
        for (asked, verdict) in [
            (None, Verdict::Ok),
            (Some(Tier::Timestamped), Verdict::Ok),
            (Some(Tier::Witnessed), Verdict::Incomplete),
        ] {
            let report = verify::bundle(export, Some(&policy.clone().asking(asked)));
            assert_eq!((report.verdict, report.tier), (verdict, Tier::Timestamped), "{report:?}");
            assert_eq!(report.asked, asked.or(Some(Tier::Signed)));
        }
    }

    #[test]
    fn a_file_of_the_directory_that_does_not_hold_is_named() {
        let (proof, stamp, key) = anchored();
        let (other_head, _) = stamps::stamp(9, b"another head", TIME);
        let (_, stranger) = stamps::stamp(8, b"", TIME);
        let forged = signed("another").1;
        let refused = |files: &[(&str, &[u8])], key: &AuthorityKey| {
            let report = report(files, std::slice::from_ref(key), Tier::Signed);
            assert_eq!(report.verdict, Verdict::Broken);
            assert_eq!(report.first_bad.unwrap().kind, Kind::Anchor);
        };
        refused(&[(PROOF, &proof), (TIMESTAMP, &other_head)], &key);
        refused(&[(PROOF, &proof), (TIMESTAMP, &stamp)], &stranger);
        refused(&[(PROOF, &forged), (TIMESTAMP, &stamp)], &key);
        refused(&[(PROOF, &forged)], &key);
        refused(&[(TIMESTAMP, &stamp)], &key);
    }

    #[test]
    fn another_checkpoint_or_directory_or_key_is_refused() {
        let (checkpoint, proof, key) = signed(ORIGIN);
        let keys = std::slice::from_ref(&key);
        let refused = |proof: &[u8], checkpoint: &str, keys: &[EcdsaKey]| {
            assert_eq!(placed(proof, checkpoint, keys).unwrap_err().kind, Kind::Anchor);
        };
        refused(&proof, &checkpoint.replace("\n5\n", "\n4\n"), keys);
        refused(&proof, &checkpoint, &[directory::key(ORIGIN, 4).0]);
        refused(&proof, &checkpoint, &[directory::key("another", 3).0]);
        refused(b"", &checkpoint, keys);
        let (_, renamed, _) = signed("another");
        refused(&renamed, &checkpoint, keys);
        let text = String::from_utf8(proof).unwrap();
        for (from, to) in [("index 5", "index 4"), ("\n7\n", "\n8\n"), ("extra ", "extra AAAA")] {
            refused(text.replacen(from, to, 1).as_bytes(), &checkpoint, keys);
        }
    }
}
