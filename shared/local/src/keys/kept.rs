//! Kept keys: P-256 (FIPS 186-5), signatures by RFC 6979, so that signing needs no random number.
//!
//! The scalar is `HKDF-SHA-256(root key, salt "proofline/local/kept-keys/1", info = name of the purpose ‖ 0x00 ‖ i)` for the first
//! i = 0, 1, … that gives a number in 1..n; each misses with a probability of 2⁻³².

use hkdf::Hkdf;
use p256::ecdsa::{Signature, SigningKey, signature::hazmat::PrehashSigner as _};
use ports::{KeptKey, KeyError, KeyPurpose, StoreSignature};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::root_key::RootKey;

const SALT: &[u8] = b"proofline/local/kept-keys/1";
/// The root key has one version: it is never rotated.
const VERSION: &str = "1";

/// Signs a SHA-256 digest.
pub(super) fn sign(
    root: &RootKey,
    purpose: KeyPurpose,
    digest: &[u8; 32],
) -> Result<StoreSignature, KeyError> {
    let signature: Signature = signing_key(root, purpose)?.sign_prehash(digest).map_err(failed)?;
    Ok(StoreSignature { signature: signature.to_bytes().into(), version: VERSION.to_owned() })
}

/// The public half.
pub(super) fn public(root: &RootKey, purpose: KeyPurpose) -> Result<KeptKey, KeyError> {
    let point = signing_key(root, purpose)?.verifying_key().to_sec1_point(false);
    let (Some(x), Some(y)) = (point.x(), point.y()) else {
        return Err(KeyError::Unavailable("the public key is no point of P-256".to_owned()));
    };
    Ok(KeptKey { x: (*x).into(), y: (*y).into(), version: VERSION.to_owned() })
}

fn signing_key(root: &RootKey, purpose: KeyPurpose) -> Result<SigningKey, KeyError> {
    let hkdf = Hkdf::<Sha256>::new(Some(SALT), &**root);
    let scalar = |attempt: u8| {
        let mut scalar = Zeroizing::new([0; 32]);
        let info = [purpose.name().as_bytes(), &[0, attempt]].concat();
        hkdf.expand(&info, &mut *scalar).expect("HKDF-SHA-256 gives up to 8,160 bytes");
        SigningKey::from_slice(&*scalar).ok()
    };
    (0..=u8::MAX)
        .find_map(scalar)
        .ok_or_else(|| KeyError::Unavailable("no scalar of P-256 was found".to_owned()))
}

fn failed(error: p256::ecdsa::Error) -> KeyError {
    KeyError::Unavailable(error.to_string())
}
