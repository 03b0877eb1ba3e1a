//! Numbers for intents and commits, and what they stand for.

/// An intent of the archive.
pub(crate) type IntentId = u16;
/// A commit of the archive.
pub(crate) type CommitId = u16;
/// Instance, first and last missing number.
pub(crate) type GapKey = (String, u64, u64);

/// What an intent says, as far as it matters here.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Said {
    /// A writer's change.
    Change {
        writer: usize,
        life: u8,
        change: usize,
        number: u64,
        void: Vec<u64>,
        previous: Option<IntentId>,
    },
    /// The first row of a log.
    Genesis { sealer: usize },
    /// What `chain` notes. A sealer's own intents never share an instance: the size of the log and their place tell them apart.
    Remark { sealer: usize, remark: Noted, size: u64, place: usize },
}

/// What a remark says.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Noted {
    /// Numbers are missing.
    Missing(GapKey),
    /// What was missing has come.
    Came { instance: String, number: u64 },
    /// Anything else: nothing of the kind may happen where nobody cheats.
    Odd(&'static str),
}

/// What a sealer gives to `chain`.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Draft {
    pub(crate) sealer: usize,
    pub(crate) head: Option<CommitId>,
    pub(crate) page: Vec<IntentId>,
    pub(crate) late: Vec<GapKey>,
    pub(crate) cursors: Vec<usize>,
    pub(crate) now: u8,
    /// Whether the log is asked what it holds.
    pub(crate) asks: bool,
}
