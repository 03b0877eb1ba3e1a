//! Rows of later epochs that account for what is gone of an epoch that has ended.
//!
//! No row follows the end of an epoch. What is removed of it later is accounted for in the epoch that is current then; and whoever has the file
//! of the ended one must see those rows. The file [`FILE`] shows them, one JSON object a line ([`Shown`]), in the order of the log, each with its
//! proof under a signed head of its epoch. The keys of those heads follow from the row that ends this one, so that whoever believes this
//! epoch's head needs to pin nothing else. A log is witnessed only if these heads are, too: otherwise whoever has the key of a later epoch could
//! make one for this file alone.

mod keys;

use serde::{Deserialize, Serialize};

use crate::{
    Hash,
    checkpoint::Checkpoint,
    cosignature::date_time,
    epoch::{Named, Rotation},
    genesis,
    note::Note,
    policy::Policy,
    proof,
    purge::Ledger,
    quorum::Quorum,
    report::{Finding, Kind},
    row::Row,
    tree::leaf_hash,
};
use keys::Keys;

/// The file of an export that shows rows of later epochs.
pub const FILE: &str = "later.ndjson";
/// The most bytes of that file.
pub const FILE_BYTES_MAX: usize = 16 << 20;

/// A row of a later epoch, one line of [`FILE`].
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// A head of its epoch, as signed note.
    pub note: String,
    /// That the row is in the tree of that head, leaf end first (RFC 9162 §2.1.3.1).
    pub proof: Vec<Hash>,
    /// The exact bytes of the row.
    pub row: String,
}

/// The lines of the file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines {
    shown: Vec<Shown>,
    /// Who is asked to have cosigned their heads.
    quorum: Quorum,
}

/// How far the lines were followed.
struct Way<'a> {
    tenant: &'a str,
    quorum: &'a Quorum,
    /// The name of the log, and the number of the epoch after the one that ended.
    log: (String, u64),
    /// The keys that the rows which end epochs name.
    keys: Keys,
    /// The epoch and the number of the last row.
    last: Option<(u64, u64)>,
    /// Whether enough witnesses cosigned every head.
    is_witnessed: bool,
}

impl Lines {
    /// Reads the file, for whoever pinned `policy`.
    ///
    /// # Errors
    /// [`Finding`]: it is not one.
    pub(crate) fn read(bytes: &[u8], policy: Option<&Policy>) -> Result<Self, Finding> {
        if bytes.len() > FILE_BYTES_MAX {
            return Err(finding(format!("{} bytes", bytes.len())));
        }
        let text = str::from_utf8(bytes).map_err(|error| finding(error.to_string()))?;
        let lines = text.split_terminator('\n').map(serde_json::from_str);
        let shown: Result<_, _> = lines.collect();
        let shown = shown.map_err(|error: serde_json::Error| finding(error.to_string()))?;
        let quorum = policy.map(|policy| policy.quorum.clone()).unwrap_or_default();
        Ok(Self { shown, quorum })
    }

    /// Takes what the rows account for off the ledger of the epoch that `end` ended. Whether enough witnesses cosigned all of their heads.
    ///
    /// # Errors
    /// [`Finding`]: one of them is not proved to be a row of a later epoch, or comes too late. Those before it count.
    pub(crate) fn account(
        &self,
        tenant: &str,
        end: Option<Named>,
        ledger: &mut Ledger,
    ) -> Result<bool, Finding> {
        if self.shown.is_empty() {
            return Ok(true);
        }
        let Some(end) = end else {
            return Err(finding("an epoch that has not ended as it should".to_owned()));
        };
        let (log, quorum) = ((end.log.clone(), end.epoch), &self.quorum);
        let keys = Keys::default();
        let mut way = Way { tenant, quorum, log, keys, last: None, is_witnessed: true };
        way.keys.add(end);
        self.shown.iter().try_for_each(|shown| way.pass(shown, ledger)).map_err(finding)?;
        Ok(way.is_witnessed)
    }
}

impl Way<'_> {
    fn pass(&mut self, shown: &Shown, ledger: &mut Ledger) -> Result<(), String> {
        let text = |error: &dyn std::error::Error| error.to_string();
        let note = Note::parse(shown.note.as_bytes()).map_err(|error| text(&error))?;
        let head = Checkpoint::parse(note.text).map_err(|error| text(&error))?;
        let (name, first) = &self.log;
        let epoch = genesis::later(&head.origin)
            .filter(|(log, epoch)| log == name && epoch >= first)
            .map(|(_, epoch)| epoch)
            .ok_or_else(|| format!("a head of {}", head.origin))?;
        let keys = self.keys.of(epoch, &head.origin).map_err(|error| text(&error))?;
        note.verify(&keys).map_err(|error| text(&error))?;
        let cosigned = self.quorum.cosigned(&note).map_err(|error| text(&error))?;
        let row = Row::parse(&shown.row).map_err(|error| text(&error))?;
        let place = Some((epoch, row.seq));
        if row.tenant != self.tenant || place <= self.last {
            return Err(format!("row {} of epoch {epoch}: another's, or too late", row.seq));
        }
        let leaf = leaf_hash(shown.row.as_bytes());
        let proved = proof::check_inclusion(leaf, row.seq, head.size, &shown.proof, head.root);
        proved.map_err(|error| text(&error))?;
        if let Some(named) = Rotation::of(&row).and_then(|said| said.named(&head.origin)) {
            self.keys.add(named);
        }
        // Of years with more than four digits, a text does not say which is earlier; and no row is as late.
        let times = cosigned.values().map(|time| date_time(*time));
        let seen = times.filter(|time| time.find('-') == Some(4)).min();
        ledger.pass_later(&row, seen.as_deref());
        self.last = place;
        self.is_witnessed &= self.quorum.is_met(&cosigned.into_keys().collect());
        Ok(())
    }
}

fn finding(got: String) -> Finding {
    let expected = "rows of later epochs, proved and in their order";
    Finding::of(Kind::UnexplainedPurge, expected, got)
}

#[cfg(test)]
mod tests;
