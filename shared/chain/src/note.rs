//! Signed notes (C2SP signed-note): a text, and lines that say who signed it.
//!
//! ```text
//! This is an example message.
//!
//! — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
//! ```
//!
//! We sign and verify Ed25519 (type 0x01). Lines by keys that the reader does not know, of whatever algorithm, are ignored.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use crate::Hash;

/// The longest note: room for 16 post-quantum signatures of 5 kB each, and more.
pub const NOTE_BYTES_MAX: usize = 256 * 1024;
/// The most signature lines; the specification asks for at least 16.
pub const SIGNATURES_MAX: usize = 64;
const ED25519: u8 = 0x01;

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

/// A public key and the name under which it signs. Written `name+<4-byte id in hex>+<base64 of 0x01 ‖ key>`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VerifierKey {
    name: String,
    key: VerifyingKey,
}

impl VerifierKey {
    /// The key with this name.
    ///
    /// # Errors
    /// [`NoteError::Name`] for a name that a signature line cannot hold.
    pub fn new(name: &str, key: VerifyingKey) -> Result<Self, NoteError> {
        check_name(name)?;
        Ok(Self { name: name.to_owned(), key })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first four bytes of `SHA-256(name ‖ 0x0a ‖ 0x01 ‖ key)`: tells keys apart, proves nothing.
    pub fn id(&self) -> [u8; 4] {
        let bytes = [self.name.as_bytes(), b"\n", &[ED25519], self.key.as_bytes()].concat();
        let [a, b, c, d, ..] = Hash::of(&bytes).0;
        [a, b, c, d]
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = STANDARD.encode([&[ED25519], self.key.as_bytes().as_slice()].concat());
        write!(f, "{}+{}+{key}", self.name, hex::encode(self.id()))
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let (name, rest) = text.split_once('+').ok_or(NoteError::Key("it has no plus"))?;
        let (_, key) = rest.split_once('+').ok_or(NoteError::Key("it has one plus"))?;
        let key = STANDARD.decode(key).map_err(|_| NoteError::Key("it does not end in base64"))?;
        let key = match key.split_first() {
            Some((&ED25519, key)) => key.try_into().ok(),
            Some(_) | None => return Err(NoteError::Key("its algorithm is not Ed25519 (0x01)")),
        };
        let key = key.ok_or(NoteError::Key("an Ed25519 key has 32 bytes"))?;
        let key = VerifyingKey::from_bytes(key);
        let key =
            Self::new(name, key.map_err(|_| NoteError::Key("it is not a point of the curve"))?)?;
        // Every key has one spelling: this also checks the id.
        if key.to_string() == text {
            Ok(key)
        } else {
            Err(NoteError::Key("its id is not that of the key"))
        }
    }
}

/// A private key and the name under which it signs.
pub struct Signer {
    name: String,
    key: SigningKey,
}

impl Signer {
    /// The key with this name; for checkpoints, the log's origin.
    ///
    /// # Errors
    /// [`NoteError::Name`] for a name that a signature line cannot hold.
    pub fn new(name: &str, key: SigningKey) -> Result<Self, NoteError> {
        check_name(name)?;
        Ok(Self { name: name.to_owned(), key })
    }

    /// Its public half.
    pub fn verifier_key(&self) -> VerifierKey {
        VerifierKey { name: self.name.clone(), key: self.key.verifying_key() }
    }

    /// The note of `text`, signed.
    ///
    /// # Errors
    /// [`NoteError::Format`] for a text that does not end in a newline or has control characters.
    pub fn sign(&self, text: &str) -> Result<String, NoteError> {
        check_text(text)?;
        let id = self.verifier_key().id();
        let signature = self.key.sign(text.as_bytes()).to_bytes();
        let signature = STANDARD.encode([id.as_slice(), &signature].concat());
        Ok(format!("{text}\n— {} {signature}\n", self.name))
    }
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

fn check_name(name: &str) -> Result<(), NoteError> {
    let forbidden = |letter: char| letter.is_whitespace() || letter.is_control() || letter == '+';
    if name.is_empty() || name.contains(forbidden) { Err(NoteError::Name) } else { Ok(()) }
}

fn check_text(text: &str) -> Result<(), NoteError> {
    if !text.ends_with('\n') {
        return Err(NoteError::Format("it does not end in a newline"));
    }
    if text.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
        return Err(NoteError::Format("it has control characters"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of C2SP signed-note.
    const SPEC_KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    const SPEC_NOTE: &str = "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
    /// The examples of golang.org/x/mod/sumdb/note (documentation and tests): two keys, one text.
    const GO_TEXT: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    const GO_SEED: &str = "810a1402d5146c8d84f2443330f54080ebf98ee17d9c74f6252fc5d5c7283173";
    const GO_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const GO_LINES: &str = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";

    fn key(text: &str) -> VerifierKey {
        text.parse().unwrap()
    }

    fn verify(note: &str, keys: &[VerifierKey]) -> Result<Vec<String>, NoteError> {
        let signers = Note::parse(note.as_bytes())?.verify(keys)?;
        Ok(signers.into_iter().map(|key| key.name().to_owned()).collect())
    }

    #[test]
    fn the_example_of_the_specification_is_believed() {
        assert_eq!(verify(SPEC_NOTE, &[key(SPEC_KEY)]), Ok(vec!["example.com/foo".to_owned()]));
        assert_eq!(key(SPEC_KEY).to_string(), SPEC_KEY);
    }

    #[test]
    fn a_note_of_go_is_signed_with_the_same_bytes_and_believed_among_unknown_signatures() {
        let seed = hex::decode(GO_SEED).unwrap().try_into().unwrap();
        let signer = Signer::new("PeterNeumann", SigningKey::from_bytes(&seed)).unwrap();
        assert_eq!(signer.verifier_key().to_string(), GO_KEY);
        let both = format!("{GO_TEXT}\n{GO_LINES}");
        let first = both.split_inclusive('\n').take(4).collect::<String>();
        assert_eq!(signer.sign(GO_TEXT).unwrap(), first);
        assert_eq!(verify(&both, &[key(GO_KEY)]), Ok(vec!["PeterNeumann".to_owned()]));
    }

    #[test]
    fn an_edited_text_and_a_stranger_are_refused() {
        let edited = SPEC_NOTE.replace("example message", "exemplary message");
        assert_eq!(
            verify(&edited, &[key(SPEC_KEY)]),
            Err(NoteError::Signature("example.com/foo".to_owned()))
        );
        assert_eq!(verify(SPEC_NOTE, &[key(GO_KEY)]), Err(NoteError::Unsigned));
        assert_eq!(verify(SPEC_NOTE, &[]), Err(NoteError::Unsigned));
        // The same name with another key, and so another id, is a stranger as well.
        let other =
            VerifierKey::new("example.com/foo", SigningKey::from_bytes(&[1; 32]).verifying_key());
        assert_eq!(verify(SPEC_NOTE, &[other.unwrap()]), Err(NoteError::Unsigned));
    }

    #[test]
    fn a_wrong_signature_is_not_made_good_by_a_right_one() {
        let wrong = SPEC_NOTE.split_inclusive('\n').next_back().unwrap().replace("Ukn8", "Ukn9");
        let wrong = wrong.replace("Uw2QOkn8", "Uw2QOkn9");
        let note = format!("{SPEC_NOTE}{wrong}");
        assert_eq!(
            verify(&note, &[key(SPEC_KEY)]),
            Err(NoteError::Signature("example.com/foo".to_owned()))
        );
    }

    #[test]
    fn what_is_not_a_note_is_refused() {
        let line = SPEC_NOTE.split_inclusive('\n').next_back().unwrap();
        for bytes in [
            String::new(),
            "text\n".to_owned(),
            "text\n\n".to_owned(),
            format!("text\n{line}"),
            format!("text\n\n{}", line.trim_end()),
            format!("te\txt\n\n{line}"),
            format!("text\n\n{}", line.replace('—', "-")),
            format!("text\n\n{}", line.replace("foo ", "foo  ")),
            format!("text\n\n{}", line.replace("foo ", "f+o ")),
            format!("text\n\n{}", line.replace('=', "")),
            "text\n\n— name AAAAAA==\n".to_owned(),
        ] {
            assert!(Note::parse(bytes.as_bytes()).is_err(), "{bytes:?}");
        }
        assert!(Note::parse(b"\xff\n\n\xe2\x80\x94 a AAAAAAA=\n").is_err());
    }

    #[test]
    fn a_note_has_limits() {
        let line = SPEC_NOTE.split_inclusive('\n').next_back().unwrap();
        let lines = |count| format!("text\n\n{}", line.repeat(count));
        assert_eq!(Note::parse(lines(64).as_bytes()).unwrap().signatures.len(), 64);
        assert_eq!(Note::parse(lines(65).as_bytes()), Err(NoteError::TooLong));
        let long = |bytes: usize| format!("{}\n\n{line}", "x".repeat(bytes - 2 - line.len()));
        assert!(Note::parse(long(NOTE_BYTES_MAX).as_bytes()).is_ok());
        assert_eq!(Note::parse(long(NOTE_BYTES_MAX + 1).as_bytes()), Err(NoteError::TooLong));
    }

    /// As `TestNewVerifier` of golang.org/x/mod/sumdb/note: no part and no mangling of a key is a key.
    #[test]
    fn a_mangled_verifier_key_is_refused() {
        for start in 0..GO_KEY.len() {
            for end in start + 1..=GO_KEY.len() {
                let part = &GO_KEY[start..end];
                assert!(part == GO_KEY || part.parse::<VerifierKey>().is_err(), "{part}");
            }
        }
        for place in 0..GO_KEY.len() {
            let mut mangled = GO_KEY.as_bytes().to_vec();
            mangled[place] += 1;
            let mangled = String::from_utf8(mangled).unwrap();
            assert!(mangled.parse::<VerifierKey>().is_err(), "{mangled}");
        }
        for bad in [
            "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
            "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        ] {
            assert!(bad.parse::<VerifierKey>().is_err(), "{bad}");
        }
    }
}
