//! Keys: one holder each, and no other way in.

use ports::{Identity, KEYS, KeyError, KeyPurpose, Keys};
use secrecy::{ExposeSecret as _, SecretSlice};

use super::Backend;

const MATERIAL: [u8; 32] = *b"0123456789abcdef0123456789ABCDEF";

/// What is comparable about the result of unwrapping.
fn opened(result: Result<SecretSlice<u8>, KeyError>) -> Result<Vec<u8>, KeyError> {
    result.map(|material| material.expose_secret().to_vec())
}

pub async fn material_comes_back_to_its_holder(backend: &dyn Backend) {
    for (purpose, holder) in KEYS {
        let wrapped = backend.ports(*holder).keys.wrap(*purpose, &MATERIAL).await.unwrap();
        assert!(!wrapped.windows(8).any(|window| MATERIAL.windows(8).any(|part| part == window)));
        let elsewhere = backend.ports_elsewhere(*holder).keys;
        let material = opened(elsewhere.unwrap(*purpose, &wrapped).await);
        assert_eq!(material.as_deref(), Ok(MATERIAL.as_slice()), "{purpose:?}");
    }
}

pub async fn every_key_refuses_every_other_identity(backend: &dyn Backend) {
    for (purpose, holder) in KEYS {
        let wrapped = backend.ports(*holder).keys.wrap(*purpose, &MATERIAL).await.unwrap();
        for identity in Identity::ALL.into_iter().filter(|identity| identity != holder) {
            let keys = backend.ports(identity).keys;
            let denied = keys.wrap(*purpose, &MATERIAL).await;
            assert!(matches!(denied, Err(KeyError::Denied(_))), "{identity:?} {purpose:?}");
            let denied = opened(keys.unwrap(*purpose, &wrapped).await);
            assert!(matches!(denied, Err(KeyError::Denied(_))), "{identity:?} {purpose:?}");
        }
    }
}

pub async fn a_wrapped_key_opens_for_its_purpose_only(backend: &dyn Backend) {
    for (purpose, holder) in KEYS {
        let keys = backend.ports(*holder).keys;
        let wrapped = keys.wrap(*purpose, &MATERIAL).await.unwrap();
        for (other, other_holder) in KEYS.iter().filter(|(other, _)| other != purpose) {
            let opened = opened(backend.ports(*other_holder).keys.unwrap(*other, &wrapped).await);
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
