//! Keys: one holder each, and no other way in.

use p256::ecdsa::{Signature, VerifyingKey, signature::hazmat::PrehashVerifier as _};
use ports::{Identity, KEYS, KeptKey, KeyError, KeyPurpose, Keys};
use protocol::{
    Digest,
    key::{Jwk, PublicKey},
};
use secrecy::{ExposeSecret as _, SecretSlice};

use super::Backend;

const MATERIAL: [u8; 32] = *b"0123456789abcdef0123456789ABCDEF";

fn wrapping() -> impl Iterator<Item = (KeyPurpose, Identity)> {
    KEYS.iter().copied().filter(|(purpose, _)| !purpose.is_kept())
}

fn kept() -> impl Iterator<Item = (KeyPurpose, Identity)> {
    KEYS.iter().copied().filter(|(purpose, _)| purpose.is_kept())
}

/// What is comparable about the result of unwrapping.
fn opened(result: Result<SecretSlice<u8>, KeyError>) -> Result<Vec<u8>, KeyError> {
    result.map(|material| material.expose_secret().to_vec())
}

pub async fn material_comes_back_to_its_holder(backend: &dyn Backend) {
    for (purpose, holder) in wrapping() {
        let wrapped = backend.ports(holder).keys.wrap(purpose, &MATERIAL).await.unwrap();
        assert!(!wrapped.windows(8).any(|window| MATERIAL.windows(8).any(|part| part == window)));
        let elsewhere = backend.ports_elsewhere(holder).keys;
        let material = opened(elsewhere.unwrap(purpose, &wrapped).await);
        assert_eq!(material.as_deref(), Ok(MATERIAL.as_slice()), "{purpose:?}");
    }
}

pub async fn every_key_refuses_every_other_identity(backend: &dyn Backend) {
    for (purpose, holder) in wrapping() {
        let wrapped = backend.ports(holder).keys.wrap(purpose, &MATERIAL).await.unwrap();
        for identity in Identity::ALL.into_iter().filter(|identity| *identity != holder) {
            let keys = backend.ports(identity).keys;
            let denied = keys.wrap(purpose, &MATERIAL).await;
            assert!(matches!(denied, Err(KeyError::Denied(_))), "{identity:?} {purpose:?}");
            let denied = opened(keys.unwrap(purpose, &wrapped).await);
            assert!(matches!(denied, Err(KeyError::Denied(_))), "{identity:?} {purpose:?}");
        }
    }
}

pub async fn a_wrapped_key_opens_for_its_purpose_only(backend: &dyn Backend) {
    for (purpose, holder) in wrapping() {
        let keys = backend.ports(holder).keys;
        let wrapped = keys.wrap(purpose, &MATERIAL).await.unwrap();
        for (other, other_holder) in wrapping().filter(|(other, _)| *other != purpose) {
            let opened = opened(backend.ports(other_holder).keys.unwrap(other, &wrapped).await);
            assert_eq!(opened, Err(KeyError::Invalid), "{purpose:?} opened as {other:?}");
        }
    }
}

pub async fn a_changed_wrapped_key_is_refused(backend: &dyn Backend) {
    let keys = backend.ports(Identity::Auth).keys;
    let wrapped = keys.wrap(KeyPurpose::Pepper, &MATERIAL).await.unwrap();
    for index in 0..wrapped.len() {
        let mut changed = wrapped.clone();
        changed[index] ^= 1;
        assert_eq!(unwrap(&*keys, &changed).await, Err(KeyError::Invalid), "byte {index}");
    }
    assert_eq!(unwrap(&*keys, &wrapped[1..]).await, Err(KeyError::Invalid));
    assert_eq!(unwrap(&*keys, &[&wrapped[..], &[0; 8]].concat()).await, Err(KeyError::Invalid));
    assert_eq!(unwrap(&*keys, &[]).await, Err(KeyError::Invalid));
}

async fn unwrap(keys: &dyn Keys, wrapped: &[u8]) -> Result<Vec<u8>, KeyError> {
    opened(keys.unwrap(KeyPurpose::Pepper, wrapped).await)
}

/// Verified by two libraries, so that at least one is not the one that signed.
pub async fn what_a_kept_key_signs_is_verified_with_its_public_half(backend: &dyn Backend) {
    let digest = Digest::of(MESSAGE).0;
    for (purpose, holder) in kept() {
        let keys = backend.ports(holder).keys;
        let public = keys.public(purpose).await.unwrap();
        let signed = keys.sign(purpose, &digest).await.unwrap();
        assert_eq!(signed.version, public.version, "{purpose:?}");
        assert_eq!(backend.ports_elsewhere(holder).keys.public(purpose).await, Ok(public.clone()));
        assert_eq!(verified(&public, MESSAGE, &signed.signature), [true, true], "{purpose:?}");
        assert_eq!(verified(&public, b"another", &signed.signature), [false, false]);
        let mut changed = signed.signature;
        changed[40] ^= 1;
        assert_eq!(verified(&public, MESSAGE, &changed), [false, false]);
    }
}

const MESSAGE: &[u8] = b"the head of a directory";

fn verified(key: &KeptKey, message: &[u8], signature: &[u8; 64]) -> [bool; 2] {
    let aws_lc = PublicKey::from_jwk(&Jwk::P256 { x: key.x, y: key.y }).unwrap();
    let point = [&[4], key.x.as_slice(), key.y.as_slice()].concat();
    let rust_crypto = VerifyingKey::from_sec1_bytes(&point).unwrap();
    let parsed = Signature::from_slice(signature).unwrap();
    [
        aws_lc.verify(message, signature).is_ok(),
        rust_crypto.verify_prehash(&Digest::of(message).0, &parsed).is_ok(),
    ]
}

pub async fn every_kept_key_refuses_every_other_identity(backend: &dyn Backend) {
    for (purpose, holder) in kept() {
        for identity in Identity::ALL.into_iter().filter(|identity| *identity != holder) {
            let keys = backend.ports(identity).keys;
            let refusals = [
                keys.sign(purpose, &MATERIAL).await.err(),
                keys.public(purpose).await.err(),
                keys.wrap(purpose, &MATERIAL).await.err(),
                keys.unwrap(purpose, &[0; 40]).await.err(),
            ];
            for refusal in refusals {
                assert!(matches!(refusal, Some(KeyError::Denied(_))), "{identity:?} {purpose:?}");
            }
        }
    }
}

pub async fn a_kept_key_does_not_wrap_and_a_wrapping_key_does_not_sign(backend: &dyn Backend) {
    for (purpose, holder) in kept() {
        let keys = backend.ports(holder).keys;
        let unfit = KeyError::Unfit(purpose.name());
        assert_eq!(keys.wrap(purpose, &MATERIAL).await, Err(unfit.clone()));
        assert_eq!(opened(keys.unwrap(purpose, &[0; 40]).await), Err(unfit));
    }
    for (purpose, holder) in wrapping() {
        let keys = backend.ports(holder).keys;
        let unfit = KeyError::Unfit(purpose.name());
        assert_eq!(keys.sign(purpose, &MATERIAL).await, Err(unfit.clone()), "{purpose:?}");
        assert_eq!(keys.public(purpose).await, Err(unfit), "{purpose:?}");
    }
}
