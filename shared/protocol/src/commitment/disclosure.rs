//! Showing some of the committed values, with proof.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Commitment, CommitmentError, Header, Leaf, merkle, root_of};
use crate::{Base64, Digest};

/// The longest disclosure that is read, in bytes of JSON: 1 MiB.
pub const DISCLOSURE_MAX: usize = 1024 * 1024;

/// Some values of an evidence item, each with the proof that it was committed to.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Disclosure {
    /// What they belong to.
    pub header: Header,
    /// The values, in ascending order of `index`.
    pub leaves: Vec<DisclosedLeaf>,
}

/// One shown value.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DisclosedLeaf {
    /// Its place among the leaves, from 0.
    pub index: u32,
    /// Where it is in the evidence.
    pub path: String,
    /// The value.
    pub value: Value,
    /// Its salt, 32 bytes.
    pub salt: Base64,
    /// The hashes beside its way to the root, 32 bytes each, the lowest first.
    pub proof: Vec<Base64>,
}

impl Commitment {
    /// Shows what is at `paths`: the leaf of that path, or every leaf below it. `""` shows everything.
    ///
    /// # Errors
    /// [`CommitmentError::NoSuchPath`]: nothing is there.
    pub fn disclose(&self, paths: &[String]) -> Result<Disclosure, CommitmentError> {
        let is_there =
            |path: &&String| self.leaves.iter().any(|leaf| is_at_or_below(&leaf.path, path));
        if let Some(path) = paths.iter().find(|path| !is_there(path)) {
            return Err(CommitmentError::NoSuchPath(path.clone()));
        }
        let shown = self.leaves.iter().zip(&self.salts).enumerate();
        let shown = shown
            .filter(|(_, (leaf, _))| paths.iter().any(|path| is_at_or_below(&leaf.path, path)));
        let leaves = shown.map(|(index, (leaf, salt))| self.disclosed(index, leaf, salt)).collect();
        Ok(Disclosure { header: self.header.clone(), leaves })
    }

    fn disclosed(&self, index: usize, leaf: &Leaf, salt: &[u8; 32]) -> DisclosedLeaf {
        let Leaf { path, value } = leaf.clone();
        let proof =
            self.tree.proof(index).into_iter().map(|hash| Base64(hash.0.to_vec())).collect();
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        DisclosedLeaf { index, path, value, salt: Base64(salt.to_vec()), proof }
    }
}

impl Disclosure {
    /// Checks that every shown value was committed to under `root`, and under this header.
    ///
    /// # Errors
    /// [`CommitmentError::Order`], [`CommitmentError::Root`], [`CommitmentError::Canonical`].
    pub fn verify(&self, root: &Digest) -> Result<(), CommitmentError> {
        let ascends = self.leaves.windows(2).all(|pair| match pair {
            [left, right] => {
                left.index < right.index && left.path.as_bytes() < right.path.as_bytes()
            }
            _ => false,
        });
        if self.leaves.is_empty() || !ascends {
            return Err(CommitmentError::Order);
        }
        for leaf in &self.leaves {
            let tree = leaf.tree_root(self.header.leaves)?.ok_or(CommitmentError::Root)?;
            if root_of(&self.header, &tree)? != *root {
                return Err(CommitmentError::Root);
            }
        }
        Ok(())
    }

    /// Whether each of `paths` is answered, and nothing else is shown.
    pub fn answers(&self, paths: &[String]) -> bool {
        let every_path = paths
            .iter()
            .all(|path| self.leaves.iter().any(|leaf| is_at_or_below(&leaf.path, path)));
        let nothing_else = self
            .leaves
            .iter()
            .all(|leaf| paths.iter().any(|path| is_at_or_below(&leaf.path, path)));
        every_path && nothing_else
    }
}

impl DisclosedLeaf {
    fn tree_root(&self, size: u32) -> Result<Option<Digest>, CommitmentError> {
        let digest = |bytes: &Base64| bytes.0.as_slice().try_into().ok().map(Digest);
        let Some(Digest(salt)) = digest(&self.salt) else { return Ok(None) };
        let Some(proof) = self.proof.iter().map(digest).collect::<Option<Vec<_>>>() else {
            return Ok(None);
        };
        let leaf = Leaf { path: self.path.clone(), value: self.value.clone() };
        Ok(merkle::root_from(leaf.hash(&salt)?, self.index, size, &proof))
    }
}

fn is_at_or_below(leaf: &str, path: &str) -> bool {
    leaf.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
