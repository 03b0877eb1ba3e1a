//! Who signed, and what.

use std::collections::BTreeMap;

use crate::{
    anchor::{self, Anchor},
    bundle::CHECKPOINT,
    checkpoint::Checkpoint,
    cosignature, genesis,
    note::{Note, NoteError, VerifierKey},
    policy::{Policy, Tier},
    quorum::PinnedWitness,
    report::{Finding, Head, Kind, Witnessed},
};

/// The export's checkpoint, and which of the pinned keys signed it.
pub(super) fn read(
    files: &BTreeMap<&str, &[u8]>,
    policy: Option<&Policy>,
    findings: &mut Vec<Finding>,
) -> Option<Head> {
    let bytes = files.get(CHECKPOINT).copied().unwrap_or_default();
    let malformed = |why: String| Finding::of(Kind::Signature, "a signed checkpoint", why);
    let read = Note::parse(bytes).map_err(|error| malformed(error.to_string())).and_then(|note| {
        let checkpoint =
            Checkpoint::parse(note.text).map_err(|error| malformed(error.to_string()))?;
        Ok((note, checkpoint))
    });
    let (note, checkpoint) = read.map_err(|finding| findings.push(finding)).ok()?;
    let mut head = vouched(&note, checkpoint, policy, findings);
    let file = |path| files.get(path).copied();
    match anchored(note.text, file(anchor::PROOF), file(anchor::TIMESTAMP), policy) {
        Ok(anchor) => head.anchor = anchor,
        Err(finding) => findings.push(finding),
    }
    Some(head)
}

/// Which of the pinned keys and witnesses vouch for the checkpoint of `note`. Another log, no pinned key and a wrong line by one are findings.
pub(super) fn vouched(
    note: &Note<'_>,
    checkpoint: Checkpoint,
    policy: Option<&Policy>,
    findings: &mut Vec<Finding>,
) -> Head {
    let Checkpoint { origin, size, root } = checkpoint;
    let (mut signed_by, mut witnessed_by) = (Vec::new(), Vec::new());
    match policy {
        None => {}
        Some(policy) if origin == policy.origin => {
            signed_by = match note.verify(&policy.log_keys) {
                // A pinned key may have named the one that signed: row 0 tells.
                Err(NoteError::Unsigned) if genesis::is_later(&origin) => Vec::new(),
                Ok(_) | Err(_) => signers(note, &policy.log_keys, findings),
            };
            witnessed_by = witnesses(note, policy, findings);
        }
        Some(policy) => findings.push(Finding::of(
            Kind::Signature,
            format!("the log {}", policy.origin),
            format!("the log {origin}"),
        )),
    }
    Head { origin, size, root, signed_by, anchor: None, witnessed_by }
}

/// Where the checkpoint `text` stands in the directory of logs, by the files that an export may have about it.
pub(super) fn anchored(
    text: &str,
    proof: Option<&[u8]>,
    stamp: Option<&[u8]>,
    policy: Option<&Policy>,
) -> Result<Option<Anchor>, Finding> {
    let pinned = policy.map(|policy| policy.anchors.clone()).unwrap_or_default();
    match (proof, stamp) {
        (Some(proof), stamp) => anchor::check(proof, stamp, text, &pinned).map(Some),
        (None, Some(_)) => Err(Finding::of(Kind::Anchor, anchor::PROOF, "a time stamp of nothing")),
        (None, None) => Ok(None),
    }
}

/// The pinned witnesses that cosigned the note. A wrong line by one of them is a finding; that one is missing is not.
fn witnesses(note: &Note<'_>, policy: &Policy, findings: &mut Vec<Finding>) -> Vec<Witnessed> {
    let mut found = Vec::new();
    for PinnedWitness { name, key, .. } in policy.quorum.witnesses() {
        match cosignature::cosigned(note, [key]) {
            Ok(cosigned) => found.extend(cosigned.iter().map(|cosigned| Witnessed {
                name: name.clone(),
                key: key.to_string(),
                time: cosignature::date_time(cosigned.time),
                since: None,
            })),
            Err(error) => {
                let expected = format!("a cosignature by the witness {name}, or none");
                findings.push(Finding::of(Kind::Signature, expected, error.to_string()));
            }
        }
    }
    found
}

/// Against whom the head is proved, if the rows are those of it; `is_unseen`: they are accounted for under heads that lack witnesses.
pub(super) fn tier(head: &Head, policy: &Policy, is_unseen: bool) -> Tier {
    if head.signed_by.is_empty() {
        return Tier::Chained;
    }
    let is_witnessed = !is_unseen && is_met(head, policy);
    let is_stamped = head.anchor.as_ref().is_some_and(|anchor| anchor.stamped_at.is_some());
    match (is_witnessed, is_stamped) {
        (true, _) => Tier::Witnessed,
        (false, true) => Tier::Timestamped,
        (false, false) => Tier::Signed,
    }
}

/// Whether enough of the pinned witnesses cosigned the head itself.
pub(super) fn is_met(head: &Head, policy: &Policy) -> bool {
    let names = head.witnessed_by.iter().map(|witnessed| witnessed.name.as_str()).collect();
    policy.quorum.is_met(&names)
}

/// The earliest time by which others than the operator saw the head: that of a pinned witness or of a pinned authority.
pub(super) fn seen_at(head: &Head) -> Option<&str> {
    let stamped = head.anchor.iter().filter_map(|anchor| anchor.stamped_at.as_deref());
    let times = head.witnessed_by.iter().map(|witnessed| witnessed.time.as_str()).chain(stamped);
    // Of years with more than four digits, the text says nothing about which is earlier; and no row is as late.
    times.filter(|time| time.find('-') == Some(4)).min()
}

/// The keys among `named` that signed the checkpoint `bytes`, which no pinned key signed; none is a finding.
pub(super) fn followed(
    bytes: &[u8],
    named: &[VerifierKey],
    policy: &Policy,
) -> Result<Vec<String>, Finding> {
    let malformed = |why: String| Finding::of(Kind::Signature, "a signed checkpoint", why);
    let note = Note::parse(bytes).map_err(|error| malformed(error.to_string()))?;
    let mut findings = Vec::new();
    let keys = if named.is_empty() { &policy.log_keys } else { named };
    let signed_by = signers(&note, keys, &mut findings);
    findings.pop().map_or(Ok(signed_by), Err)
}

/// The pinned keys that signed the note; none is a finding.
pub(super) fn signers(
    note: &Note<'_>,
    keys: &[VerifierKey],
    findings: &mut Vec<Finding>,
) -> Vec<String> {
    match note.verify(keys) {
        Ok(signers) => signers.into_iter().map(ToString::to_string).collect(),
        Err(error) => {
            let keys: Vec<_> = keys.iter().map(ToString::to_string).collect();
            let expected = format!("a signature by {}", keys.join(" or "));
            findings.push(Finding::of(Kind::Signature, expected, error.to_string()));
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;

    use super::*;
    use crate::{
        cosignature::Witness,
        quorum::Quorum,
        report::{Report, Verdict},
        row_proof::RowProof,
        sample::{self, log_signer, policy},
        tree::leaf_hash,
        verify::{bundle, row_proof},
    };

    const TIME: u64 = 1_763_683_200;

    fn witness(seed: u8) -> Witness {
        let name = format!("example.com/witness/{seed}");
        Witness::new(&name, SigningKey::from_bytes(&[seed; 32])).unwrap()
    }

    /// A policy that pins the witnesses 1 to 3 and asks for `quorum`.
    fn pinned(quorum: &str) -> Policy {
        let witnesses = (1..=3).map(|seed| format!("witness w{seed} {}\n", witness(seed).public()));
        let text: String = witnesses.collect();
        let log = log_signer().verifier_key();
        format!("origin {}\nlog {log}\n{text}{quorum}", sample::ORIGIN).parse().unwrap()
    }

    fn head(count: u64) -> String {
        sample::checkpoint(&sample::rows(count)).sign(&log_signer()).unwrap()
    }

    /// The line by which a witness cosigns the log of so many rows.
    fn line(seed: u8, count: u64) -> String {
        witness(seed).cosign(&sample::checkpoint(&sample::rows(count)).to_text(), TIME).unwrap()
    }

    /// The report on a log of three rows whose checkpoint has these lines besides the log's own.
    fn report(lines: &[String], policy: &Policy) -> Report {
        let head = head(3) + &lines.concat();
        bundle(&sample::bundle_under(&sample::rows(3), &head), Some(policy))
    }

    #[test]
    fn a_pinned_witness_makes_the_log_witnessed_and_is_named() {
        let report = report(&[line(1, 3)], &pinned("quorum w1"));
        assert_eq!((report.verdict, report.tier), (Verdict::Ok, Tier::Witnessed), "{report:?}");
        let expected = Witnessed {
            name: "w1".to_owned(),
            key: witness(1).public().to_string(),
            time: "2025-11-21T00:00:00Z".to_owned(),
            since: None,
        };
        assert_eq!(report.checkpoint.unwrap().witnessed_by, [expected]);
    }

    /// The cosignature must be over this very checkpoint: over an earlier or later one, it is a wrong line.
    #[test]
    fn a_cosignature_over_another_head_is_refused() {
        for count in [2, 4] {
            let report = report(&[line(1, count)], &pinned("quorum w1"));
            assert_eq!((report.verdict, report.tier), (Verdict::Broken, Tier::Signed));
            assert_eq!(report.first_bad.unwrap().kind, Kind::Signature);
        }
    }

    #[test]
    fn below_the_quorum_the_log_is_incomplete_and_never_ok() {
        let policy = pinned("group g 2 w1 w2 w3\nquorum g");
        let tier = |lines: &[String]| {
            let report = report(lines, &policy);
            (report.verdict, report.tier)
        };
        assert_eq!(tier(&[]), (Verdict::Incomplete, Tier::Signed));
        assert_eq!(tier(&[line(2, 3)]), (Verdict::Incomplete, Tier::Signed));
        assert_eq!(tier(&[line(2, 3), line(2, 3)]), (Verdict::Incomplete, Tier::Signed));
        assert_eq!(tier(&[line(2, 3), line(9, 3)]), (Verdict::Incomplete, Tier::Signed));
        assert_eq!(tier(&[line(2, 3), line(3, 3)]), (Verdict::Ok, Tier::Witnessed));
        let report = report(&[line(2, 3)], &policy);
        assert!(report.notes.iter().any(|note| note.contains("(2 of w1, w2, w3), and is by w2")));
        assert_eq!(report.checkpoint.unwrap().witnessed_by.len(), 1);
    }

    /// Witnesses that nobody pinned, and a policy that asks for none, prove nothing and harm nothing.
    #[test]
    fn cosignatures_of_strangers_leave_the_tier_as_it_is() {
        let found = |policy: &Policy| {
            let report = report(&[line(1, 3), line(1, 2)], policy);
            (report.verdict, report.tier)
        };
        assert_eq!(found(&policy()), (Verdict::Ok, Tier::Signed));
        let strict = Policy { tier: Tier::Witnessed, ..policy() };
        assert_eq!(found(&strict), (Verdict::Incomplete, Tier::Signed));
        let nobody = report(&[line(1, 3)], &pinned("quorum none\ntier witnessed"));
        assert_eq!((nobody.verdict, nobody.tier), (Verdict::Incomplete, Tier::Signed));
    }

    #[test]
    fn a_policy_may_be_content_with_less_than_its_witnesses_prove() {
        let lenient = pinned("quorum w1\ntier signed");
        assert_eq!(report(&[], &lenient).verdict, Verdict::Ok);
        let report = report(&[line(1, 3)], &lenient);
        assert_eq!((report.verdict, report.tier), (Verdict::Ok, Tier::Witnessed));
    }

    /// A witness cannot stand in for the log's own signature.
    #[test]
    fn what_only_a_witness_signed_is_not_the_log() {
        let text = sample::checkpoint(&sample::rows(3)).to_text();
        let stranger = crate::note::Signer::new(sample::ORIGIN, SigningKey::from_bytes(&[66; 32]));
        let signed = stranger.unwrap().sign(&text).unwrap() + &line(1, 3);
        let export = sample::bundle_under(&sample::rows(3), &signed);
        let report = bundle(&export, Some(&pinned("quorum w1")));
        assert_eq!((report.verdict, report.tier), (Verdict::Broken, Tier::Chained));
    }

    #[test]
    fn one_row_is_proved_under_a_witnessed_head_too() {
        let rows = sample::rows(3);
        let leaves: Vec<_> = rows.iter().map(|row| leaf_hash(row.as_bytes())).collect();
        let prove = |checkpoint: &str| {
            let hashes = crate::proof::inclusion(leaves.as_slice(), 1, 3).unwrap();
            let row = Some(rows[1].clone().into_bytes());
            let text = RowProof { row, index: 1, hashes, checkpoint }.to_text();
            let report = row_proof(text.as_bytes(), None, Some(&pinned("quorum w1")));
            (report.verdict, report.tier)
        };
        assert_eq!(prove(&(head(3) + &line(1, 3))), (Verdict::Ok, Tier::Witnessed));
        assert_eq!(prove(&head(3)), (Verdict::Incomplete, Tier::Signed));
        assert_eq!(prove(&(head(3) + &line(1, 2))), (Verdict::Broken, Tier::Chained));
    }

    #[test]
    fn a_quorum_of_one_is_pinned_by_its_key() {
        let quorum = Quorum::of_one("w1", witness(1).public()).unwrap();
        let policy = Policy { quorum, tier: Tier::Witnessed, ..policy() };
        assert_eq!(report(&[line(1, 3)], &policy).verdict, Verdict::Ok);
    }
}
