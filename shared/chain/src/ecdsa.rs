//! ECDSA lines of signed notes (type 0x02 of C2SP signed-note): what a key vault can sign, which has no Ed25519.
//!
//! The key is on P-256 and signs SHA-256 of the note's text; the signature is DER (RFC 3279 §2.2.3). The identifier of a key is the beginning of
//! SHA-256 of its `SubjectPublicKeyInfo`, without its name: so Sigstore's Rekor began it, and so `transparency-dev/formats` reads it. Hence
//!
//! ```sh
//! openssl dgst -sha256 -verify directory.pem -signature line.der text
//! ```

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use p256::ecdsa::{Signature, VerifyingKey, signature::Verifier as _};

use crate::{
    Hash,
    note::{self, Note, NoteError, SignatureLine},
};

const ECDSA_SHA256: u8 = 0x02;
/// The DER of `SubjectPublicKeyInfo` up to the point: id-ecPublicKey, prime256v1, a bit string of 65 bytes (RFC 5480).
const SPKI_HEAD: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// A public key on P-256 and its name. Written `name+<4-byte id in hex>+<base64 of 0x02 ‖ SubjectPublicKeyInfo>`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EcdsaKey {
    name: String,
    key: VerifyingKey,
}

impl EcdsaKey {
    /// The key of the point (`x`, `y`) with this name.
    ///
    /// # Errors
    /// * [`NoteError::Name`] for a name that a signature line cannot hold.
    /// * [`NoteError::Key`] for a point that is not on the curve.
    pub fn new(name: &str, x: &[u8; 32], y: &[u8; 32]) -> Result<Self, NoteError> {
        note::check_name(name)?;
        Self::of_point(name, &[&[4], x.as_slice(), y].concat())
    }

    fn of_point(name: &str, point: &[u8]) -> Result<Self, NoteError> {
        let key = VerifyingKey::from_sec1_bytes(point)
            .map_err(|_| NoteError::Key("it is not a point of P-256"))?;
        Ok(Self { name: name.to_owned(), key })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key as DER, as OpenSSL reads it: `SubjectPublicKeyInfo` (RFC 5480).
    pub fn to_der(&self) -> Vec<u8> {
        [SPKI_HEAD.as_slice(), self.key.to_sec1_point(false).as_bytes()].concat()
    }

    /// The first four bytes of SHA-256 of [`to_der`](Self::to_der): tells keys apart, proves nothing.
    pub fn id(&self) -> [u8; 4] {
        let [a, b, c, d, ..] = Hash::of(&self.to_der()).0;
        [a, b, c, d]
    }

    /// The note of `text` with the line of a signature that was made elsewhere, as `r‖s` (RFC 7518 §3.4) over SHA-256 of `text`.
    ///
    /// # Errors
    /// * [`NoteError::Signature`]: it is not this key's signature of this text.
    /// * [`NoteError::Format`]: `text` is not one of a note.
    pub fn note(&self, text: &str, signature: &[u8; 64]) -> Result<String, NoteError> {
        note::check_text(text)?;
        let wrong = |_| NoteError::Signature(self.name.clone());
        let signature = Signature::from_slice(signature).map_err(wrong)?;
        self.key.verify(text.as_bytes(), &signature).map_err(wrong)?;
        let bytes = [self.id().as_slice(), signature.to_der().as_bytes()].concat();
        Ok(format!("{text}\n— {} {}\n", self.name, STANDARD.encode(bytes)))
    }

    fn is_of(&self, line: &SignatureLine<'_>) -> bool {
        self.name == line.name && self.id() == line.id
    }

    fn verify(&self, text: &str, line: &SignatureLine<'_>) -> Result<(), NoteError> {
        let wrong = |_| NoteError::Signature(self.name.clone());
        let signature = Signature::from_der(&line.bytes).map_err(wrong)?;
        self.key.verify(text.as_bytes(), &signature).map_err(wrong)
    }
}

/// The first of `keys` that signed the note.
///
/// # Errors
/// * [`NoteError::Unsigned`]: no line is by one of `keys`.
/// * [`NoteError::Signature`]: a line by one of `keys` is wrong.
pub fn signer<'k>(note: &Note<'_>, keys: &'k [EcdsaKey]) -> Result<&'k EcdsaKey, NoteError> {
    let mut found = None;
    for line in &note.signatures {
        let Some(key) = keys.iter().find(|key| key.is_of(line)) else { continue };
        key.verify(note.text, line)?;
        found = found.or(Some(key));
    }
    found.ok_or(NoteError::Unsigned)
}

impl fmt::Display for EcdsaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encoded = STANDARD.encode([&[ECDSA_SHA256], self.to_der().as_slice()].concat());
        write!(f, "{}+{}+{encoded}", self.name, hex::encode(self.id()))
    }
}

impl FromStr for EcdsaKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let (name, rest) = text.split_once('+').ok_or(NoteError::Key("it has no plus"))?;
        let (_, key) = rest.split_once('+').ok_or(NoteError::Key("it has one plus"))?;
        let key = STANDARD.decode(key).map_err(|_| NoteError::Key("it does not end in base64"))?;
        note::check_name(name)?;
        let point = key.split_first().and_then(|(kind, der)| {
            (*kind == ECDSA_SHA256).then(|| der.strip_prefix(&SPKI_HEAD)).flatten()
        });
        let point = point.ok_or(NoteError::Key("it is not 0x02 and a public key on P-256"))?;
        let key = Self::of_point(name, point)?;
        // Every key has one spelling: this also checks the id.
        if key.to_string() == text {
            Ok(key)
        } else {
            Err(NoteError::Key("its id is not that of the key"))
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use p256::ecdsa::{SigningKey, signature::Signer as _};

    use super::*;

    /// Of Sigstore's Rekor, and a checkpoint that it signed: test data of `transparency-dev/formats` (`note/note_verifier_test.go`).
    const REKOR_KEY: &str = "rekor.sigstore.dev+c0d23d6a+AjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNhtmPtrWm3U1eQXBogSMdGvXwBcK5AW5i0hrZLOC96l+smGNM7nwZ4QvFK/4sueRoVj//QP22Ni4Qt9DPfkWLc=";
    const REKOR_NOTE: &str = "Rekor\n798034\nf+7CoKgXKE/tNys9TTXcr/ad6U/K3xvznmzew9y6SP0=\n\n— rekor.sigstore.dev wNI9ajBEAiARInWIWyCdyG27CO6LPnPekyw20qO0YJfoaPaowGp/XgIgc+qEHS3+GKVClgqq20uDLet7MCoTURUCRdxwWBHHufk=\n";
    /// Of the Pixel 6 log, from the same place.
    const PIXEL_KEY: &str = "pixel6_transparency_log+91c16e30+AjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABN+4x0Jk1yTwvLFI9A4NDdGZcX0aiWVdWM5XJVy0M4VWD3AvyW5Q6Hs9A0mcDkpUoYgn+KKPNzFC0H3nN3q6JQ8=";
    const PIXEL_NOTE: &str = "DEFAULT\n10\nbsWRucJU5xJPHb5eBdOm6+DM+VelCZBuvtI3sHERJ9Y=\n\n— pixel6_transparency_log kcFuMDBFAiEAhqMAP8P6qf6QxtUJhzMhbN+MbZ9dwfUHzGQJmffJHtoCIGD0cNe47dHWBoPwYdgBCepB06/+g5O1FmYjXl06owL4\n";

    /// A directory of tests: the key of the scalar `seed`.
    pub(crate) fn key(name: &str, seed: u8) -> (EcdsaKey, SigningKey) {
        let signing = SigningKey::from_slice(&[seed; 32]).unwrap();
        let point = signing.verifying_key().to_sec1_point(false);
        let (x, y) = (point.x().unwrap(), point.y().unwrap());
        let key = EcdsaKey::new(name, &(*x).into(), &(*y).into()).unwrap();
        (key, signing)
    }

    pub(crate) fn sign(key: &EcdsaKey, signing: &SigningKey, text: &str) -> String {
        let signature: Signature = signing.sign(text.as_bytes());
        key.note(text, &signature.to_bytes().into()).unwrap()
    }

    fn verify(note: &str, key: &str) -> Result<(), NoteError> {
        let key = key.parse()?;
        signer(&Note::parse(note.as_bytes())?, &[key]).map(|_| ())
    }

    #[test]
    fn what_other_logs_signed_is_believed() {
        assert_eq!(verify(REKOR_NOTE, REKOR_KEY), Ok(()));
        assert_eq!(verify(PIXEL_NOTE, PIXEL_KEY), Ok(()));
        for key in [REKOR_KEY, PIXEL_KEY] {
            assert_eq!(key.parse::<EcdsaKey>().unwrap().to_string(), key);
        }
    }

    #[test]
    fn an_edited_text_and_a_stranger_are_refused() {
        let edited = REKOR_NOTE.replace("798034", "798035");
        let wrong = NoteError::Signature("rekor.sigstore.dev".to_owned());
        assert_eq!(verify(&edited, REKOR_KEY), Err(wrong));
        assert_eq!(verify(REKOR_NOTE, PIXEL_KEY), Err(NoteError::Unsigned));
        let renamed = REKOR_KEY.replace("rekor", "bananas");
        assert_eq!(verify(REKOR_NOTE, &renamed), Err(NoteError::Unsigned));
    }

    /// The refusals of the same test file, and others.
    #[test]
    fn a_mangled_key_is_refused() {
        for (from, to) in [
            ("c0d23d6a", "00000000"),
            ("c0d23d6a", "NOT_A_NUMBER"),
            ("c0d23d6a", "C0D23D6A"),
            ("+AjBZ", "+AzBZ"),
            ("+AjBZ", "+AjBa"),
            ("kWLc=", "kWLd="),
            ("+c0d23d6a", ""),
            ("rekor.", "rekor "),
        ] {
            let mangled = REKOR_KEY.replace(from, to);
            assert!(mangled.parse::<EcdsaKey>().is_err(), "{mangled}");
        }
        assert!(EcdsaKey::new("name", &[1; 32], &[1; 32]).is_err());
    }

    #[test]
    fn a_signature_of_another_text_or_key_makes_no_note() {
        let ((one, signing), (other, _)) = (key("one", 1), key("one", 2));
        let signature: Signature = signing.sign(b"text\n");
        let signature = signature.to_bytes().into();
        let note = one.note("text\n", &signature).unwrap();
        assert_eq!(verify(&note, &one.to_string()), Ok(()));
        let wrong = Err(NoteError::Signature("one".to_owned()));
        assert_eq!(one.note("texts\n", &signature), wrong);
        assert_eq!(other.note("text\n", &signature), wrong);
    }
}
