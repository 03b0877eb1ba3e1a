//! Tokens whose signature was verified: it does not change. Whether a token counts now is looked at each time.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use sha2::{Digest as _, Sha256};

use super::AccessClaims;

/// Tokens that are remembered: beyond, all are forgotten, and cost a signature again.
const REMEMBERED_MAX: usize = 10_000;

/// What verified tokens say, by the SHA-256 of their exact text. Nobody who reads the memory of a process finds a token here.
#[derive(Clone, Default)]
pub(super) struct Verified(Arc<Mutex<HashMap<[u8; 32], AccessClaims>>>);

impl Verified {
    pub(super) fn digest(token: &str) -> [u8; 32] {
        Sha256::digest(token).into()
    }

    pub(super) fn recall(&self, digest: &[u8; 32]) -> Option<AccessClaims> {
        self.all().get(digest).cloned()
    }

    pub(super) fn remember(&self, digest: [u8; 32], claims: AccessClaims) {
        let mut all = self.all();
        if all.len() >= REMEMBERED_MAX {
            all.clear();
        }
        all.insert(digest, claims);
    }

    fn all(&self) -> MutexGuard<'_, HashMap<[u8; 32], AccessClaims>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Verified({})", self.all().len())
    }
}
