//! What was signed last: kept in a blob of the signer's own, apart from the database, so that a rollback of one shows in the other.

use chain::{Hash, commit::Head, tree::CompactRange};
use serde::{Deserialize, Serialize};

/// The last checkpoint that was signed for a tenant, and what is needed to continue from it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SignedHead {
    /// The signed note, as C2SP `tlog-checkpoint`.
    pub note: String,
    /// How many rows it covers.
    pub size: u64,
    /// The first row of the commit that ended there.
    pub commit: u64,
    /// The hash of the last row.
    pub last: Hash,
    /// The right edge of the tree.
    pub edge: Vec<Hash>,
    /// When the last row was sealed.
    pub rx: String,
}

impl SignedHead {
    /// The name of the blob of a tenant.
    pub fn blob(tenant: impl std::fmt::Display) -> String {
        format!("{tenant}/checkpoint.json")
    }

    /// The end of the log as it was signed; `None` when the blob contradicts itself.
    pub(crate) fn head(&self) -> Option<Head> {
        let tree = CompactRange::new(self.size, self.edge.clone()).ok()?;
        Some(Head { last: self.last, rx: self.rx.clone(), tree, ..Head::default() })
    }
}
