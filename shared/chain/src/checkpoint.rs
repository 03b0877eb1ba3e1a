//! Checkpoints (C2SP tlog-checkpoint): the text that a log signs to say how long it is and what it holds.

use crate::{
    Hash,
    note::{NoteError, Signer},
};

/// The head of a log. Written as three lines: origin, size in decimal, root in base64.
///
/// # Examples
/// ```
/// let text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
/// let checkpoint = chain::checkpoint::Checkpoint::parse(text)?;
/// assert_eq!(checkpoint.size, 20_852_163);
/// assert_eq!(checkpoint.to_text(), text);
/// # Ok::<(), chain::checkpoint::CheckpointError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Checkpoint {
    /// Which log: a URL without scheme, such as `audit.example.com/ten_…`.
    pub origin: String,
    /// How many rows.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
}

/// A text is not a checkpoint of ours.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "not a checkpoint: an origin, a size and a root in base64, each on a line, and nothing more"
)]
pub struct CheckpointError;

impl Checkpoint {
    /// The text to sign.
    pub fn to_text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root.to_base64())
    }

    /// The signed note of this checkpoint.
    ///
    /// # Errors
    /// [`NoteError::Format`] when the origin has control characters.
    pub fn sign(&self, signer: &Signer) -> Result<String, NoteError> {
        signer.sign(&self.to_text())
    }

    /// Reads what [`to_text`](Self::to_text) writes. Extension lines, which tlog-checkpoint discourages, are refused: we never write them.
    ///
    /// # Errors
    /// [`CheckpointError`] for anything else, a size with a leading zero included.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.lines();
        let mut line = || lines.next().ok_or(CheckpointError);
        let (origin, size, root) = (line()?, line()?, line()?);
        let checkpoint = Self {
            origin: origin.to_owned(),
            size: size.parse().map_err(|_| CheckpointError)?,
            root: Hash::from_base64(root).map_err(|_| CheckpointError)?,
        };
        // Every checkpoint has one spelling.
        let is_canonical = !origin.is_empty() && checkpoint.to_text() == text;
        if is_canonical { Ok(checkpoint) } else { Err(CheckpointError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "example.com/log\n7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    #[test]
    fn a_checkpoint_has_one_spelling() {
        assert_eq!(Checkpoint::parse(TEXT).unwrap().to_text(), TEXT);
        for (from, to) in [
            ("example.com/log", ""),
            ("\n7", "\n07"),
            ("\n7", "\n+7"),
            ("\n7", "\n"),
            ("\n7", "\n18446744073709551616"),
            ("q2I=\n", "q2I="),
            ("q2I=\n", "q2J=\n"),
            ("q2I=\n", "q2I=\nextension\n"),
            ("q2I=\n", "q2I=\n\n"),
            ("\n7", "\r\n7"),
            ("CsU", ""),
        ] {
            assert_eq!(Checkpoint::parse(&TEXT.replace(from, to)), Err(CheckpointError), "{to:?}");
        }
    }

    #[test]
    fn the_root_of_the_empty_log_is_sha_256_of_nothing() {
        let text = "o\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
        assert_eq!(Checkpoint::parse(text).unwrap().root, Hash::of(b""));
    }
}
