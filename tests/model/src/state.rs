//! Everything that decides what can happen next.

use std::collections::BTreeMap;

use crate::{
    Budget,
    archive::{CommitId, GapKey, IntentId},
};

/// Everything that decides what can happen next, and what must be remembered to judge it.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct State {
    /// How often the time after which an intent is late has passed.
    pub(crate) now: u8,
    pub(crate) writers: Vec<Writer>,
    /// Where intents are stored, in the order of a feed.
    pub(crate) sources: Vec<Vec<Stored>>,
    /// Intents that storage refused, in any order.
    pub(crate) refused: Vec<IntentId>,
    /// Writes whose clients gave up, in any order.
    pub(crate) network: Vec<Message>,
    /// Commits by their first row.
    pub(crate) log: BTreeMap<u64, CommitId>,
    pub(crate) hint: Option<Kept>,
    /// Grows with each write of the hint.
    pub(crate) hint_version: u8,
    pub(crate) sealers: Vec<Sealer>,
    pub(crate) signers: Vec<Signer>,
    /// The commit whose end was signed last, and the version of that blob.
    pub(crate) signed: (Option<CommitId>, u8),
    /// Every commit whose end was ever signed.
    pub(crate) checkpoints: Vec<CommitId>,
    /// What may still go wrong.
    pub(crate) left: Budget,
    /// Nothing goes wrong any more.
    pub(crate) is_calm: bool,
    /// An operator put an older state in place.
    pub(crate) is_rolled_back: bool,
}

/// A process that makes changes.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) struct Writer {
    /// How many processes there were before this one.
    pub(crate) life: u8,
    /// The last number that it gave out.
    pub(crate) last: u64,
    /// Numbers that the next intent declares void.
    pub(crate) void: Vec<u64>,
    /// The intent with the last number.
    pub(crate) previous: Option<IntentId>,
    pub(crate) changes: Vec<Change>,
}

/// One change of a writer.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) enum Change {
    #[default]
    NotBegun,
    Numbered(IntentId),
    Ended,
}

/// An intent that is stored.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Stored {
    pub(crate) intent: IntentId,
    pub(crate) at: u8,
}

/// A write whose client gave up.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum Message {
    Intent { source: usize, intent: IntentId },
    Commit(CommitId),
}

/// How far the sources were read when nothing was sealed, and since when a number is missing.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) struct Kept {
    pub(crate) size: u64,
    pub(crate) cursors: Vec<usize>,
    pub(crate) gaps: BTreeMap<GapKey, u8>,
}

/// A sealer, and where it is.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) struct Sealer {
    /// When it was woken.
    pub(crate) woken: u8,
    pub(crate) step: Sealing,
}

/// What a sealer does next.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) enum Sealing {
    /// Nothing.
    #[default]
    Idle,
    /// Reads the end of the log.
    Head,
    /// Reads the hint.
    Hint(Option<CommitId>),
    /// Reads a source.
    Source(Box<Reading>),
    /// Creates a commit.
    Append(CommitId),
    /// Writes the hint, if it is still this version.
    Keep(Kept, u8),
}

/// What a sealer has read so far.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Reading {
    pub(crate) head: Option<CommitId>,
    pub(crate) kept: Kept,
    pub(crate) version: u8,
    pub(crate) next: usize,
    pub(crate) page: Vec<IntentId>,
    pub(crate) cursors: Vec<usize>,
}

/// A signer, and what it does next.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) enum Signer {
    /// Nothing.
    #[default]
    Idle,
    /// Reads the log after what was signed last.
    Follow(Option<CommitId>, u8),
    /// Replaces what was signed last, if it is still this version.
    Put(CommitId, u8),
}
