//! What the protocol rests on. A model that leaves one out must be found wanting: else nothing shows that the check looks.

/// One rule of the protocol.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Rule {
    /// Storage creates a commit, and never replaces one.
    CommitsAreCreated,
    /// An intent whose number was sealed is passed over.
    NumbersAreRemembered,
    /// How far the sources were read is stored with the rows that were read, not before them.
    CursorsComeWithRows,
    /// A missing number is waited for.
    MissingNumbersAreWaitedFor,
    /// A missing number is waited for from when it was seen to be missing, not from when its sealer was woken.
    WaitingBeginsWhenSeen,
    /// A number is missing only if every source was read to its end.
    MissingIsWhatNoSourceHas,
    /// Only a number that storage refused for good is declared void.
    OnlyRefusedNumbersAreVoid,
    /// A number that a refused intent had declared void is declared void again.
    VoidIsSaidUntilStored,
    /// When a later number was given out, what was refused is declared void at once, and not only with the next change.
    OwedVoidIsSaid,
    /// A process that starts is a new instance.
    InstancesAreNew,
    /// An intent that comes after a row said that it was missing is sealed all the same.
    LateIntentsAreSealed,
    /// The signer compares the log with what it signed before.
    SignerCompares,
    /// The signer replaces what it signed last only if that is what it had read.
    SignerIsGuarded,
}
