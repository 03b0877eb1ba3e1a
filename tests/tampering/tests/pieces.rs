//! A file comes in pieces, as a disk or a browser cuts it: what is found in it must not depend on that.

use chain::{
    policy::{Policy, Tier},
    report::{Finding, Report, Verdict},
    verify::{self, Stream},
};
use tampering::{
    attacks::{ALL, Scene},
    mutants, rotated,
};

/// How much is given at once.
const PIECES: [usize; 4] = [1, 7, 1000, 64 << 10];

fn streamed(export: &[u8], policy: Option<&Policy>, piece: usize) -> Result<Report, Finding> {
    let mut stream = Stream::new(policy.cloned());
    export.chunks(piece).try_for_each(|piece| stream.feed(piece))?;
    stream.finish()
}

/// In pieces of any size the same is found, and what is taken then is taken by whoever has all of it at once.
fn check(export: &[u8], policy: Option<&Policy>, name: &str) {
    let whole = streamed(export, policy, export.len().max(1));
    for piece in PIECES {
        assert_eq!(streamed(export, policy, piece), whole, "{name} in pieces of {piece}");
    }
    let report = verify::diagnose(export, policy);
    // The empty log does not say in passing whose it is.
    let is_taken = ![Verdict::Broken, Verdict::NothingToCheck].contains(&report.verdict);
    assert_eq!(whole.is_ok(), is_taken, "{name}: {whole:?}");
    assert!(whole.is_err() || whole == Ok(report), "{name}");
}

#[test]
fn every_attack_is_found_however_its_file_is_cut() {
    let scene = Scene::default();
    for attack in ALL {
        let export = scene.export(attack);
        for evidence in [Tier::Chained, Tier::Witnessed] {
            let name = format!("{} ({}), {evidence}", attack.name, attack.how);
            check(&export, scene.policy(attack, evidence).as_ref(), &name);
        }
    }
    for rotated::Case { name, export, policy, .. } in rotated::cases() {
        check(&export, policy.as_ref(), name);
    }
}

#[test]
fn hundreds_of_altered_exports_are_judged_alike_however_they_are_cut() {
    let scene = Scene::default();
    let policy = scene.log.policy(Tier::Signed);
    for number in 0..600 {
        let mutant = mutants::of(&scene.log, number);
        check(&mutant, Some(&policy), &format!("mutant {number}"));
    }
}
