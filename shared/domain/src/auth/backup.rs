//! Backup codes: ten ways in without the authenticator app, each for one use.
//!
//! Shape: `NN-XXXX-XXXX-XXXX-XXXX`: the place of the code, 01 to 10, and 80 random bits in Crockford's base 32. The place says which hash to
//! compare with, so that a try costs one bcrypt and not ten. `hash = bcrypt(cost 10, salt, base64(HMAC-SHA-384(pepper, code)))`.

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use super::{Pepper, password::peppered};
use crate::Timestamp;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const SYMBOLS: usize = 16;
/// 2¹⁰ rounds: the codes are random, so that cost only slows what nobody can guess anyway.
const COST: u32 = 10;
/// The hash of random bytes that were thrown away, for codes that are used or never were.
const DUMMY: &str = "$2b$10$KuVfGqJ2A0hKA/t5EGLZieuYUcTJ2E3y5EPuNHcJrmS5WLFeyMsDe";

/// A backup code in the clear; never shown by `Debug`.
#[derive(Clone, Debug)]
pub struct BackupCode {
    /// Its place, from 0.
    place: usize,
    symbols: SecretString,
}

/// The hash of one code.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct CodeHash(String);

/// The codes of one user, as they are kept.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BackupCodes {
    /// The pepper's name.
    pepper: String,
    /// By place; `None` once it was used.
    hashes: Vec<Option<CodeHash>>,
    /// When they were made.
    pub made_at: Timestamp,
}

impl BackupCode {
    /// The code at `place` (from 0) with these random bits.
    pub fn new(place: usize, random: [u8; 10]) -> Self {
        let bits = random.iter().fold(0_u128, |bits, byte| (bits << 8) | u128::from(*byte));
        let symbol = |n: usize| {
            let digit = (bits >> (5 * (SYMBOLS - 1 - n))) & 31;
            let symbol = usize::try_from(digit).ok().and_then(|digit| ALPHABET.get(digit));
            char::from(*symbol.unwrap_or(&b'0'))
        };
        Self { place, symbols: (0..SYMBOLS).map(symbol).collect::<String>().into() }
    }

    /// What a person typed: case, spaces and hyphens do not matter, `O` is `0`, `I` and `L` are `1`.
    pub fn typed(text: &str) -> Option<Self> {
        let letters = text.chars().filter(|letter| !matches!(letter, ' ' | '-')).map(canonical);
        let letters: String = letters.take(SYMBOLS + 3).collect();
        let (place, symbols) = letters.split_at_checked(2)?;
        let is_code = symbols.len() == SYMBOLS && symbols.bytes().all(|b| ALPHABET.contains(&b));
        if !place.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let place = place.parse::<usize>().ok()?.checked_sub(1)?;
        (is_code && place < BackupCodes::COUNT).then(|| Self { place, symbols: symbols.into() })
    }

    /// What the person is shown, once.
    pub fn expose(&self) -> SecretString {
        let symbols = self.symbols.expose_secret();
        let group = |n: usize| symbols.get(n * 4..n * 4 + 4).unwrap_or_default();
        let place = self.place + 1;
        format!("{place:02}-{}-{}-{}-{}", group(0), group(1), group(2), group(3)).into()
    }

    fn hash(&self, pepper: &Pepper, salt: [u8; 16]) -> CodeHash {
        let input = peppered(pepper, self.symbols.expose_secret());
        let hashed = bcrypt::non_truncating_hash_with_salt(input.as_bytes(), COST, salt);
        CodeHash(hashed.expect("64 bytes and cost 10 are within the limits of bcrypt").to_string())
    }

    /// Whether this is the code of `hash`; without a hash, false after the same work (60 ms of CPU).
    pub fn is_of(&self, pepper: &Pepper, hash: Option<&CodeHash>) -> bool {
        let input = peppered(pepper, self.symbols.expose_secret());
        let compared = hash.map_or(DUMMY, |hash| &hash.0);
        let right = bcrypt::non_truncating_verify(input.as_bytes(), compared).unwrap_or(false);
        right && hash.is_some()
    }
}

impl BackupCodes {
    /// How many there are.
    pub const COUNT: usize = 10;
    /// From how many left on a person is told to make new ones.
    pub const FEW: usize = 3;

    /// Hashes `codes`, each with its salt. Takes 0.6 s of CPU.
    pub fn make(pepper: &Pepper, codes: &[(BackupCode, [u8; 16])], now: Timestamp) -> Self {
        let hashes = codes.iter().map(|(code, salt)| Some(code.hash(pepper, *salt))).collect();
        Self { pepper: pepper.id.clone(), hashes, made_at: now }
    }

    /// The name of the pepper that they were made with.
    pub fn pepper(&self) -> &str {
        &self.pepper
    }

    /// How many are left.
    pub fn remaining(&self) -> usize {
        self.hashes.iter().flatten().count()
    }

    /// What `code` is to be compared with; `None` when it was used, or was made with another pepper.
    pub fn hash_of(&self, code: &BackupCode, pepper: &Pepper) -> Option<&CodeHash> {
        let hash = self.hashes.get(code.place)?.as_ref();
        hash.filter(|_| self.pepper == pepper.id)
    }

    /// Without the code of `hash`; `None` when there is no such code any more.
    pub(super) fn without(mut self, code: &BackupCode, hash: &CodeHash) -> Option<Self> {
        let kept = self.hashes.get_mut(code.place)?;
        if !bool::from(kept.as_ref()?.0.as_bytes().ct_eq(hash.0.as_bytes())) {
            return None;
        }
        *kept = None;
        Some(self)
    }
}

fn canonical(letter: char) -> char {
    match letter.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;
    use secrecy::SecretBox;

    use super::*;

    fn pepper() -> Pepper {
        let key = std::array::from_fn(|n| u8::try_from(n).unwrap());
        Pepper { id: "pp-1".into(), key: SecretBox::new(Box::new(key)) }
    }

    /// The code at `place` with the bits of `hello worl`.
    fn code(place: usize) -> BackupCode {
        BackupCode::new(place, *b"hello worl")
    }

    pub(in crate::auth) fn codes() -> (BackupCodes, BackupCode, CodeHash) {
        let salted = [(code(0), [1; 16]), (code(1), [2; 16])];
        let codes = BackupCodes::make(&pepper(), &salted, Timestamp::from_unix_s(0));
        let hash = codes.hash_of(&code(1), &pepper()).unwrap().clone();
        (codes, code(1), hash)
    }

    /// Python: `base64.b32encode(b'hello worl')`, translated from RFC 4648's alphabet to Crockford's.
    #[test]
    fn a_code_is_its_place_and_eighty_bits_in_base_32() {
        assert_eq!(code(0).expose().expose_secret(), "01-D1JP-RV3F-41VP-YWKC");
        assert_eq!(code(9).expose().expose_secret(), "10-D1JP-RV3F-41VP-YWKC");
    }

    #[test]
    fn what_a_person_types_is_read_as_it_was_meant() {
        for text in ["01-D1JP-RV3F-41VP-YWKC", "01d1jprv3f41vpywkc", " 01 DIJP rv3f 4LVP ywkc "] {
            let typed = BackupCode::typed(text).unwrap();
            assert_eq!(typed.expose().expose_secret(), code(0).expose().expose_secret(), "{text}");
        }
        for text in [
            "",
            "01",
            "00-D1JP-RV3F-41VP-YWKC",
            "11-D1JP-RV3F-41VP-YWKC",
            "01-D1JP-RV3F-41VP-YWK",
            "01-D1JP-RV3F-41VP-YWKCC",
            "01-D1JP-RV3F-41VP-YWKU",
            "+1-D1JP-RV3F-41VP-YWKC",
            "\u{661}-D1JP-RV3F-41VP-YWKC",
        ] {
            assert!(BackupCode::typed(text).is_none(), "{text:?}");
        }
    }

    /// Threat T16.
    #[test]
    fn a_code_counts_at_its_place_once() {
        let (codes, code, hash) = codes();
        assert!(code.is_of(&pepper(), Some(&hash)));
        assert!(!BackupCode::new(1, *b"hello worm").is_of(&pepper(), Some(&hash)));
        assert!(!code.is_of(&pepper(), None));
        let other = Pepper { id: "pp-2".into(), ..pepper() };
        assert!(codes.hash_of(&code, &other).is_none());
        assert_eq!(codes.remaining(), 2);
        let used = codes.without(&code, &hash).unwrap();
        assert_eq!((used.remaining(), used.hash_of(&code, &pepper())), (1, None));
        assert_eq!(used.without(&code, &hash), None);
    }

    /// A code that was used costs what an unused one costs.
    #[test]
    fn the_dummy_is_a_hash_of_the_same_cost() {
        assert_eq!(DUMMY.parse::<bcrypt::HashParts>().unwrap().get_cost(), COST);
    }

    #[test]
    fn debug_does_not_show_it() {
        assert!(!format!("{:?}", code(0)).contains("D1JP"));
    }

    proptest! {
        #[test]
        fn every_code_is_read_back(place in 0_usize..10, random in prop::array::uniform10(0_u8..)) {
            let code = BackupCode::new(place, random);
            let shown = code.expose();
            let read = BackupCode::typed(shown.expose_secret()).unwrap().expose();
            prop_assert_eq!(read.expose_secret(), shown.expose_secret());
        }
    }
}
