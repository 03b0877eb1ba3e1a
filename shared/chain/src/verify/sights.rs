//! Since when a log is watched: rows that say that a witness cosigned a head, which its key confirms.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{
    Hash,
    checkpoint::Checkpoint,
    cosignature::{self, WitnessKey},
    note::Note,
    report::{Head, Since},
    row::Row,
};

/// The action of a row that says that a witness cosigned.
pub(super) const ACTION: &str = "audit.checkpoint.cosigned";
/// How many witnesses are looked out for: a report names no more than a policy can pin.
const WITNESSES_MAX: usize = 64;
/// How many rows about each. Whoever writes the log could write rows that its witness does not confirm, but what is gained by more of them?
const EACH_MAX: usize = 8;
/// The longest key and cosignature that a row is taken for.
const TEXT_MAX: usize = 512;

/// What such a row says in `data`. Further members are left alone.
#[derive(Clone, Deserialize)]
struct Said {
    cosignature: String,
    root: String,
    size: u64,
    witness: String,
}

/// What rows say of each witness, in their order; nothing of it is confirmed yet.
#[derive(Clone, Default)]
pub(super) struct Sights(BTreeMap<String, Vec<Said>>);

impl Sights {
    /// Takes note of a row.
    pub(super) fn pass(&mut self, row: &Row<'_>) {
        if row.action != ACTION {
            return;
        }
        let Ok(said) = serde_json::from_str::<Said>(row.data) else { return };
        let is_short =
            said.cosignature.len().max(said.witness.len()).max(said.root.len()) <= TEXT_MAX;
        let is_room = self.0.len() < WITNESSES_MAX || self.0.contains_key(&said.witness);
        if is_short && is_room {
            let of_witness = self.0.entry(said.witness.clone()).or_default();
            if of_witness.len() < EACH_MAX {
                of_witness.push(said);
            }
        }
    }

    /// Adds to each witness of a head since when it has watched; what else there is to know of that.
    pub(super) fn tell(&self, head: &mut Head) -> Option<String> {
        for witnessed in &mut head.witnessed_by {
            let mut said = self.0.get(&witnessed.key).into_iter().flatten();
            witnessed.since = said.find_map(|said| said.confirmed(&head.origin));
        }
        let first = head.witnessed_by.first()?;
        let earliest = head.witnessed_by.iter().filter_map(|witnessed| {
            witnessed.since.as_ref().map(|since| (since.rows, &witnessed.name, &since.time))
        });
        Some(match earliest.min() {
            Some((rows, name, time)) => format!(
                "The witness {name} first saw this log on {time}, with {rows} rows. How those came about no witness watched; what came later did so under its eyes."
            ),
            None => format!(
                "Since when the witness {} has watched this log is not said in these rows: what was changed before it came, it cannot know.",
                first.name
            ),
        })
    }
}

impl Said {
    /// What the witness' own key confirms of the log `origin`.
    fn confirmed(&self, origin: &str) -> Option<Since> {
        let witness: WitnessKey = self.witness.parse().ok()?;
        let root: Hash = self.root.parse().ok()?;
        let head = Checkpoint { origin: origin.to_owned(), size: self.size, root };
        let note = format!("{}\n— {} {}\n", head.to_text(), witness.name(), self.cosignature);
        let note = Note::parse(note.as_bytes()).ok()?;
        let cosigned = cosignature::cosigned(&note, [&witness]).ok()?;
        let time = cosignature::date_time(cosigned.first()?.time);
        Some(Since { rows: self.size, time })
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;
    use serde_json::json;

    use super::*;
    use crate::{
        cosignature::Witness,
        intent::{Intent, SignedIntent, VerifiedIntent},
        policy::{Policy, Tier},
        quorum::Quorum,
        report::{Report, Verdict},
        sample::{self, log_signer, policy},
        verify::bundle,
    };

    const TIME: u64 = 1_763_683_200;

    fn witness() -> Witness {
        Witness::new("example.com/witness/w", SigningKey::from_bytes(&[1; 32])).unwrap()
    }

    fn line(rows: &[String]) -> String {
        witness().cosign(&sample::checkpoint(rows).to_text(), TIME).unwrap()
    }

    /// The row that says that the witness cosigned the first two rows; the root may be another one.
    fn said(number: u64, root: Hash) -> VerifiedIntent {
        let signature = line(&sample::rows(2)).trim_end().rsplit(' ').next().unwrap().to_owned();
        let data = json!({
            "cosignature": signature, "root": root.to_string(), "size": 2, "witness": witness().public().to_string(),
        });
        let data = data.as_object().unwrap().clone().into_iter().collect();
        let intent = Intent { action: ACTION.to_owned(), data, ..sample::intent(number) };
        let signed = SignedIntent::sign(intent.to_text().unwrap(), &sample::app_key());
        signed.verify(&sample::app_key().verifying_key()).unwrap()
    }

    fn report(intents: &[VerifiedIntent]) -> Report {
        let rows = sample::seal(intents);
        let head = sample::checkpoint(&rows).sign(&log_signer()).unwrap() + &line(&rows);
        let quorum = Quorum::of_one("w", witness().public()).unwrap();
        let policy = Policy { quorum, tier: Tier::Witnessed, ..policy() };
        bundle(&sample::bundle_under(&rows, &head), Some(&policy))
    }

    fn since(report: &Report) -> Option<u64> {
        let head = report.checkpoint.as_ref().unwrap();
        head.witnessed_by[0].since.as_ref().map(|since| since.rows)
    }

    #[test]
    fn history_before_the_first_look_is_labelled() {
        let root = sample::checkpoint(&sample::rows(2)).root;
        let report =
            report(&[sample::verified(0), sample::verified(1), said(2, root), sample::verified(3)]);
        assert_eq!((report.verdict, since(&report)), (Verdict::Ok, Some(2)), "{report:?}");
        let label = "first saw this log on 2025-11-21T00:00:00Z, with 2 rows";
        assert!(report.notes.iter().any(|note| note.contains(label)), "{:?}", report.notes);
    }

    /// The row is written by whoever writes the log; only the witness' key makes it true.
    #[test]
    fn a_row_that_the_witness_does_not_confirm_says_nothing() {
        let root = sample::checkpoint(&sample::rows(2)).root;
        let bogus = said(2, Hash::ZERO);
        let alone = report(&[sample::verified(0), sample::verified(1), bogus.clone()]);
        assert_eq!((alone.verdict, since(&alone)), (Verdict::Ok, None));
        assert!(alone.notes.iter().any(|note| note.contains("is not said in these rows")));
        let before_a_true_one =
            report(&[sample::verified(0), sample::verified(1), bogus, said(3, root)]);
        assert_eq!(since(&before_a_true_one), Some(2));
    }
}
