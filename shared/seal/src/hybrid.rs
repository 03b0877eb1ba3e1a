//! Sealing to a public key, which only the private one opens: HPKE in base mode (RFC 9180 §5.1.1), single shot (§6.1).
//!
//! One suite: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM (0x0020, 0x0001, 0x0002). What is sealed is enc (32 bytes) ‖ ciphertext.

use std::convert::Infallible;

use hpke::{
    Deserializable as _, Kem as _, OpModeR, OpModeS, Serializable as _,
    aead::AesGcm256,
    kdf::HkdfSha256,
    kem::X25519HkdfSha256,
    rand_core::{TryCryptoRng, TryRng},
    single_shot_open, single_shot_seal_with_rng,
};
use zeroize::Zeroizing;

type Private = <X25519HkdfSha256 as hpke::Kem>::PrivateKey;
type Public = <X25519HkdfSha256 as hpke::Kem>::PublicKey;
type Encapsulated = <X25519HkdfSha256 as hpke::Kem>::EncappedKey;

const ENCAPSULATED: usize = 32;
/// How much longer what is sealed is than what was sealed, in bytes: the encapsulated key and a GCM tag.
pub const HYBRID_OVERHEAD: usize = ENCAPSULATED + 16;

/// Why nothing was sealed or opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum HybridError {
    /// Not a key to which can be sealed.
    #[error("this is no X25519 public key")]
    Key,
    /// Not sealed to this key for this purpose, or changed.
    #[error("it was not sealed to this key for this purpose, or was changed")]
    Sealed,
}

/// A private key, and the public one to which others seal.
pub struct HybridKey {
    private: Private,
    public: [u8; 32],
}

impl HybridKey {
    /// The key pair that follows from 32 random bytes (`DeriveKeyPair`, RFC 9180 §7.1.3).
    pub fn from_ikm(ikm: &[u8; 32]) -> Self {
        let (private, public) = X25519HkdfSha256::derive_keypair(ikm);
        Self { private, public: public.to_bytes().into() }
    }

    /// The public half.
    pub const fn public(&self) -> [u8; 32] {
        self.public
    }

    /// Opens what was sealed to the public half with the same `info` and `aad`.
    ///
    /// # Errors
    /// [`HybridError::Sealed`].
    pub fn open(
        &self,
        info: &[u8],
        aad: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, HybridError> {
        let refused = |_| HybridError::Sealed;
        let (encapsulated, ciphertext) =
            sealed.split_at_checked(ENCAPSULATED).ok_or(HybridError::Sealed)?;
        let encapsulated = Encapsulated::from_bytes(encapsulated).map_err(refused)?;
        let opened = single_shot_open::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &self.private,
            &encapsulated,
            info,
            ciphertext,
            aad,
        );
        opened.map(Zeroizing::new).map_err(refused)
    }
}

/// Seals `plaintext` to `public`; it opens with the same `info` and `aad` only. `ikm` is 32 fresh random bytes.
///
/// # Errors
/// [`HybridError::Key`].
pub fn seal_to(
    public: &[u8; 32],
    ikm: &[u8; 32],
    (info, aad): (&[u8], &[u8]),
    plaintext: &[u8],
) -> Result<Vec<u8>, HybridError> {
    let refused = |_| HybridError::Key;
    let public = Public::from_bytes(public).map_err(refused)?;
    let (encapsulated, ciphertext) =
        single_shot_seal_with_rng::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
            &OpModeS::Base,
            &public,
            info,
            plaintext,
            aad,
            &mut Given(ikm),
        )
        .map_err(refused)?;
    Ok([encapsulated.to_bytes().as_slice(), &ciphertext].concat())
}

/// The given 32 bytes as the source of the one value that HPKE draws: the seed of its ephemeral key.
struct Given<'a>(&'a [u8; 32]);

impl TryRng for Given<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.iter_mut().zip(self.0.iter().cycle()).for_each(|(byte, given)| *byte = *given);
        Ok(())
    }
}

impl TryCryptoRng for Given<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &str) -> [u8; 32] {
        hex::decode(text).unwrap().try_into().unwrap()
    }

    /// RFC 9180 appendix A.1.1 (DHKEM(X25519, HKDF-SHA256)): `ikmR` and `pkRm`.
    #[test]
    fn the_key_pair_is_that_of_rfc_9180() {
        let ikm = "6db9df30aa07dd42ee5e8181afdb977e538f5e1fec8a06223f33f7013e525037";
        let public = "3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d";
        assert_eq!(hex::encode(HybridKey::from_ikm(&bytes(ikm)).public()), public);
    }

    /// RFC 9180 test vector of mode 0, KEM 0x0020, KDF 0x0001, AEAD 0x0002 (keys and `enc`); the first ciphertext
    /// from pyhpke 0.6.5 with that key.
    #[test]
    fn the_suite_is_that_of_rfc_9180() {
        let recipient = bytes("dac33b0e9db1b59dbbea58d59a14e7b5896e9bdf98fad6891e99d1686492b9ee");
        let ephemeral = bytes("2cd7c601cefb3d42a62b04b7a9041494c06c7843818e0ce28a8f704ae7ab20f9");
        let key = HybridKey::from_ikm(&recipient);
        assert_eq!(
            hex::encode(key.public()),
            "430f4b9859665145a6b1ba274024487bd66f03a2dd577d7753c68d7d7d00c00c"
        );
        let bound: (&[u8], &[u8]) = (b"Ode on a Grecian Urn", b"Count-0");
        let plaintext = b"Beauty is truth, truth beauty";
        let sealed = seal_to(&key.public(), &ephemeral, bound, plaintext).unwrap();
        assert_eq!(sealed.len(), plaintext.len() + HYBRID_OVERHEAD);
        let (encapsulated, ciphertext) = sealed.split_at(ENCAPSULATED);
        assert_eq!(
            hex::encode(encapsulated),
            "6c93e09869df3402d7bf231bf540fadd35cd56be14f97178f0954db94b7fc256"
        );
        assert_eq!(
            hex::encode(ciphertext),
            "e5d84cd531cfb583096e7cfa9641bd3079cf3a91cda813c52deb5f512be9931980a41de125a925cdad859d5b7a"
        );
        assert_eq!(key.open(bound.0, bound.1, &sealed).unwrap().as_slice(), plaintext);
        assert_eq!(key.open(bound.0, b"Count-1", &sealed), Err(HybridError::Sealed));
        assert_eq!(key.open(b"Ode", bound.1, &sealed), Err(HybridError::Sealed));
    }
}
