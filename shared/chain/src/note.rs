//! Signed notes (C2SP signed-note): a text, and lines that say who signed it.
//!
//! ```text
//! This is an example message.
//!
//! — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
//! ```
//!
//! We sign and verify Ed25519 (type 0x01). Lines by keys that the reader does not know, of whatever algorithm, are ignored.

mod signer;
mod verifier_key;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::Signature;

pub use signer::Signer;
pub use verifier_key::VerifierKey;
pub(crate) use verifier_key::{key_id, read_key, write_key};

/// The longest note: room for 16 post-quantum signatures of 5 kB each, and more.
pub const NOTE_BYTES_MAX: usize = 256 * 1024;
/// The most signature lines; the specification asks for at least 16.
pub const SIGNATURES_MAX: usize = 64;

/// Why a note or a key of notes is refused.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NoteError {
    /// A verifier key that cannot be read.
    #[error("not an Ed25519 verifier key of the form name+0123abcd+base64: {0}")]
    Key(&'static str),
    /// A key name with a space, a plus or nothing at all.
    #[error("a key name is not empty and has neither white space nor plus")]
    Name,
    /// Bytes that are not a note.
    #[error("not a signed note: {0}")]
    Format(&'static str),
    /// Over [`NOTE_BYTES_MAX`] or [`SIGNATURES_MAX`].
    #[error("the note is too long: at most {NOTE_BYTES_MAX} bytes and {SIGNATURES_MAX} signatures")]
    TooLong,
    /// None of the known keys signed it.
    #[error("none of the expected keys signed the note")]
    Unsigned,
    /// A known key's signature is wrong.
    #[error("the signature of {0} is wrong; the text was changed, or another key signed it")]
    Signature(String),
}

/// A note that was read; nothing about it is known to be true before [`Note::verify`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Note<'a> {
    /// What was signed, with its last newline.
    pub text: &'a str,
    /// Who claims to have signed it, in order; at least one.
    pub signatures: Vec<SignatureLine<'a>>,
}

/// One line of a note: who claims to have signed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignatureLine<'a> {
    /// The name of the key.
    pub name: &'a str,
    /// The identifier of the key.
    pub id: [u8; 4],
    /// The signature, in the form of the key's algorithm.
    pub bytes: Vec<u8>,
}

impl<'a> Note<'a> {
    /// Reads a note.
    ///
    /// # Errors
    /// * [`NoteError::TooLong`].
    /// * [`NoteError::Format`]: not UTF-8, control characters, no blank line, or a line that is not a signature.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, NoteError> {
        if bytes.len() > NOTE_BYTES_MAX {
            return Err(NoteError::TooLong);
        }
        let all = str::from_utf8(bytes).map_err(|_| NoteError::Format("it is not UTF-8"))?;
        check_text(all)?;
        let blank = all.rfind("\n\n").ok_or(NoteError::Format("it has no blank line"))?;
        let (text, lines) = all.split_at(blank + 1);
        let lines = lines.strip_prefix('\n').unwrap_or(lines);
        let signatures: Vec<_> =
            lines.lines().map(SignatureLine::parse).collect::<Result<_, _>>()?;
        match signatures.len() {
            0 => Err(NoteError::Format("it has no signature")),
            1..=SIGNATURES_MAX => Ok(Self { text, signatures }),
            _ => Err(NoteError::TooLong),
        }
    }

    /// Checks the signatures by `keys`, strictly (no small-order keys), and returns those that signed.
    ///
    /// # Errors
    /// * [`NoteError::Unsigned`]: no line is by one of `keys`.
    /// * [`NoteError::Signature`]: a line by one of `keys` is wrong.
    pub fn verify<'k>(&self, keys: &'k [VerifierKey]) -> Result<Vec<&'k VerifierKey>, NoteError> {
        let mut signers = Vec::new();
        for line in &self.signatures {
            let known = keys.iter().find(|key| key.name == line.name && key.id() == line.id);
            let Some(known) = known else { continue };
            let wrong = |_| NoteError::Signature(known.name.clone());
            let signature = Signature::from_slice(&line.bytes).map_err(wrong)?;
            known.key.verify_strict(self.text.as_bytes(), &signature).map_err(wrong)?;
            signers.push(known);
        }
        if signers.is_empty() { Err(NoteError::Unsigned) } else { Ok(signers) }
    }
}

impl<'a> SignatureLine<'a> {
    fn parse(line: &'a str) -> Result<Self, NoteError> {
        let malformed = NoteError::Format("a line after the blank one is not “— name base64”");
        let parts = line.strip_prefix("— ").and_then(|rest| rest.split_once(' '));
        let (name, signature) = parts.ok_or(malformed.clone())?;
        check_name(name)?;
        let signature = STANDARD.decode(signature).map_err(|_| malformed.clone())?;
        match signature.split_first_chunk() {
            Some((id, bytes)) if !bytes.is_empty() => {
                Ok(Self { name, id: *id, bytes: bytes.to_vec() })
            }
            Some(_) | None => Err(malformed),
        }
    }
}

pub(crate) fn check_name(name: &str) -> Result<(), NoteError> {
    let forbidden = |letter: char| letter.is_whitespace() || letter.is_control() || letter == '+';
    if name.is_empty() || name.contains(forbidden) { Err(NoteError::Name) } else { Ok(()) }
}

pub(crate) fn check_text(text: &str) -> Result<(), NoteError> {
    if !text.ends_with('\n') {
        return Err(NoteError::Format("it does not end in a newline"));
    }
    if text.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
        return Err(NoteError::Format("it has control characters"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
