//! Whether a head that the control plane shows continues what the Runner saw before.

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
    witness::{AlarmKind, CheckpointAnswer, NextEpoch},
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
            after: known.and_then(|known| known.after.clone()),
        })
    }

    /// What has been seen of the epoch that follows when `next` is believed, at `now`. `last` is all of the epoch before: it must have announced that one, and
    /// row 0 must show this very end of it.
    ///
    /// Order: form, name, row 0, the end that it shows, keys.
    ///
    /// # Errors
    /// [`Wrong`].
    fn judge_next(&self, last: &Seen, next: &NextEpoch, now: Timestamp) -> Result<Seen, Wrong> {
        let unreadable = |error: &dyn std::error::Error| Wrong::Unreadable(error.to_string());
        let note = Note::parse(next.checkpoint.as_bytes()).map_err(|error| unreadable(&error))?;
        let head = Checkpoint::parse(note.text).map_err(|error| unreadable(&error))?;
        let expected = format!("{}/{}", self.origin, last.epoch() + 1);
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
            after: Some(Box::new(last.tree())),
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
pub(super) mod tests {
    use chain::{cosignature::Witness, note::Signer, tree::leaf_hash};
    use protocol::key::{Ed25519Key, Signer as _};

    use super::*;

    pub(crate) const ORIGIN: &str = "control.example/log/ten_a";

    pub(crate) fn leaves(count: u64, from: u64) -> Vec<Hash> {
        (0..count)
            .map(|row| leaf_hash(&(if row < from { row } else { row + 1_000 }).to_be_bytes()))
            .collect()
    }

    fn signer(origin: &str, seed: u8) -> Signer {
        Signer::from_seed(origin, &[seed; 32]).unwrap()
    }

    fn key(seed: u8) -> PublicKey {
        Ed25519Key::from_seed(&[seed; 32]).public().clone()
    }

    fn head(origin: &str, rows: &[Hash]) -> Checkpoint {
        let size = rows.len() as u64;
        let root = proof::root(rows, size).unwrap();
        Checkpoint { origin: origin.to_owned(), size, root }
    }

    /// The head over `rows`, with the proof from `from` rows on.
    pub(crate) fn shown(rows: &[Hash], from: u64) -> CheckpointAnswer {
        let checkpoint = head(ORIGIN, rows).sign(&signer(ORIGIN, 42)).unwrap();
        let proof = proof::consistency(rows, from, rows.len() as u64).unwrap_or_default();
        let proof = proof.into_iter().map(|Hash(bytes)| Digest(bytes)).collect();
        CheckpointAnswer { checkpoint, epoch: 0, proof, next: None }
    }

    fn now() -> Timestamp {
        Timestamp::from_unix_s(1_800_000_000)
    }

    fn judge(known: Option<&Seen>, answer: &CheckpointAnswer) -> Result<Seen, Wrong> {
        Expected { origin: ORIGIN, keys: &[key(42)] }.judge(known, answer, now())
    }

    fn kind(known: Option<&Seen>, answer: &CheckpointAnswer) -> Option<AlarmKind> {
        match judge(known, answer) {
            Err(Wrong::Alarm(kind, _)) => Some(kind),
            Ok(_) | Err(Wrong::Unreadable(_) | Wrong::Proof(_)) => None,
        }
    }

    pub(crate) fn seen(count: u64) -> Seen {
        judge(None, &shown(&leaves(count, count), 0)).unwrap()
    }

    #[test]
    fn a_log_that_grows_is_confirmed_from_its_first_look_on() {
        let first = seen(3);
        assert_eq!((first.size, first.first), (3, First { size: 3, at: now() }));
        for size in [3, 4, 7, 300] {
            let next = judge(Some(&first), &shown(&leaves(size, size), 3)).unwrap();
            assert_eq!((next.size, next.first), (size, first.first));
        }
    }

    #[test]
    fn a_shorter_log_is_a_rollback_and_another_of_the_same_length_a_fork() {
        let known = seen(5);
        assert_eq!(kind(Some(&known), &shown(&leaves(4, 4), 4)), Some(AlarmKind::Rollback));
        assert_eq!(kind(Some(&known), &shown(&leaves(5, 2), 5)), Some(AlarmKind::Fork));
    }

    /// A longer log whose first rows are other ones: whatever proof comes with it, it cannot hold.
    #[test]
    fn a_longer_log_that_does_not_begin_with_the_known_one_is_refused() {
        let known = seen(5);
        let forked = shown(&leaves(9, 2), 5);
        assert!(matches!(judge(Some(&known), &forked), Err(Wrong::Proof(_))));
        let honest_proof = CheckpointAnswer { proof: shown(&leaves(9, 9), 5).proof, ..forked };
        assert!(matches!(judge(Some(&known), &honest_proof), Err(Wrong::Proof(_))));
        let no_proof = CheckpointAnswer { proof: Vec::new(), ..shown(&leaves(9, 9), 5) };
        assert!(matches!(judge(Some(&known), &no_proof), Err(Wrong::Proof(_))));
    }

    #[test]
    fn a_head_that_no_pinned_key_signed_is_an_alarm_before_anything_else() {
        let rows = leaves(3, 3);
        let forged = CheckpointAnswer {
            checkpoint: head(ORIGIN, &rows).sign(&signer(ORIGIN, 66)).unwrap(),
            ..shown(&rows, 0)
        };
        assert_eq!(kind(None, &forged), Some(AlarmKind::UnknownKey));
        let edited = shown(&rows, 0).checkpoint.replace("\n3\n", "\n4\n");
        let edited = CheckpointAnswer { checkpoint: edited, ..shown(&rows, 0) };
        assert_eq!(kind(Some(&seen(3)), &edited), Some(AlarmKind::UnknownKey));
    }

    /// The log's own key over another tenant's log, or over a later epoch that nobody here was told of.
    #[test]
    fn another_log_is_not_taken_for_this_one() {
        let rows = leaves(3, 3);
        let other = |origin: &str, epoch| CheckpointAnswer {
            checkpoint: head(origin, &rows).sign(&signer(origin, 42)).unwrap(),
            epoch,
            proof: Vec::new(),
            next: None,
        };
        let foreign = other("control.example/log/ten_b", 0);
        assert_eq!(kind(None, &foreign), Some(AlarmKind::OtherLog));
        assert_eq!(kind(Some(&seen(3)), &foreign), Some(AlarmKind::OtherLog));
        let later = other(&format!("{ORIGIN}/1"), 1);
        assert_eq!(kind(Some(&seen(3)), &later), Some(AlarmKind::OtherLog));
        assert_eq!(judge(None, &later).unwrap().origin, format!("{ORIGIN}/1"));
        assert_eq!(kind(None, &other(ORIGIN, 1)), Some(AlarmKind::OtherLog));
    }

    #[test]
    fn what_is_no_head_is_no_evidence() {
        for checkpoint in ["", "text\n", "a\nb\nc\n\n— n AAAAAAA=\n"] {
            let answer = CheckpointAnswer {
                checkpoint: checkpoint.to_owned(),
                epoch: 0,
                proof: Vec::new(),
                next: None,
            };
            assert!(matches!(judge(None, &answer), Err(Wrong::Unreadable(_))), "{checkpoint:?}");
        }
    }

    #[test]
    fn the_lines_of_others_are_left_out() {
        let answer = shown(&leaves(3, 3), 0);
        let text = head(ORIGIN, &leaves(3, 3)).to_text();
        let other = Witness::from_seed("w", &[1; 32]).unwrap().cosign(&text, 1).unwrap();
        let more =
            CheckpointAnswer { checkpoint: answer.checkpoint.clone() + &other, ..answer.clone() };
        assert_eq!(judge(None, &more).unwrap().checkpoint, answer.checkpoint);
    }
}
