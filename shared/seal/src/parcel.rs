//! Parcels: sealed to a public key, for the one app that holds the private one.

use zeroize::Zeroizing;

use crate::{HybridError, HybridKey, seal_to};

const INFO: &[u8] = b"proofline/1 parcel";

/// The public key of `material`, 32 random bytes (`DeriveKeyPair`, RFC 9180 §7.1.3).
pub fn public_of(material: &[u8; 32]) -> [u8; 32] {
    HybridKey::from_ikm(material).public()
}

/// Seals `plaintext` to `public`; it opens under the same `label` only. `ikm` is 32 fresh random bytes.
///
/// [`seal_to`] with info = "proofline/1 parcel" and aad = label.
///
/// # Errors
/// [`HybridError::Key`].
pub fn seal_parcel(
    public: &[u8; 32],
    ikm: &[u8; 32],
    label: &str,
    plaintext: &[u8],
) -> Result<Vec<u8>, HybridError> {
    seal_to(public, ikm, (INFO, label.as_bytes()), plaintext)
}

/// Opens what was sealed to the public key of `material`.
///
/// # Errors
/// [`HybridError::Sealed`].
pub fn open_parcel(
    material: &[u8; 32],
    label: &str,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, HybridError> {
    HybridKey::from_ikm(material).open(INFO, label.as_bytes(), sealed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parcel_opens_with_its_key_under_its_label_only() {
        let (key, public) = ([7; 32], public_of(&[7; 32]));
        let sealed = seal_parcel(&public, &[8; 32], "aud_1", b"203.0.113.7").unwrap();
        assert_eq!(open_parcel(&key, "aud_1", &sealed).unwrap().as_slice(), b"203.0.113.7");
        assert_eq!(open_parcel(&key, "aud_2", &sealed), Err(HybridError::Sealed));
        assert_eq!(open_parcel(&[9; 32], "aud_1", &sealed), Err(HybridError::Sealed));
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            // The highest bit of the encapsulated key is masked (RFC 7748 §5), but is bound by the key schedule.
            assert!(open_parcel(&key, "aud_1", &flipped).is_err(), "bit {bit}");
        }
        assert_eq!(open_parcel(&key, "aud_1", &sealed[..31]), Err(HybridError::Sealed));
    }
}
