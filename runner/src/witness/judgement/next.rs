//! Whether the epoch that is shown as the next goes on from the end that was seen.

use chain::{
    Hash,
    checkpoint::Checkpoint,
    genesis,
    note::{Note, VerifierKey},
    proof,
    row::Row,
    tree::leaf_hash,
};
use domain::Timestamp;
use protocol::{
    Digest,
    key::PublicKey,
    witness::{AlarmKind, NextEpoch},
};

use super::{
    super::{First, Seen},
    Expected, Wrong, own_lines, verifier_keys,
};

impl Expected<'_> {
    /// What has been seen of the epoch that follows when `next` is believed, at `now`. `last` is all of the epoch before: it must have announced that one, and
    /// row 0 must show this very end of it.
    ///
    /// Order: form, name, row 0, the end that it shows, keys.
    ///
    /// # Errors
    /// [`Wrong`].
    pub(super) fn judge_next(
        &self,
        last: &Seen,
        next: &NextEpoch,
        now: Timestamp,
    ) -> Result<Seen, Wrong> {
        let unreadable = |error: &dyn std::error::Error| Wrong::Unreadable(error.to_string());
        let note = Note::parse(next.checkpoint.as_bytes()).map_err(|error| unreadable(&error))?;
        let head = Checkpoint::parse(note.text).map_err(|error| unreadable(&error))?;
        let expected = format!("{}/{}", self.origin, last.epoch().saturating_add(1));
        if head.origin != expected {
            let what = format!("the log {} was shown instead of {expected}", head.origin);
            return Err(Wrong::Alarm(AlarmKind::OtherLog, what));
        }
        let other = |why: String| {
            let what = format!("{expected} does not go on from {}: {why}", last.origin);
            Wrong::Alarm(AlarmKind::OtherLog, what)
        };
        let named = announced(last, next, &head, self.keys).map_err(other)?;
        let keys: Vec<_> = verifier_keys(&expected, self.keys).collect();
        let keys = keys.into_iter().filter(|key| named.contains(key)).collect::<Vec<_>>();
        note.verify(&keys).map_err(|error| {
            let what = format!(
                "the head of {expected} is not signed by a pinned key that was announced: {error}"
            );
            Wrong::Alarm(AlarmKind::UnknownKey, what)
        })?;
        let Hash(root) = head.root;
        Ok(Seen {
            origin: head.origin,
            size: head.size,
            root: Digest(root),
            checkpoint: own_lines(&note, &next.checkpoint, self.keys),
            at: now,
            first: First { size: 0, at: now },
            delivered: None,
            ended: last.ending(),
        })
    }
}

/// The keys that the epoch `last` announced for the next, when row 0 of that one shows this very end; why it counts for nothing.
fn announced(
    last: &Seen,
    next: &NextEpoch,
    head: &Checkpoint,
    keys: &[PublicKey],
) -> Result<Vec<VerifierKey>, String> {
    let path: Vec<_> = next.proof.iter().map(|Digest(bytes)| Hash(*bytes)).collect();
    let leaf = leaf_hash(next.row.as_bytes());
    proof::check_inclusion(leaf, 0, head.size, &path, head.root)
        .map_err(|error| format!("its row 0 is another: {error}"))?;
    let row = Row::parse(&next.row).map_err(|error| error.to_string())?;
    let pinned: Vec<_> = verifier_keys(&last.origin, keys).collect();
    let beginning = genesis::check(&row, &head.origin, &pinned)?;
    let previous = genesis::previous_of(&row).filter(|previous| previous.announced.is_some());
    let previous = previous.ok_or("nothing announced it")?;
    let shown = Note::parse(previous.note.as_bytes()).map_err(|error| error.to_string())?;
    if shown.text != last.text() {
        return Err("its row 0 shows another end than the one that was witnessed".to_owned());
    }
    Ok(beginning.named)
}
