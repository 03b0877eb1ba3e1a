//! `docs/generated/attacks.md`: what an operator can try on the audit log, and what its verifier says.

use chain::{policy::Tier, report::Verdict};
use tampering::attacks::{ALL, Attack, ROWS, STRUCK, Scene};

use super::Files;

const EVIDENCE: [Tier; 3] = [Tier::Chained, Tier::Signed, Tier::Witnessed];

pub(super) fn files() -> Files {
    let scene = Scene::default();
    let mut text = format!(
        "# Attacks on the audit log

What an operator with every right on the database and every file can try, and what `audit-verify` says to it. He makes everything anew that he can: links,
tree, lists, checksums, and the signature of the export, whose key he has. Where he also has the key of the log, it says so. The log has {ROWS} rows; row
{STRUCK} is struck. A reader's evidence is `chained` without a policy, `signed` with the log's key pinned, and `witnessed` with a witness pinned as well
and the head that it saw last. Below the tier at which an attack is found the answer is `incomplete`: neither a proof nor a false alarm, and never `ok`.

Made from `tests/tampering` by `cargo xtask generate`; `tests/tampering/tests/attacks.rs` holds it.

| | attack | how | found from | named as | chained | signed | witnessed |
|---|---|---|---|---|---|---|---|
"
    );
    text.push_str(&untouched(&scene));
    text.extend(ALL.iter().map(|attack| line(&scene, attack)));
    Files::from([("docs/generated/attacks.md".to_owned(), text)])
}

/// No attack: no false alarm.
fn untouched(scene: &Scene) -> String {
    let verdict =
        |policy: Option<_>| shown(chain::verify::bundle(&scene.sound(), policy.as_ref()).verdict);
    let signed = verdict(Some(scene.log.policy(Tier::Signed)));
    let witnessed = verdict(Some(scene.log.witnessed_policy(&scene.rows)));
    format!(
        "| 0 | none | the log as it was signed | – | – | {} | {signed} | {witnessed} |\n",
        verdict(None)
    )
}

fn line(scene: &Scene, attack: &Attack) -> String {
    let Attack { number, name, how, tier, first_bad: (seq, kind), .. } = attack;
    let place = seq.map_or_else(String::new, |seq| format!(" at row {seq}"));
    let verdicts = EVIDENCE.map(|evidence| shown(scene.report(attack, evidence).verdict));
    format!(
        "| {number} | {name} | {how} | {tier} | `{}`{place} | {} |\n",
        kind.name(),
        verdicts.join(" | ")
    )
}

const fn shown(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ok => "ok",
        Verdict::Broken => "**broken**",
        Verdict::Incomplete => "incomplete",
        Verdict::NothingToCheck => "nothing to check",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_attack_is_ok_and_only_the_untouched_log_is() {
        let text = files().into_values().next().unwrap();
        for line in text.lines().filter(|line| line.starts_with("| ")).skip(2) {
            assert!(!line.contains("| ok |"), "{line}");
        }
        assert_eq!(text.matches("| ok |").count(), 1, "signed, and so witnessed beside it");
    }
}
