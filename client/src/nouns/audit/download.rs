//! A download that is whole and right, or not there.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

use crate::{Api, failure::Failure};

/// Writes what `source` answers into a new file, if its SHA-256 is `expected`.
pub(super) async fn download(
    api: &Api,
    source: &str,
    expected: &str,
    path: &Path,
) -> Result<(), Failure> {
    let mut part = Part::begin(path)?;
    let streamed = api.stream(source, |bytes| part.write(bytes)).await?;
    streamed.map_err(|error| Failure::file(path, error))?;
    part.finish(expected)
}

/// A file that is being written beside its final name; removed unless it is finished.
struct Part {
    path: PathBuf,
    part: PathBuf,
    file: File,
    hasher: Sha256,
}

impl Part {
    fn begin(path: &Path) -> Result<Self, Failure> {
        if path.exists() {
            return Err(Failure::file(path, "it exists; give another name with --out"));
        }
        let mut name = path.as_os_str().to_owned();
        name.push(".part");
        let part = PathBuf::from(name);
        let file = OpenOptions::new().write(true).create(true).truncate(true).open(&part);
        let file = file.map_err(|error| Failure::file(&part, error))?;
        Ok(Self { path: path.to_owned(), part, file, hasher: Sha256::new() })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        self.file.write_all(bytes)
    }

    fn finish(self, expected: &str) -> Result<(), Failure> {
        let got = protocol::Digest(self.hasher.clone().finalize().into()).to_string();
        if got != expected {
            return Err(Failure::Digest { expected: expected.to_owned(), got });
        }
        let kept = self.file.sync_all().and_then(|()| fs::hard_link(&self.part, &self.path));
        kept.map_err(|error| Failure::file(&self.path, error))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // If it cannot be removed, its name says what it is.
        fs::remove_file(&self.part).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-4, example "abc".
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_download_is_kept_only_if_it_is_what_was_announced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.audit.zip");
        let mut part = Part::begin(&path).unwrap();
        part.write(b"ab").unwrap();
        part.write(b"d").unwrap();
        assert!(matches!(part.finish(ABC), Err(Failure::Digest { .. })));
        assert!(names(folder.path()).is_empty());

        let mut part = Part::begin(&path).unwrap();
        part.write(b"abc").unwrap();
        part.finish(ABC).unwrap();
        assert_eq!(names(folder.path()), ["log.audit.zip"]);
        assert!(Part::begin(&path).is_err(), "a file that is there is not overwritten");
        assert_eq!(fs::read(&path).unwrap(), b"abc");
    }
}
