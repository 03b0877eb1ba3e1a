//! Verification of one row and its proof.

use std::collections::BTreeMap;

use crate::{
    Hash,
    bundle::CHECKPOINT,
    genesis,
    policy::Policy,
    proof,
    report::{Finding, Head, Kind, Purged, Report, Verdict},
    row::Row,
    row_proof::RowProof,
    tree::leaf_hash,
    verify::{head, lacking, tier},
};

/// Verifies that a row stands in the log of `policy`: the proof `bytes` ([`RowProof`]), and the row, unless the proof holds it.
///
/// The other rows of the log are not there and not checked; [`Report::rows_checked`] is 1 at most.
pub fn row_proof(bytes: &[u8], row: Option<&[u8]>, policy: Option<&Policy>) -> Report {
    let parsed = match RowProof::parse(bytes) {
        Ok(parsed) => parsed,
        Err(error) => {
            let finding = Finding::of(Kind::Container, "a proof of one row", error.to_string());
            return report(Some(finding), None, Hash::ZERO, None, policy);
        }
    };
    let mut findings = Vec::new();
    let files = BTreeMap::from([(CHECKPOINT, parsed.checkpoint.as_bytes())]);
    let head = head::read(&files, policy, &mut findings);
    // No rows follow in which a pinned key could have named another: only pinned keys count.
    let unsigned = |policy| head::followed(parsed.checkpoint.as_bytes(), &[], policy).err();
    findings.extend(policy.and_then(unsigned));
    let row = row.or(parsed.row.as_deref());
    let Some(row) = row else {
        let finding = Finding::of(Kind::Profile, "the row, in the proof or beside it", "no row");
        return report(Some(finding), head, Hash::ZERO, Some(&parsed), policy);
    };
    let same = parsed.row.as_deref().is_none_or(|held| held == row);
    findings.extend((!same).then(|| {
        Finding::at(
            parsed.index,
            Kind::RowHash,
            "the row of the proof".to_owned(),
            "another row".to_owned(),
        )
    }));
    findings.extend(head.as_ref().and_then(|head| placed(row, &parsed, head)));
    let root = head.as_ref().and_then(|head| {
        proof::inclusion_root(leaf_hash(row), parsed.index, head.size, &parsed.hashes).ok()
    });
    findings.extend(head.as_ref().and_then(|head| included(root, &parsed, head)));
    let first = findings.into_iter().min_by_key(|finding| (finding.seq.is_none(), finding.kind));
    report(first, head, root.unwrap_or(Hash::ZERO), Some(&parsed), policy)
}

/// Whether the row is one, and says of itself what the proof says of it.
fn placed(bytes: &[u8], proof: &RowProof<'_>, head: &Head) -> Option<Finding> {
    let at = |kind, expected: String, got| Some(Finding::at(proof.index, kind, expected, got));
    let row = match Row::from_bytes(bytes) {
        Ok(row) => row,
        Err(error) => {
            return at(
                Kind::Profile,
                "a row of the profile audit-row/1".to_owned(),
                error.to_string(),
            );
        }
    };
    if row.seq != proof.index {
        return at(Kind::Profile, format!("row {}", proof.index), format!("row {}", row.seq));
    }
    if (row.seq == 0) != (row.action == genesis::ACTION) {
        return at(
            Kind::Profile,
            "a first row, and no other, that begins a log".to_owned(),
            row.action.to_owned(),
        );
    }
    let origin = (row.seq == 0).then(|| genesis::origin_of(&row).unwrap_or_default());
    let other = origin.filter(|origin| *origin != head.origin)?;
    at(Kind::Tenant, head.origin.clone(), other)
}

fn included(root: Option<Hash>, proof: &RowProof<'_>, head: &Head) -> Option<Finding> {
    let expected = || head.root.to_string();
    match root {
        Some(root) if root == head.root => None,
        Some(root) => Some(Finding::at(proof.index, Kind::RowHash, expected(), root.to_string())),
        None => Some(Finding::of(
            Kind::Tile,
            format!("the proof of row {} in a log of {} rows", proof.index, head.size),
            format!("{} hashes that cannot be one", proof.hashes.len()),
        )),
    }
}

fn report(
    first_bad: Option<Finding>,
    checkpoint: Option<Head>,
    root: Hash,
    proof: Option<&RowProof<'_>>,
    policy: Option<&Policy>,
) -> Report {
    let tier = tier(checkpoint.as_ref().filter(|_| first_bad.is_none()), policy, false);
    let lacking = lacking(tier, policy, checkpoint.as_ref());
    let verdict = match &first_bad {
        Some(_) => Verdict::Broken,
        None if lacking.is_some() => Verdict::Incomplete,
        None => Verdict::Ok,
    };
    let alone = proof.map(|proof| {
        format!("Only row {} was checked: that it stands in this log, at this place. The other rows are not in this file.", proof.index)
    });
    Report {
        verdict,
        tier,
        asked: policy.map(|policy| policy.tier),
        rows_checked: u64::from(first_bad.is_none()),
        first_bad,
        size: checkpoint.as_ref().map_or(0, |head| head.size),
        root,
        checkpoint,
        unsigned_tail: 0,
        purged: Purged::default(),
        disclosed: 0,
        erased: 0,
        notes: alone.into_iter().chain(lacking).collect(),
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;

    use super::*;
    use crate::{
        checkpoint::Checkpoint,
        note::{Signer, VerifierKey},
        policy::Tier,
        sample::{self, log_signer, policy},
    };

    fn text(index: u64, count: u64) -> String {
        let rows = sample::rows(count);
        let leaves: Vec<_> = rows.iter().map(|row| leaf_hash(row.as_bytes())).collect();
        let checkpoint = sample::checkpoint(&rows).sign(&log_signer()).unwrap();
        let row = rows.get(usize::try_from(index).unwrap()).map(|row| row.clone().into_bytes());
        let hashes = proof::inclusion(leaves.as_slice(), index, count).unwrap();
        RowProof { row, index, hashes, checkpoint: &checkpoint }.to_text()
    }

    fn found(text: &str) -> (Option<u64>, Kind) {
        let report = row_proof(text.as_bytes(), None, Some(&policy()));
        assert_eq!((report.verdict, report.rows_checked), (Verdict::Broken, 0), "{report:?}");
        assert_eq!(report.tier, Tier::Chained);
        let finding = report.first_bad.unwrap();
        (finding.seq, finding.kind)
    }

    /// The proof with another row inside.
    fn with_row(text: &str, edit: impl FnOnce(String) -> String) -> String {
        let mut proof = RowProof::parse(text.as_bytes()).unwrap();
        proof.row = proof.row.map(|row| edit(String::from_utf8(row).unwrap()).into_bytes());
        proof.to_text()
    }

    #[test]
    fn every_row_of_a_log_is_proved() {
        for count in [1, 2, 3, 7, 8, 9] {
            for index in 0..count {
                let report = row_proof(text(index, count).as_bytes(), None, Some(&policy()));
                assert_eq!(
                    (report.verdict, report.tier),
                    (Verdict::Ok, Tier::Signed),
                    "{report:?}"
                );
                assert_eq!((report.rows_checked, report.size), (1, count));
            }
        }
    }

    #[test]
    fn an_altered_row_is_named() {
        let edited = with_row(&text(4, 9), |row| row.replace("ADMIN", "OWNER"));
        assert_eq!(found(&edited), (Some(4), Kind::RowHash));
        let other = with_row(&text(4, 9), |_| sample::rows(6)[5].clone());
        assert_eq!(found(&other), (Some(4), Kind::RowHash));
    }

    #[test]
    fn a_row_under_another_number_or_name_is_refused() {
        assert_eq!(found(&text(4, 9).replace("index 4", "index 5")), (Some(5), Kind::RowHash));
        assert_eq!(found(&text(4, 9).replace("index 4", "index 9")), (Some(9), Kind::Profile));
        let longer =
            text(4, 9).replacen("\n\n", "\nsFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=\n\n", 1);
        assert_eq!(found(&longer), (None, Kind::Tile));
        let elsewhere = Policy { origin: "audit.example.com/other".to_owned(), ..policy() };
        let report = row_proof(text(4, 9).as_bytes(), None, Some(&elsewhere));
        assert_eq!(report.first_bad.unwrap().kind, Kind::Signature);
    }

    /// Anybody can make a whole log up, and prove its rows, under the name of a later epoch.
    #[test]
    fn a_proof_that_no_pinned_key_signed_is_refused_in_every_epoch() {
        let later = format!("{}/1", sample::ORIGIN);
        let key = log_signer().verifier_key();
        let (rows, stranger) = (sample::rows(9), SigningKey::from_bytes(&[9; 32]));
        for origin in [sample::ORIGIN, later.as_str()] {
            let key = VerifierKey::new(origin, *key.key()).unwrap();
            let (origin, log_keys) = (origin.to_owned(), vec![key]);
            let head = Checkpoint { origin: origin.clone(), ..sample::checkpoint(&rows) };
            let invented = head.sign(&Signer::new(&origin, stranger.clone()).unwrap()).unwrap();
            let text = text(4, 9);
            let proof = RowProof::parse(text.as_bytes()).unwrap();
            let forged = RowProof { checkpoint: &invented, ..proof }.to_text();
            for tier in [Tier::Signed, Tier::Chained] {
                let (origin, log_keys) = (origin.clone(), log_keys.clone());
                let policy = Policy { origin, log_keys, tier, ..policy() };
                let report = row_proof(forged.as_bytes(), None, Some(&policy));
                let finding = report.first_bad.unwrap();
                assert_eq!((finding.seq, finding.kind), (None, Kind::Signature), "{tier}");
            }
        }
    }

    /// The signer signs what is no row of a log: the signature does not excuse it.
    #[test]
    fn a_signed_entry_that_is_no_row_is_refused() {
        let bad = |entry: String| {
            let checkpoint =
                sample::checkpoint(std::slice::from_ref(&entry)).sign(&log_signer()).unwrap();
            let row = Some(entry.into_bytes());
            found(
                &RowProof { row, index: 0, hashes: Vec::new(), checkpoint: &checkpoint }.to_text(),
            )
        };
        assert_eq!(bad("{}".to_owned()), (Some(0), Kind::Profile));
        assert_eq!(bad(sample::rows(2)[1].clone()), (Some(0), Kind::Profile));
        let nameless = sample::rows(1)[0].replace("\"origin\":\"audit", "\"origin\":\"order");
        assert_eq!(bad(nameless), (Some(0), Kind::Tenant));
    }

    #[test]
    fn the_row_may_stand_beside_a_proof_that_has_none_but_may_not_differ() {
        let whole = text(4, 9);
        let mut without = RowProof::parse(whole.as_bytes()).unwrap();
        without.row = None;
        let without = without.to_text();
        let rows = sample::rows(9);
        let verdict = |text: &str, row: Option<&str>| {
            row_proof(text.as_bytes(), row.map(str::as_bytes), Some(&policy())).verdict
        };
        assert_eq!(verdict(&without, Some(&rows[4])), Verdict::Ok);
        assert_eq!(verdict(&whole, Some(&rows[4])), Verdict::Ok);
        assert_eq!(verdict(&whole, Some(&rows[5])), Verdict::Broken);
        assert_eq!(verdict(&without, None), Verdict::Broken);
    }

    #[test]
    fn without_a_policy_or_below_its_tier_a_row_is_not_proved() {
        let report = row_proof(text(4, 9).as_bytes(), None, None);
        assert_eq!((report.verdict, report.tier), (Verdict::Incomplete, Tier::Chained));
        let stronger = Policy { tier: Tier::Witnessed, ..policy() };
        let report = row_proof(text(4, 9).as_bytes(), None, Some(&stronger));
        assert_eq!((report.verdict, report.tier), (Verdict::Incomplete, Tier::Signed));
    }

    #[test]
    fn every_flipped_bit_shows() {
        let good = text(2, 5).into_bytes();
        for bit in 0..good.len() * 8 {
            let mut flipped = good.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(
                row_proof(&flipped, None, Some(&policy())).verdict,
                Verdict::Broken,
                "bit {bit}"
            );
        }
    }
}
