//! The sixteen attacks of an operator with every right on the database: each is found at its tier, named, and never taken for a sound log.

use std::collections::BTreeSet;

use chain::{
    policy::Tier,
    report::{Report, Verdict},
    verify,
};
use tampering::{
    attacks::{ALL, Attack, ROWS, Scene, shown},
    made_log::PD_VALUE,
    rotated,
};

/// The tiers that an export can prove today, weakest first.
const EVIDENCE: [Tier; 3] = [Tier::Chained, Tier::Signed, Tier::Witnessed];

fn told(attack: &Attack) -> String {
    format!("{} {} ({})", attack.number, attack.name, attack.how)
}

fn each(check: impl Fn(&Attack, Tier, Report)) {
    let scene = Scene::default();
    for attack in ALL {
        for evidence in EVIDENCE {
            check(attack, evidence, scene.report(attack, evidence));
        }
    }
}

#[test]
fn a_log_that_nobody_touched_is_ok() {
    let scene = Scene::default();
    let report = verify::bundle(&scene.sound(), Some(&scene.log.policy(Tier::Signed)));
    assert_eq!((report.verdict, report.rows_checked), (Verdict::Ok, ROWS), "{report:?}");
    assert_eq!(verify::bundle(&scene.sound(), None).verdict, Verdict::Incomplete);
    let policy = scene.log.witnessed_policy(&scene.rows);
    let report = verify::bundle(&scene.sound(), Some(&policy));
    assert_eq!((report.verdict, report.tier), (Verdict::Ok, Tier::Witnessed), "{report:?}");
}

#[test]
fn a_purge_that_left_what_is_held_is_ok() {
    let scene = Scene::default();
    let policy = scene.log.witnessed_policy(&scene.rows);
    let report = verify::bundle(&scene.purged(), Some(&policy));
    assert_eq!((report.verdict, report.tier), (Verdict::Ok, Tier::Witnessed), "{report:?}");
    assert_eq!(report.purged.ranges, [(1, 146), (157, 299)]);
}

#[test]
fn a_personal_detail_that_is_the_one_is_ok() {
    let scene = Scene::default();
    let export = scene.disclosed(&shown(PD_VALUE));
    let report = verify::bundle(&export, Some(&scene.log.policy(Tier::Signed)));
    assert_eq!((report.verdict, report.disclosed), (Verdict::Ok, 1), "{report:?}");
}

#[test]
fn at_its_tier_an_attack_is_found_and_named() {
    each(|attack, evidence, report| {
        if evidence >= attack.tier {
            let found = report.first_bad.as_ref().map(|finding| (finding.seq, finding.kind));
            assert_eq!(report.verdict, Verdict::Broken, "{} {evidence}: {report:?}", told(attack));
            assert_eq!(found, Some(attack.first_bad), "{} {evidence}: {report:?}", told(attack));
        }
    });
}

#[test]
fn below_its_tier_an_attack_is_no_proof_and_no_false_alarm() {
    each(|attack, evidence, report| {
        if evidence < attack.tier {
            assert_eq!(
                report.verdict,
                Verdict::Incomplete,
                "{} {evidence}: {report:?}",
                told(attack)
            );
            assert!(report.tier <= evidence, "{}", told(attack));
        }
    });
}

/// The border between two epochs of a rotated log.
#[test]
fn a_rotation_is_followed_and_a_forged_one_is_named() {
    for case in rotated::cases() {
        let report = verify::bundle(&case.export, case.policy.as_ref());
        let found = report.first_bad.as_ref().map(|finding| (finding.seq, finding.kind));
        assert_eq!((report.verdict, found), case.found, "{}: {report:?}", case.name);
    }
}

#[test]
fn all_sixteen_are_tried() {
    let numbers: BTreeSet<_> = ALL.iter().map(|attack| attack.number).collect();
    assert_eq!(numbers, (1..=16).collect());
}
