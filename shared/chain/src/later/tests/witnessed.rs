//! Who has the key of a later epoch can make one for a single reader; witnesses see that.

use super::*;
use crate::{cosignature::Witness, policy::Tier};

/// [`NOW`] in seconds since 1970, by Python's `datetime`.
const NOW_S: u64 = 1_795_219_200;
const DAY_S: u64 = 86_400;

fn witness() -> Witness {
    Witness::from_seed("example.com/witness/1", &[1; 32]).unwrap()
}

/// A policy that pins the witness, and asks for this tier.
fn pinned(tier: Tier) -> Policy {
    let (log, witness) = (sample::log_signer().verifier_key(), witness().public());
    let text = format!("origin {ORIGIN}\nlog {log}\nwitness w {witness}\nquorum w\ntier {tier}\n");
    text.parse().unwrap()
}

fn cosigned(note: &str) -> String {
    cosigned_as(note, Note::parse(note.as_bytes()).unwrap().text)
}

fn cosigned_as(note: &str, text: &str) -> String {
    cosigned_at(note, text, NOW_S)
}

fn cosigned_at(note: &str, text: &str, time: u64) -> String {
    note.to_owned() + &witness().cosign(text, time).unwrap()
}

/// Two lines: one that does nothing, and the account.
fn lines() -> Vec<Shown> {
    shown(1, &epoch(vec![sample::verified(1), purged(Some(0))]))
}

/// The report on the witnessed head of an epoch whose rows are gone, with these lines of the next.
fn report(lines: &[Shown], tier: Tier) -> Report {
    let rows = ended(vec![]);
    let head = sample::checkpoint(&rows).sign(&sample::log_signer()).unwrap();
    let files = [(FILE.to_owned(), text(lines).into_bytes())].into();
    let export = sample::bundle_with(&cosigned(&head), &sample::entries(&rows, &GONE), files);
    let report = verify::bundle(&export, Some(&pinned(tier)));
    assert_eq!(report, verify::diagnose(&export, Some(&pinned(tier))));
    report
}

fn proved(lines: &[Shown], tier: Tier) -> (Verdict, Tier) {
    let report = report(lines, tier);
    (report.verdict, report.tier)
}

#[test]
fn a_log_is_witnessed_only_if_every_head_of_a_later_epoch_is() {
    let unseen = lines();
    let seen: Vec<_> =
        lines().into_iter().map(|line| Shown { note: cosigned(&line.note), ..line }).collect();
    assert_eq!(proved(&seen, Tier::Witnessed), (Verdict::Ok, Tier::Witnessed));
    for forged in [
        &unseen,
        &vec![seen[0].clone(), unseen[1].clone()],
        &vec![unseen[0].clone(), seen[1].clone()],
    ] {
        assert_eq!(proved(forged, Tier::Witnessed), (Verdict::Incomplete, Tier::Signed));
        assert_eq!(proved(forged, Tier::Signed), (Verdict::Ok, Tier::Signed));
    }
    let said = report(&unseen, Tier::Witnessed).notes.concat();
    assert!(said.contains("not every head in later.ndjson is by w"), "{said}");
}

#[test]
fn a_cosignature_of_another_head_spoils_the_line() {
    let other = sample::checkpoint(&sample::rows(3)).to_text();
    let spoil = |line: Shown| Shown { note: cosigned_as(&line.note, &other), ..line };
    let spoiled: Vec<_> = lines().into_iter().map(spoil).collect();
    let finding = report(&spoiled, Tier::Witnessed).first_bad.unwrap();
    assert_eq!((finding.seq, finding.kind), (Some(1), Kind::UnexplainedPurge));
}

/// A purge says itself when it was sealed. Whoever saw its head earlier knows better, but for a day by which clocks may differ.
#[test]
fn a_purge_that_is_dated_after_its_head_was_seen_accounts_for_nothing() {
    let seen = |time: u64| {
        let cosign =
            |note: &str| cosigned_at(note, Note::parse(note.as_bytes()).unwrap().text, time);
        let lines: Vec<_> =
            lines().into_iter().map(|line| Shown { note: cosign(&line.note), ..line }).collect();
        report(&lines, Tier::Witnessed).first_bad.map(|finding| (finding.seq, finding.kind))
    };
    assert_eq!(seen(NOW_S), None);
    assert_eq!(seen(NOW_S - DAY_S), None);
    assert_eq!(seen(NOW_S - DAY_S - 1), UNEXPLAINED);
    assert_eq!(seen(u64::MAX), None, "no calendar has it");
}
