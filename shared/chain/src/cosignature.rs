//! Cosignatures (C2SP tlog-cosignature, `cosignature/v1`): a witness' word that a checkpoint is the largest that it saw of
//! a log, and continues every one that it saw before.
//!
//! ```text
//! cosignature/v1
//! time 1763683200
//! <the text of the checkpoint>
//! ```
//!
//! That is what a witness signs with Ed25519. Its line stands below the log's own in the signed note: an identifier of the key,
//! the time as 64 bits, most significant byte first, and the signature. Readers who do not know the key pass the line over.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use crate::note::{self, Note, NoteError, SignatureLine};

const COSIGNATURE_V1: u8 = 0x04;
/// The latest time that a cosignature may bear.
const TIME_MAX: u64 = u64::MAX >> 1;

/// A witness' public key and name. Written `name+<4-byte id in hex>+<base64 of 0x04 ‖ key>`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WitnessKey {
    name: String,
    key: VerifyingKey,
}

impl WitnessKey {
    /// The key with this name.
    ///
    /// # Errors
    /// [`NoteError::Name`] for a name that a signature line cannot hold.
    pub fn new(name: &str, key: VerifyingKey) -> Result<Self, NoteError> {
        note::check_name(name)?;
        Ok(Self { name: name.to_owned(), key })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key itself, without its name.
    pub const fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// The first four bytes of `SHA-256(name ‖ 0x0a ‖ 0x04 ‖ key)`: tells keys apart, proves nothing.
    pub fn id(&self) -> [u8; 4] {
        note::key_id(&self.name, COSIGNATURE_V1, &self.key)
    }

    fn is_of(&self, line: &SignatureLine<'_>) -> bool {
        self.name == line.name && self.id() == line.id
    }

    /// When the witness cosigned `text`, in seconds since 1970.
    ///
    /// # Errors
    /// [`NoteError::Signature`]: it did not, not with this signature.
    pub fn verify(&self, text: &str, line: &SignatureLine<'_>) -> Result<u64, NoteError> {
        let wrong = || NoteError::Signature(self.name.clone());
        let (time, signature) = line.bytes.split_first_chunk().ok_or_else(wrong)?;
        let time = u64::from_be_bytes(*time);
        let signature = Signature::from_slice(signature).map_err(|_| wrong())?;
        if !self.is_of(line) || time > TIME_MAX {
            return Err(wrong());
        }
        let verified = self.key.verify_strict(&message(text, time), &signature);
        verified.map(|()| time).map_err(|_| wrong())
    }
}

impl fmt::Display for WitnessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&note::write_key(&self.name, COSIGNATURE_V1, &self.key))
    }
}

impl FromStr for WitnessKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let (name, key) = note::read_key(text, COSIGNATURE_V1)?;
        Ok(Self { name, key })
    }
}

/// A witness' private key and name.
pub struct Witness {
    name: String,
    key: SigningKey,
}

impl Witness {
    /// The key with this name. The same key must not sign anything else, nor bear another name.
    ///
    /// # Errors
    /// [`NoteError::Name`] for a name that a signature line cannot hold.
    pub fn new(name: &str, key: SigningKey) -> Result<Self, NoteError> {
        note::check_name(name)?;
        Ok(Self { name: name.to_owned(), key })
    }

    /// As [`new`](Self::new), with the key's seed of 32 bytes (RFC 8032).
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, NoteError> {
        Self::new(name, SigningKey::from_bytes(seed))
    }

    /// Its public half.
    pub fn public(&self) -> WitnessKey {
        WitnessKey { name: self.name.clone(), key: self.key.verifying_key() }
    }

    /// The line that says that the checkpoint `text` was cosigned at `time`, in seconds since 1970; ends in a newline.
    ///
    /// # Errors
    /// [`NoteError::Format`] for a text that is not one of a note.
    pub fn cosign(&self, text: &str, time: u64) -> Result<String, NoteError> {
        note::check_text(text)?;
        let time = time.min(TIME_MAX);
        let signature = self.key.sign(&message(text, time)).to_bytes();
        let bytes = [self.public().id().as_slice(), &time.to_be_bytes(), &signature].concat();
        Ok(format!("— {} {}\n", self.name, STANDARD.encode(bytes)))
    }
}

/// That a witness cosigned, and when.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Cosigned<'k> {
    /// Who.
    pub witness: &'k WitnessKey,
    /// When, in seconds since 1970; the latest where it did so more than once.
    pub time: u64,
}

/// Which of `keys` cosigned the note, in their order.
///
/// # Errors
/// [`NoteError::Signature`]: a line by one of them is wrong. Lines by others are passed over.
pub fn cosigned<'k>(
    note: &Note<'_>,
    keys: impl IntoIterator<Item = &'k WitnessKey>,
) -> Result<Vec<Cosigned<'k>>, NoteError> {
    let mut found = Vec::new();
    for witness in keys {
        let lines = note.signatures.iter().filter(|line| witness.is_of(line));
        let times = lines.map(|line| witness.verify(note.text, line));
        let times: Vec<_> = times.collect::<Result<_, _>>()?;
        found.extend(times.into_iter().max().map(|time| Cosigned { witness, time }));
    }
    Ok(found)
}

/// A time of a cosignature as RFC 3339 has it, in UTC. (The days are counted as in <https://howardhinnant.github.io/date_algorithms.html>, `civil_from_days`.)
pub(crate) fn date_time(time: u64) -> String {
    let (days, second) = (time / 86_400 + 719_468, time % 86_400);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let leap = day_of_era / 1_460 + day_of_era / 146_096;
    let year_of_era = (day_of_era + day_of_era / 36_524 - leap) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (year, month) = (era * 400 + year_of_era, if month < 10 { month + 3 } else { month - 9 });
    let year = year + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

fn message(text: &str, time: u64) -> Vec<u8> {
    format!("cosignature/v1\ntime {time}\n{text}").into_bytes()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Made with Python's `cryptography` 48 and `hashlib` by the text of C2SP tlog-cosignature, from the seed of 32 bytes 0x63.
    pub(crate) const NAME: &str = "audit.example.com/witness/build-1";
    pub(crate) const KEY: &str =
        "audit.example.com/witness/build-1+d7f6b75b+BKf236+POLibqM5km1lPkeTQH9xX+clJPfQ7XlCpmHNn";
    const TEXT: &str = "audit.example.com/ten_01jd5x0000e008000000000001\n3\n/+DjIE6fwDHRbpY/5vv5cKXkQjQrKeur7TlDrGs0oeA=\n";
    const TIME: u64 = 1_763_683_200;
    const LINE: &str = "— audit.example.com/witness/build-1 1/a3WwAAAABpH6uAKNQXGUHJt6Da0i16puOALB8MvongyV8JpW23m9A+Kd/Sk0MFXeII4qda7fhaNf6UKRWAxsvMnuncooXXJfRkBA==\n";

    pub(crate) fn witness() -> Witness {
        Witness::new(NAME, SigningKey::from_bytes(&[99; 32])).unwrap()
    }

    fn stranger() -> Witness {
        Witness::new(NAME, SigningKey::from_bytes(&[98; 32])).unwrap()
    }

    fn times(lines: &str, keys: &[WitnessKey]) -> Result<Vec<u64>, NoteError> {
        let note = format!("{TEXT}\n{lines}");
        let note = Note::parse(note.as_bytes())?;
        Ok(cosigned(&note, keys)?.into_iter().map(|cosigned| cosigned.time).collect())
    }

    #[test]
    fn a_line_is_that_of_another_implementation_and_is_believed() {
        assert_eq!(witness().public().to_string(), KEY);
        assert_eq!(KEY.parse(), Ok(witness().public()));
        assert_eq!(witness().cosign(TEXT, TIME).unwrap(), LINE);
        assert_eq!(times(LINE, &[witness().public()]), Ok(vec![TIME]));
    }

    #[test]
    fn the_lines_of_strangers_are_passed_over() {
        assert_eq!(times(LINE, &[stranger().public()]), Ok(vec![]));
        let both = stranger().cosign(TEXT, TIME + 1).unwrap() + LINE;
        assert_eq!(times(&both, &[witness().public()]), Ok(vec![TIME]));
        assert_eq!(
            times(&both, &[witness().public(), stranger().public()]),
            Ok(vec![TIME, TIME + 1])
        );
    }

    #[test]
    fn of_two_lines_by_one_witness_the_later_counts_and_both_must_hold() {
        let both = witness().cosign(TEXT, TIME + 1).unwrap() + LINE;
        assert_eq!(times(&both, &[witness().public()]), Ok(vec![TIME + 1]));
        let other = witness().cosign(&TEXT.replace("\n3\n", "\n4\n"), TIME + 2).unwrap();
        assert!(times(&(LINE.to_owned() + &other), &[witness().public()]).is_err());
    }

    /// What is signed is text and time; neither may be moved from one line to another, nor a line of the log taken for one.
    #[test]
    fn another_text_another_time_and_another_type_of_signature_are_refused() {
        let refused = |line: &str| {
            times(line, &[witness().public()]) == Err(NoteError::Signature(NAME.into()))
        };
        assert!(refused(&witness().cosign(&TEXT.replace("\n3\n", "\n2\n"), TIME).unwrap()));
        let encoded = LINE.trim_end().rsplit(' ').next().unwrap();
        let bytes = STANDARD.decode(encoded).unwrap();
        for place in [4, 11, 12, 40, 75] {
            let mut edited = bytes.clone();
            edited[place] ^= 1;
            assert!(refused(&format!("— {NAME} {}\n", STANDARD.encode(edited))), "{place}");
        }
        assert!(refused(&format!("— {NAME} {}\n", STANDARD.encode(&bytes[..75]))));
        let log = note::Signer::new(NAME, SigningKey::from_bytes(&[99; 32])).unwrap();
        let plain = log.sign(TEXT).unwrap();
        let plain = plain.split_inclusive('\n').next_back().unwrap();
        assert_eq!(times(plain, &[witness().public()]), Ok(vec![]));
    }

    /// `datetime.fromtimestamp(t, timezone.utc)` of Python.
    #[test]
    fn times_are_shown_as_another_implementation_shows_them() {
        for (time, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (TIME, "2025-11-21T00:00:00Z"),
            (4_102_444_799, "2099-12-31T23:59:59Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(date_time(time), text);
        }
        assert!(!date_time(TIME_MAX).is_empty());
    }

    #[test]
    fn a_time_is_at_most_two_to_the_63() {
        assert!(times(&witness().cosign(TEXT, u64::MAX).unwrap(), &[witness().public()]).is_ok());
        let key = SigningKey::from_bytes(&[99; 32]);
        let signature = key.sign(&message(TEXT, TIME_MAX + 1)).to_bytes();
        let (id, time) = (witness().public().id(), (TIME_MAX + 1).to_be_bytes());
        let line = [id.as_slice(), &time, &signature].concat();
        let line = format!("— {NAME} {}\n", STANDARD.encode(line));
        assert!(times(&line, &[witness().public()]).is_err());
    }

    #[test]
    fn a_key_of_the_log_is_no_key_of_a_witness() {
        let log = note::Signer::new(NAME, SigningKey::from_bytes(&[99; 32])).unwrap();
        assert!(log.verifier_key().to_string().parse::<WitnessKey>().is_err());
        assert!(KEY.parse::<note::VerifierKey>().is_err());
        assert!(KEY.replace("d7f6b75b", "d7f6b75c").parse::<WitnessKey>().is_err());
        assert!(Witness::new("a b", SigningKey::from_bytes(&[1; 32])).is_err());
        assert!(WitnessKey::new("", *witness().public().key()).is_err());
    }
}
