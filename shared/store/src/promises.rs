//! What one request was promised: a promise for each change that was committed in its caller's name.

use std::sync::{Arc, Mutex, PoisonError};

/// What one request was promised. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Promises(Arc<Mutex<Vec<String>>>);

impl Promises {
    /// All of them as signed lines ([`protocol::promise`]), in the order of the commits.
    pub fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn note(&self, line: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}
