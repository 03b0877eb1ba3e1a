//! Evidence as a list of scalars, each with the path to it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::CommitmentError;
use crate::{Digest, canonical, canonical::CanonicalError, strict_json::INTEGER_MAX};

/// The most leaves of one commitment: 2²⁰.
pub const LEAVES_MAX: usize = 1 << 20;

/// One value and where it is.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Leaf {
    /// A JSON pointer (RFC 6901): `""` is the whole, `/users/0/name` a member of an element.
    pub path: String,
    /// A scalar, or `[]` or `{}` where there is nothing inside.
    pub value: Value,
}

impl Leaf {
    /// The leaf's hash under its salt.
    pub(super) fn hash(&self, salt: &[u8; 32]) -> Result<Digest, CanonicalError> {
        let length = u32::try_from(self.path.len()).unwrap_or(u32::MAX).to_be_bytes();
        let value = canonical::to_vec(&self.value)?;
        Ok(Digest::of_parts(&[&[0], salt, &length, self.path.as_bytes(), &value]))
    }
}

/// The leaves of `evidence`, in ascending order of their paths' bytes.
///
/// An empty array or object is a leaf of its own; otherwise it could vanish unseen. An integer beyond ±(2⁵³−1), which
/// RFC 8785 would round, is committed to as the text of its decimal digits (RFC 7493 §2.2).
///
/// # Errors
/// [`CommitmentError::TooManyLeaves`].
pub fn leaves(evidence: &Value) -> Result<Vec<Leaf>, CommitmentError> {
    let mut leaves = Vec::new();
    collect(evidence, String::new(), &mut leaves)?;
    leaves.sort_unstable_by(|left, right| left.path.as_bytes().cmp(right.path.as_bytes()));
    Ok(leaves)
}

fn collect(value: &Value, path: String, leaves: &mut Vec<Leaf>) -> Result<(), CommitmentError> {
    match value {
        Value::Array(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                collect(item, format!("{path}/{index}"), leaves)?;
            }
        }
        Value::Object(members) if !members.is_empty() => {
            for (name, member) in members {
                collect(member, format!("{path}/{}", escape(name)), leaves)?;
            }
        }
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => {
            if leaves.len() == LEAVES_MAX {
                return Err(CommitmentError::TooManyLeaves);
            }
            leaves.push(Leaf { path, value: exact(value) });
        }
    }
    Ok(())
}

fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn exact(value: &Value) -> Value {
    let magnitude = value.as_u64().or_else(|| value.as_i64().map(i64::unsigned_abs));
    if magnitude.is_some_and(|magnitude| magnitude > INTEGER_MAX) {
        Value::String(value.to_string())
    } else {
        value.clone()
    }
}
