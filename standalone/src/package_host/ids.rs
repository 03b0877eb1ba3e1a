//! Names of invocations: random, from bytes that are asked of the system many at once.

use std::sync::{Arc, Mutex, PoisonError};

use axum::http::HeaderValue;
use ports::Randomness;

use crate::serve::dispatcher::guid_text;

/// How many bytes are asked for at once, and how many a name takes.
const BYTES: usize = 4096;
const ID_BYTES: usize = 16;

/// Makes names. Nothing secret comes from here.
pub(crate) struct Ids {
    randomness: Arc<dyn Randomness>,
    left: Mutex<Vec<u8>>,
}

impl Ids {
    pub(crate) fn new(randomness: Arc<dyn Randomness>) -> Self {
        Self { randomness, left: Mutex::default() }
    }

    /// The next one: a random GUID.
    pub(crate) fn next(&self) -> HeaderValue {
        let id = HeaderValue::from_bytes(&guid_text(self));
        id.unwrap_or(HeaderValue::from_static(""))
    }
}

impl Randomness for Ids {
    fn fill(&self, bytes: &mut [u8]) {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        if left.len() < bytes.len().max(ID_BYTES) {
            left.resize(BYTES.max(bytes.len()), 0);
            self.randomness.fill(&mut left);
        }
        let at = left.len().saturating_sub(bytes.len());
        for (to, from) in bytes.iter_mut().zip(left.drain(at..)) {
            *to = from;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use ambient::SystemRandomness;

    use super::*;

    #[test]
    fn no_name_comes_twice_and_none_is_made_of_zeros() {
        let ids = Ids::new(Arc::new(SystemRandomness));
        let seen: HashSet<String> =
            (0..BYTES).map(|_| ids.next().to_str().unwrap().to_owned()).collect();
        assert_eq!(seen.len(), BYTES);
        assert!(seen.iter().all(|id| id.len() == 36 && !id.starts_with("00000000-0000")));
    }
}
