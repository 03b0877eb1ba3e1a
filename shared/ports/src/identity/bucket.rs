//! Containers of blobs.

use Bucket as B;

/// A container of blobs.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Bucket {
    /// Exported logs.
    Exports,
    /// The last checkpoint that `signer` signed, one blob a tenant.
    Checkpoints,
    /// Hash tiles of logs (C2SP tlog-tiles); no row and nothing of a row but its hash.
    Tiles,
    /// Full entry bundles of logs: the rows, 256 a blob.
    Entries,
    /// The deployment's directory log: heads, tiles and leaves. What is there once stays as it is.
    Anchors,
    /// Heads as witnesses cosigned them (C2SP tlog-cosignature): the newest of each witness, one blob a tenant and witness.
    Cosignatures,
    /// Events that could not be delivered.
    DeadLetters,
}

impl Bucket {
    /// Every bucket.
    pub const ALL: [Self; 7] = [
        B::Exports,
        B::Checkpoints,
        B::Tiles,
        B::Entries,
        B::Anchors,
        B::Cosignatures,
        B::DeadLetters,
    ];

    /// Its name in storage.
    pub const fn name(self) -> &'static str {
        match self {
            B::Exports => "exports",
            B::Checkpoints => "checkpoints",
            B::Tiles => "tiles",
            B::Entries => "entries",
            B::Anchors => "anchors",
            B::Cosignatures => "cosignatures",
            B::DeadLetters => "dead-letters",
        }
    }

    /// Whether what was stored once is never replaced: refused by the ports, and in Azure by the storage account itself (a time-based
    /// retention policy on the container), whatever role somebody has.
    pub const fn is_immutable(self) -> bool {
        matches!(self, B::Anchors)
    }
}
