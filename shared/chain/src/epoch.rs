//! Where one epoch of a log ends and the next begins: what the old one must say, and what the new one must show of it.
//!
//! An epoch that ends as planned ends with a row [`ROTATE`], which names the log that goes on and the keys that speak for it. The last
//! checkpoint covers that row; so the old key signs which key comes next. The first row of the next epoch shows both ([`Announced`]), so that
//! whoever pinned the old key believes the new one, from one file.
//!
//! An epoch that a restore cut off announced nothing. The next one begins with a [`log.alarm`](ALARM) then.

use serde::{Deserialize, Serialize};

use crate::{
    Hash,
    checkpoint::Checkpoint,
    genesis::{self, Previous},
    note::{Note, NoteError, VerifierKey},
    proof,
    report::{Finding, Kind},
    row::Row,
    tree::leaf_hash,
};

/// The action of the last row of an epoch that ended as planned.
pub const ROTATE: &str = "log.rotate";
/// The action of the second row of an epoch that has other keys than the one before.
pub const KEY: &str = "log.key";
/// The action of the second row of an epoch that the one before did not announce.
pub const ALARM: &str = "log.alarm";

/// Keys that one row may name.
const KEYS_MAX: usize = 8;

/// What a row with the action [`ROTATE`] says in `data`. Further members are left alone.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Rotation {
    /// The keys that sign this epoch to its end: verifier keys (C2SP signed-note).
    pub by: Vec<String>,
    /// The keys that will sign the next.
    pub keys: Vec<String>,
    /// The name of the next epoch in its checkpoints.
    pub next: String,
    /// Which of the operator's rotations this is.
    pub rotation: u32,
}

/// The last row of the epoch before, and that the last checkpoint covers it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Announced {
    /// The inclusion proof, leaf end first (RFC 9162 §2.1.3.1).
    pub proof: Vec<Hash>,
    /// The exact bytes of the row.
    pub row: String,
}

/// What the last row of an epoch says of the next, where all of it has its form.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    /// The name of the log, which is that of its first epoch.
    pub(crate) log: String,
    /// The number of the next epoch.
    pub(crate) epoch: u64,
    /// The keys that will sign it.
    pub(crate) keys: Vec<VerifierKey>,
}

/// What row 0 of an epoch shows of the keys.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Beginning {
    /// The keys that a pinned key named for this epoch.
    pub named: Vec<VerifierKey>,
}

impl Rotation {
    /// What the row says, if it is one that ends an epoch.
    pub fn of(row: &Row<'_>) -> Option<Self> {
        if row.action != ROTATE {
            return None;
        }
        serde_json::from_str(row.data).ok()
    }

    /// The keys of the ending epoch, whose name is `name`, and those of the next.
    fn parse_keys(&self, name: &str) -> Option<(Vec<VerifierKey>, Vec<VerifierKey>)> {
        let of = |keys: &[String], name: &str| -> Option<Vec<VerifierKey>> {
            // First how many there are: a row has room for a thousand, and each takes a while.
            let few = Some(keys).filter(|keys| (1..=KEYS_MAX).contains(&keys.len()))?;
            let parsed = few.iter().map(|key| key.parse::<VerifierKey>().ok());
            parsed.map(|key| key.filter(|key| key.name() == name)).collect()
        };
        Some((of(&self.by, name)?, of(&self.keys, &self.next)?))
    }

    /// What it says of the epoch after the one whose name is `name`; `None` where that is not all that it must say.
    pub(crate) fn named(&self, name: &str) -> Option<Named> {
        let (log, epoch) = genesis::later(&self.next)?;
        let is_next = genesis::later(name).unwrap_or((name, 0)) == (log, epoch - 1);
        let (_, keys) = self.parse_keys(name).filter(|_| is_next)?;
        Some(Named { log: log.to_owned(), epoch, keys })
    }

    /// Whether the next epoch has another key than this one.
    pub fn changes_keys(&self) -> bool {
        let raw = |keys: &[String]| -> Vec<Option<[u8; 32]>> {
            let parsed = keys.iter().map(|key| key.parse::<VerifierKey>().ok());
            parsed.map(|key| key.map(|key| key.key().to_bytes())).collect()
        };
        raw(&self.by) != raw(&self.keys)
    }
}

/// What the text of a row that is known to be well says, if the row ends an epoch.
pub fn rotation_in(row: &str) -> Option<Rotation> {
    // Nearly all rows are not, and need not be taken apart for it.
    row.contains(ROTATE).then(|| Row::parse(row).ok()).flatten().and_then(|row| Rotation::of(&row))
}

/// What `previous`, in row 0 of the log `origin` of `tenant`, shows of its keys, when `pinned` are believed; why it counts for nothing.
///
/// `name` is that of the epoch before. With no pinned keys, an end that was not announced is not checked for who signed it, and one that was is
/// checked for the keys that it names itself.
///
/// # Errors
/// What is wrong.
pub(crate) fn check(
    previous: &Previous,
    (tenant, origin, name): (&str, &str, &str),
    pinned: &[VerifierKey],
) -> Result<Beginning, String> {
    let text = |error: &dyn std::error::Error| error.to_string();
    let note = Note::parse(previous.note.as_bytes()).map_err(|error| text(&error))?;
    let checkpoint = Checkpoint::parse(note.text).map_err(|error| text(&error))?;
    if checkpoint.origin != name {
        return Err(format!("it is of {}", checkpoint.origin));
    }
    let Some(announced) = &previous.announced else {
        return unannounced(&note, name, pinned).map_err(|error| text(&error));
    };
    let rotation = announced.proved(previous, &checkpoint, tenant)?;
    if rotation.next != origin {
        return Err(format!("it announces {}", rotation.next));
    }
    let (by, keys) = rotation.parse_keys(name).ok_or("the keys that it announces are none")?;
    believed(&note, (by, keys), pinned).map_err(|error| text(&error))
}

/// One of the pinned keys, under the name of the epoch before, must have signed its end.
fn unannounced(
    note: &Note<'_>,
    name: &str,
    pinned: &[VerifierKey],
) -> Result<Beginning, NoteError> {
    if !pinned.is_empty() {
        let renamed = pinned.iter().map(|key| VerifierKey::new(name, *key.key()));
        note.verify(&renamed.collect::<Result<Vec<_>, _>>()?)?;
    }
    Ok(Beginning::default())
}

/// Pinned keys that sign the old epoch must have signed its end, and then vouch for the keys of the next. Where only keys of the next are pinned,
/// the old ones must have signed, and nobody is believed for it.
fn believed(
    note: &Note<'_>,
    (by, keys): (Vec<VerifierKey>, Vec<VerifierKey>),
    pinned: &[VerifierKey],
) -> Result<Beginning, NoteError> {
    let is_pinned = |key: &VerifierKey| pinned.iter().any(|pin| pin.key() == key.key());
    let (known, strange): (Vec<_>, Vec<_>) = by.into_iter().partition(is_pinned);
    if !known.is_empty() {
        note.verify(&known)?;
        return Ok(Beginning { named: keys });
    }
    note.verify(&strange)?;
    if pinned.is_empty() || keys.iter().any(is_pinned) {
        return Ok(Beginning::default());
    }
    Err(NoteError::Unsigned)
}

impl Announced {
    /// What the row says, if it is the last one under `checkpoint`.
    fn proved(
        &self,
        previous: &Previous,
        checkpoint: &Checkpoint,
        tenant: &str,
    ) -> Result<Rotation, String> {
        let row = Row::parse(&self.row).map_err(|error| error.to_string())?;
        let rotation = Rotation::of(&row).ok_or("its last row does not end it")?;
        let (size, root) = (checkpoint.size, checkpoint.root);
        if (previous.rows, previous.root) != (size, root) {
            return Err("it ends as planned, and with other rows than were signed".to_owned());
        }
        if row.tenant != tenant || row.seq.checked_add(1) != Some(size) {
            return Err("the row that announces it is not its last".to_owned());
        }
        let leaf = leaf_hash(self.row.as_bytes());
        let proved = proof::check_inclusion(leaf, row.seq, size, &self.proof, root);
        proved.map_err(|error| format!("the row that announces it is not in it: {error}"))?;
        Ok(rotation)
    }
}

/// The rules of an epoch's second and last row, as its rows pass.
#[derive(Clone, Debug, Default)]
pub struct Borders {
    /// The name of the epoch, as row 0 says it.
    origin: String,
    second: Second,
    /// Whether it has ended.
    is_over: bool,
    /// What its last row says, if it can be read.
    end: Option<Rotation>,
}

/// What row 1 must be.
#[derive(Clone, Debug, Default)]
enum Second {
    /// Anything but a row about keys.
    #[default]
    Any,
    /// The row that names other keys, as they were announced.
    Key { by: Vec<String>, keys: Vec<String> },
    /// The alarm about what was not announced.
    Alarm,
}

/// What a row with the action [`KEY`] says in `data`. Further members are left alone.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct KeyChange {
    /// The keys that signed the epoch before.
    pub by: Vec<String>,
    /// The keys that sign this one.
    pub keys: Vec<String>,
}

impl Borders {
    /// Passes the next row that is there.
    ///
    /// # Errors
    /// [`Finding`] of the kind `profile` at the row: it comes after the last one, or is not what this place needs.
    pub fn pass(&mut self, row: &Row<'_>) -> Result<(), Finding> {
        let refused = |expected: &str| {
            let (expected, got) = (expected.to_owned(), row.action.to_owned());
            Err(Finding::at(row.seq, Kind::Profile, expected, got))
        };
        if self.is_over {
            return refused("no row after log.rotate, which ends the epoch");
        }
        if row.action == ROTATE {
            self.is_over = true;
            self.end = Rotation::of(row);
        }
        if row.seq == 0 {
            self.origin = genesis::origin_of(row).unwrap_or_default();
            self.second = Second::after(row);
            return Ok(());
        }
        let second = if row.seq == 1 { &self.second } else { &Second::Any };
        match second {
            Second::Alarm if row.action != ALARM => {
                refused("log.alarm, since the epoch before did not announce this one")
            }
            Second::Key { by, keys } if !says(row, by, keys) => {
                refused("log.key with the keys that the epoch before announced")
            }
            Second::Any if row.action == KEY => {
                refused("no log.key, since no earlier key announced another")
            }
            Second::Any | Second::Key { .. } | Second::Alarm => Ok(()),
        }
    }

    /// Whether the epoch is over.
    pub const fn is_over(&self) -> bool {
        self.is_over
    }

    /// What the last row says of the next epoch, if it says it as it should.
    pub(crate) fn end(&self) -> Option<Named> {
        self.end.as_ref().and_then(|said| said.named(&self.origin))
    }

    /// What a reader must know of how this epoch began and ended: whole sentences.
    pub(crate) fn told(&self) -> Vec<String> {
        let begun = matches!(self.second, Second::Alarm).then(|| {
            "The epoch before did not announce this one: it was cut off, and row 1 says why."
                .to_owned()
        });
        let ended = self.is_over.then(|| {
            let next = self.end.as_ref().map_or("", |said| said.next.as_str());
            format!(
                "This epoch of the log has ended, as its last row says; the log goes on as {next}."
            )
        });
        begun.into_iter().chain(ended).collect()
    }
}

impl Second {
    /// What row 0 asks for.
    fn after(row: &Row<'_>) -> Self {
        let Some(previous) = genesis::previous_of(row) else { return Self::Any };
        let Some(announced) = previous.announced else { return Self::Alarm };
        let rotation = Row::parse(&announced.row).ok().and_then(|row| Rotation::of(&row));
        match rotation {
            Some(rotation) if rotation.changes_keys() => {
                Self::Key { by: rotation.by, keys: rotation.keys }
            }
            Some(_) | None => Self::Any,
        }
    }
}

fn says(row: &Row<'_>, by: &[String], keys: &[String]) -> bool {
    let said = serde_json::from_str::<KeyChange>(row.data);
    row.action == KEY && said.is_ok_and(|said| said.by == by && said.keys == keys)
}

#[cfg(test)]
pub(crate) mod tests;
