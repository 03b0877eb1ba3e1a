//! A blob that comes in pieces: a draft beside its place, which gets its name at the end.

use std::{io, path::Path};

use async_trait::async_trait;
use ports::{BlobError, Etag, NewBlob, Randomness};
use sha2::{Digest as _, Sha256};

use super::blocking;
use crate::files::{self, Draft};

/// What was written so far; nothing after a failure.
pub(super) struct LocalNewBlob(Option<Writing>);

struct Writing {
    draft: Draft,
    hasher: Sha256,
}

impl LocalNewBlob {
    pub(super) fn begin(path: &Path, randomness: &dyn Randomness) -> io::Result<Self> {
        let draft = Draft::begin(path, randomness)?;
        // They may be gigabytes.
        path.parent().map_or(Ok(()), files::remove_left_drafts)?;
        Ok(Self(Some(Writing { draft, hasher: Sha256::new() })))
    }
}

#[async_trait]
impl NewBlob for LocalNewBlob {
    async fn append(&mut self, bytes: Vec<u8>) -> Result<(), BlobError> {
        let mut writing = self.0.take().ok_or_else(failed_before)?;
        let appended = move || {
            writing.draft.append(&bytes)?;
            writing.hasher.update(&bytes);
            Ok(writing)
        };
        self.0 = Some(blocking(appended).await?);
        Ok(())
    }

    async fn store(mut self: Box<Self>) -> Result<Etag, BlobError> {
        let Writing { draft, hasher } = self.0.take().ok_or_else(failed_before)?;
        let etag = Etag(hex::encode(hasher.finalize()));
        if blocking(move || draft.create()).await? { Ok(etag) } else { Err(BlobError::Moved) }
    }
}

fn failed_before() -> BlobError {
    BlobError::Unavailable("a piece of this blob was not written".to_owned())
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        sync::atomic::{AtomicU8, Ordering},
    };

    use super::*;

    /// Other bytes each time.
    struct Counting(AtomicU8);

    impl Randomness for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0.fetch_add(1, Ordering::Relaxed));
        }
    }

    #[tokio::test]
    async fn what_a_killed_writer_left_is_removed_and_what_is_being_written_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let random = Counting(AtomicU8::new(0));
        let place = |name: &str| folder.path().join(name);
        fs::write(place(".draft-of-one-who-was-killed"), b"half").unwrap();
        fs::write(place("stored"), b"whole").unwrap();
        let mut first = LocalNewBlob::begin(&place("first"), &random).unwrap();
        assert!(!place(".draft-of-one-who-was-killed").exists());
        let second = LocalNewBlob::begin(&place("second"), &random).unwrap();
        drop(second);
        first.append(b"first".to_vec()).await.unwrap();
        Box::new(first).store().await.unwrap();
        assert_eq!(fs::read(place("first")).unwrap(), b"first");
        assert_eq!(fs::read(place("stored")).unwrap(), b"whole");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
