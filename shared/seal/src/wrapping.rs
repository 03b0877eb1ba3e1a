//! Keys wrapped by keys: AES-256 key wrap (RFC 3394), for wherever no key vault does it.

use std::fmt;

use aes_kw::{KeyInit as _, KwAes256};
use zeroize::Zeroizing;

use crate::derived::derived;

/// How long a wrapped key is, in bytes: the key and 8 bytes that show any change.
pub const WRAPPED_LENGTH: usize = 40;

/// A key that wraps other keys and nothing else. Wiped when dropped, never printed.
#[derive(Clone)]
pub struct WrappingKey(Zeroizing<[u8; 32]>);

/// Why a key was not unwrapped.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the wrapped key is not this key's, or was changed")]
pub struct UnwrapError;

impl WrappingKey {
    /// The key of 32 random bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The key for the purpose that `label` names: HKDF-SHA256 without salt, info = `"proofline/1 key "` ‖ label.
    /// Different labels give keys that say nothing of each other or of this one.
    #[must_use]
    pub fn derive(&self, label: &str) -> Self {
        Self(derived(self.0.as_slice(), None, &[b"proofline/1 key ", label.as_bytes()]))
    }
}

impl fmt::Debug for WrappingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WrappingKey")
    }
}

/// Wraps 32 bytes of key material. The same key always wraps to the same bytes: RFC 3394 needs no nonce, and is for
/// random keys only.
pub fn wrap(key: &WrappingKey, material: &[u8; 32]) -> [u8; WRAPPED_LENGTH] {
    let mut wrapped = [0; WRAPPED_LENGTH];
    KwAes256::new(&(*key.0).into())
        .wrap_key(material, &mut wrapped)
        .expect("32 bytes are whole blocks, and the buffer is one block longer");
    wrapped
}

/// Gives back what was wrapped under the same key.
///
/// # Errors
/// [`UnwrapError`]: not 40 bytes, another key, or any bit changed (found but for a chance of 2⁻⁶⁴).
pub fn unwrap(key: &WrappingKey, wrapped: &[u8]) -> Result<Zeroizing<[u8; 32]>, UnwrapError> {
    let mut material = Zeroizing::new([0; 32]);
    if wrapped.len() != WRAPPED_LENGTH {
        return Err(UnwrapError);
    }
    KwAes256::new(&(*key.0).into())
        .unwrap_key(wrapped, material.as_mut_slice())
        .map_err(|_| UnwrapError)?;
    Ok(material)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rfc_3394_key() -> WrappingKey {
        WrappingKey::new(std::array::from_fn(|i| u8::try_from(i).unwrap()))
    }

    fn rfc_3394_material() -> [u8; 32] {
        hex::decode("00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f")
            .unwrap()
            .try_into()
            .unwrap()
    }

    /// RFC 3394 §4.6.
    #[test]
    fn a_key_is_wrapped_as_in_rfc_3394() {
        let wrapped = wrap(&rfc_3394_key(), &rfc_3394_material());
        let expected =
            "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21";
        assert_eq!(hex::encode(wrapped), expected);
        assert_eq!(*unwrap(&rfc_3394_key(), &wrapped).unwrap(), rfc_3394_material());
    }

    #[test]
    fn a_changed_bit_another_length_and_another_key_are_refused() {
        let wrapped = wrap(&rfc_3394_key(), &rfc_3394_material());
        for bit in 0..WRAPPED_LENGTH * 8 {
            let mut changed = wrapped;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(unwrap(&rfc_3394_key(), &changed), Err(UnwrapError), "bit {bit}");
        }
        for length in 0..WRAPPED_LENGTH {
            assert_eq!(unwrap(&rfc_3394_key(), &wrapped[..length]), Err(UnwrapError));
        }
        assert_eq!(
            unwrap(&rfc_3394_key(), &[wrapped.as_slice(), &[0; 8]].concat()),
            Err(UnwrapError)
        );
        assert_eq!(unwrap(&WrappingKey::new([7; 32]), &wrapped), Err(UnwrapError));
    }

    /// Python cryptography 50.0.2: `HKDF(SHA256(), 32, None, b"proofline/1 key " + label).derive(bytes(range(32)))`.
    #[test]
    fn each_label_gives_a_key_of_its_own() {
        let derived = |label: &str| hex::encode(*rfc_3394_key().derive(label).0);
        assert_eq!(
            derived("field"),
            "2304c24f9707893a43e261b8ef1d5debb58a14c5746eb64cfeeda91b3ba81228"
        );
        assert_eq!(
            derived("command"),
            "588fddf36059846ba6216b0835d59b892bca0d30f14d473e89e486670ecfac1f"
        );
    }
}
