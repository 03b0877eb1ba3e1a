//! What can happen next.

/// One thing that happens.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Action {
    /// A writer takes a number for a change, and signs its intent.
    Number {
        /// The writer.
        writer: usize,
        /// Which of its changes.
        change: usize,
    },
    /// What became of the change's batch.
    Commit {
        /// The writer.
        writer: usize,
        /// Which of its changes.
        change: usize,
        /// What became of it.
        fate: Fate,
    },
    /// A writer's process dies, and comes back as another one with the changes that it had not begun.
    KillWriter(usize),
    /// Storage applies a write that its client has given up.
    Deliver(usize),
    /// A sealer is woken: it reads the clock.
    Wake(usize),
    /// A sealer does what it does next.
    Seal(usize),
    /// A sealer reads a source from one place before its cursor.
    ReadAgain(usize),
    /// What became of the commit that a sealer creates, when it hears nothing.
    AppendUnheard {
        /// The sealer.
        sealer: usize,
        /// Whether it is applied at once, or is still on its way.
        is_applied: bool,
    },
    /// A sealer dies.
    KillSealer(usize),
    /// A signer does what it does next.
    Sign(usize),
    /// A signer dies.
    KillSigner(usize),
    /// The time after which an intent is late passes.
    Tick,
    /// The hint gets lost.
    LoseHint,
    /// An operator removes the last commit.
    RollBack,
    /// Nothing goes wrong any more: the timers fire until there is nothing to do.
    Settle,
}

/// What became of a writer's batch.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Fate {
    /// Applied, and its client knows, from an answer or by asking.
    Stored,
    /// Applied, and its client heard nothing, however often it asked.
    StoredUnheard,
    /// On its way: its client gave up.
    OnItsWay,
    /// On its way, while a second attempt was answered: too many requests.
    OnItsWayThenThrottled,
    /// Never applied, and its client heard nothing.
    LostUnheard,
    /// Refused for good, and its client knows.
    Refused,
}
