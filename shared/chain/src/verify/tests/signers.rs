//! Logs under another key or another name, and what the signer itself made anew.

use super::*;

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
    let export = draft.whole(&signed, &rows).unwrap();
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
    let bundle = sample::bundle_under(&sample::rows(3), &signed);
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
