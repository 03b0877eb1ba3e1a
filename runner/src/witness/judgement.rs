//! Whether a head that the control plane shows continues what the Runner saw before.

mod next;

use chain::{
    Hash,
    checkpoint::Checkpoint,
    note::{Note, VerifierKey},
    proof,
};
use domain::Timestamp;
use protocol::{
    Digest,
    key::PublicKey,
    witness::{AlarmKind, CheckpointAnswer},
};

use super::{First, Seen};

/// What the Runner trusts about the log before it has seen anything of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected<'a> {
    /// The name of the log in its first epoch.
    pub(crate) origin: &'a str,
    /// The keys that sign it, as the pinned root key lists them.
    pub(crate) keys: &'a [PublicKey],
}

/// What an answer shows that is believed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Sight {
    /// The log, as far as it is shown.
    pub(crate) seen: Seen,
    /// The epoch in which it goes on, when that is all of this one.
    pub(crate) next: Option<Seen>,
}

/// Why a head is not confirmed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Wrong {
    /// It cannot be read: whoever sent it did not do its part, and nothing is known.
    Unreadable(String),
    /// It contradicts what is known.
    Alarm(AlarmKind, String),
    /// The proof does not fit. It may be asked for again; then it is a fork.
    Proof(String),
}

impl Expected<'_> {
    /// What `answer` shows when it is believed, at `now`: the log and, where that has ended, the next epoch.
    ///
    /// # Errors
    /// [`Wrong`].
    pub(crate) fn look(
        &self,
        known: Option<&Seen>,
        answer: &CheckpointAnswer,
        now: Timestamp,
    ) -> Result<Sight, Wrong> {
        let seen = self.judge(known, answer, now)?;
        let next = answer.next.as_ref().map(|next| self.judge_next(&seen, next, now));
        Ok(Sight { next: next.transpose()?, seen })
    }

    /// What has been seen when `answer` is believed, at `now`.
    ///
    /// Order: form, signature, name, size, root, proof. `known` is what was seen before.
    ///
    /// # Errors
    /// [`Wrong`].
    fn judge(
        &self,
        known: Option<&Seen>,
        answer: &CheckpointAnswer,
        now: Timestamp,
    ) -> Result<Seen, Wrong> {
        let unreadable = |error: &dyn std::error::Error| Wrong::Unreadable(error.to_string());
        let note = Note::parse(answer.checkpoint.as_bytes()).map_err(|error| unreadable(&error))?;
        let head = Checkpoint::parse(note.text).map_err(|error| unreadable(&error))?;
        self.check_signed(&note, &head)?;
        self.check_name(known, &head, answer.epoch)?;
        if let Some(known) = known {
            check_continues(known, &head, &answer.proof)?;
        }
        let Hash(root) = head.root;
        let is_same = known.is_some_and(|known| known.size == head.size);
        Ok(Seen {
            origin: head.origin,
            size: head.size,
            root: Digest(root),
            checkpoint: own_lines(&note, &answer.checkpoint, self.keys),
            at: now,
            first: known.map_or(First { size: head.size, at: now }, |known| known.first),
            delivered: known.filter(|_| is_same).and_then(|known| known.delivered),
            ended: known.map(|known| known.ended.clone()).unwrap_or_default(),
        })
    }

    fn check_signed(&self, note: &Note<'_>, head: &Checkpoint) -> Result<(), Wrong> {
        let keys: Vec<_> = verifier_keys(&head.origin, self.keys).collect();
        note.verify(&keys).map(drop).map_err(|error| {
            Wrong::Alarm(
                AlarmKind::UnknownKey,
                format!("the head of {} is not signed by a pinned key: {error}", head.origin),
            )
        })
    }

    /// The log keeps its name. A later epoch that the one before did not announce is another log until somebody at the Runner's host has agreed to it.
    fn check_name(&self, known: Option<&Seen>, head: &Checkpoint, epoch: u64) -> Result<(), Wrong> {
        let expected = match (known, epoch) {
            (Some(known), _) => known.origin.clone(),
            (None, 0) => self.origin.to_owned(),
            (None, epoch) => format!("{}/{epoch}", self.origin),
        };
        if head.origin == expected {
            return Ok(());
        }
        let what = format!("the log {} was shown instead of {expected}", head.origin);
        Err(Wrong::Alarm(AlarmKind::OtherLog, what))
    }
}

fn check_continues(known: &Seen, head: &Checkpoint, proof: &[Digest]) -> Result<(), Wrong> {
    if head.size < known.size {
        let what = format!(
            "the log has {} rows, and had {} when it was witnessed: rows are gone",
            head.size, known.size
        );
        return Err(Wrong::Alarm(AlarmKind::Rollback, what));
    }
    if head.size == known.size && head.root != known.root() {
        let what = format!("there are two logs of {} rows, both signed: a fork", head.size);
        return Err(Wrong::Alarm(AlarmKind::Fork, what));
    }
    let proof: Vec<_> = proof.iter().map(|Digest(bytes)| Hash(*bytes)).collect();
    proof::check_consistency(known.size, known.root(), head.size, head.root, &proof).map_err(
        |error| {
            Wrong::Proof(format!(
                "the log of {} rows does not begin with the {} rows that were witnessed: {error}",
                head.size, known.size
            ))
        },
    )
}

/// The note without the lines of others: what is kept and sent on is the log's word alone.
fn own_lines(note: &Note<'_>, whole: &str, keys: &[PublicKey]) -> String {
    let text = note.text;
    let name = text.lines().next().unwrap_or_default();
    let own: Vec<_> = verifier_keys(name, keys).collect();
    let lines = whole.get(text.len() + 1..).unwrap_or_default().split_inclusive('\n');
    let is_own = |line: &&str| {
        let alone = format!("{text}\n{line}");
        Note::parse(alone.as_bytes()).is_ok_and(|note| note.verify(&own).is_ok())
    };
    let kept: String = lines.filter(is_own).collect();
    format!("{text}\n{kept}")
}

fn verifier_keys<'a>(name: &str, keys: &'a [PublicKey]) -> impl Iterator<Item = VerifierKey> + 'a {
    let name = name.to_owned();
    keys.iter().filter_map(move |key| match key {
        PublicKey::Ed25519(key) => VerifierKey::new(&name, *key).ok(),
        PublicKey::P256(_) => None,
    })
}

#[cfg(test)]
pub(super) mod tests;
