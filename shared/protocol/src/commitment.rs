//! Commitments to raw values: publish a root, keep the values, and later show some of them with proof.
//!
//! Every scalar of the evidence is a leaf under its own salt, so that the root says nothing about any of them, even
//! those that could be guessed, and showing one shows nothing of another. The key from which the salts come is fresh
//! for each evidence item: equal values in two runs do not look equal.
//!
//! * `salt_i = HKDF-Expand-SHA256(evk, "leaf" ‖ u32be(i), 32)` (RFC 5869 §2.3)
//! * `leaf_i = SHA-256(0x00 ‖ salt_i ‖ u32be(len(path)) ‖ path ‖ JCS(value))`
//! * inner nodes `SHA-256(0x01 ‖ left ‖ right)`, split as in RFC 6962 §2.1
//! * `root = SHA-256("proofline-evd-v1\0" ‖ JCS(header) ‖ tree)`

mod disclosure;
mod leaves;
mod merkle;

use domain::{Class, EvidenceId, Fault, RunId, RunnerId, TenantId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Digest, Name, canonical, canonical::CanonicalError};

pub use disclosure::{DISCLOSURE_MAX, DisclosedLeaf, Disclosure};
pub use leaves::{LEAVES_MAX, Leaf, leaves};

const ROOT_DOMAIN: &[u8] = b"proofline-evd-v1\0";

/// What the committed values belong to. Bound into the root, so that a proof of one evidence item is none for another.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The evidence item.
    pub evidence: EvidenceId,
    /// The run that collected it.
    pub run: RunId,
    /// The step that collected it.
    pub step: Name,
    /// The tenant.
    pub tenant: TenantId,
    /// The Runner that keeps it.
    pub runner: RunnerId,
    /// The raw value's media type.
    pub media_type: Name,
    /// How many leaves there are.
    pub leaves: u32,
}

/// A commitment with everything that is needed to show parts of it. It holds raw values: it stays with the Runner.
#[derive(Clone)]
pub struct Commitment {
    header: Header,
    leaves: Vec<Leaf>,
    salts: Vec<[u8; 32]>,
    tree: merkle::Tree,
    root: Digest,
}

/// Why values were not committed to, or a disclosure is not believed.
#[derive(Debug, thiserror::Error)]
pub enum CommitmentError {
    /// More scalars than a commitment has leaves for.
    #[error("the evidence has more than {LEAVES_MAX} values")]
    TooManyLeaves,
    /// A value has no canonical text.
    #[error(transparent)]
    Canonical(#[from] CanonicalError),
    /// No value at a path.
    #[error("the evidence has no value at {0}")]
    NoSuchPath(String),
    /// The disclosure shows nothing, shows something twice, or is not in order.
    #[error("the disclosure shows no value, or not in ascending order")]
    Order,
    /// A shown value is not under the root.
    #[error("the shown values are not those that the Runner committed to")]
    Root,
}

impl Fault for CommitmentError {
    fn class(&self) -> Class {
        match self {
            Self::TooManyLeaves => Class::TooLarge,
            Self::NoSuchPath(_) => Class::NotFound,
            Self::Canonical(_) | Self::Order | Self::Root => Class::Invalid,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::TooManyLeaves => "payload-too-large",
            Self::NoSuchPath(_) => "evidence-unknown",
            Self::Canonical(_) | Self::Order => "validation",
            Self::Root => "commitment-mismatch",
        }
    }
}

impl Commitment {
    /// Commits to `evidence` under the 32 random bytes `evk`, which must be fresh for this evidence item.
    /// `header.leaves` is filled in.
    ///
    /// # Errors
    /// [`CommitmentError::TooManyLeaves`], [`CommitmentError::Canonical`].
    pub fn new(
        mut header: Header,
        evk: &[u8; 32],
        evidence: &Value,
    ) -> Result<Self, CommitmentError> {
        let leaves = leaves(evidence)?;
        header.leaves = u32::try_from(leaves.len()).map_err(|_| CommitmentError::TooManyLeaves)?;
        let salts: Vec<_> = (0..header.leaves).map(|index| salt(evk, index)).collect();
        let hashes = leaves.iter().zip(&salts).map(|(leaf, salt)| leaf.hash(salt));
        let tree = merkle::Tree::new(hashes.collect::<Result<_, _>>()?);
        let root = root_of(&header, &tree.root())?;
        Ok(Self { header, leaves, salts, tree, root })
    }

    /// The root: what the statement names.
    pub const fn root(&self) -> Digest {
        self.root
    }

    /// The header, with the number of leaves.
    pub const fn header(&self) -> &Header {
        &self.header
    }
}

/// The salt of leaf `index`. HKDF gives up to 8 160 bytes, so 32 cannot fail.
fn salt(evk: &[u8; 32], index: u32) -> [u8; 32] {
    let info = [b"leaf".as_slice(), &index.to_be_bytes()];
    let mut salt = [0; 32];
    hkdf::Hkdf::<sha2::Sha256>::from_prk(evk)
        .expect("32 bytes are as long as SHA-256's output")
        .expand_multi_info(&info, &mut salt)
        .expect("32 bytes are within HKDF's limit");
    salt
}

fn root_of(header: &Header, tree: &Digest) -> Result<Digest, CanonicalError> {
    Ok(Digest::of_parts(&[ROOT_DOMAIN, &canonical::to_vec(header)?, &tree.0]))
}

#[cfg(test)]
mod tests;
