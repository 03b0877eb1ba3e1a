//! The one ZIP encoding of a set of files, so that every bit of an export counts.
//!
//! APPNOTE 6.3.10, narrowed: files sorted by name, none compressed, all dated 1980-01-01, no flags, comments, attributes or directories, and
//! no extra field but one: the place of a file that begins at 4 GiB or later. ZIP64 is used for what the old fields cannot say, and for nothing
//! else, so that every content has one encoding. Any unzip program reads it.
//! The reader accepts no other encoding: what it does not check byte for byte, it would not notice.

mod entry;
mod first_bytes;
mod reader;

use std::collections::BTreeMap;

pub(crate) use entry::{Entry, end};
pub(crate) use first_bytes::{LOCAL_BYTES, is_directory, lengths, may_begin};
pub use reader::read;

/// What was read, and whether it was canonical.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Archive<'a> {
    /// The files by name, as far as they could be told apart.
    pub files: BTreeMap<&'a str, &'a [u8]>,
    /// The first place that differs from the canonical encoding.
    pub damage: Option<Damage>,
}

/// Where a file differs from the canonical encoding of its content.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("byte {at} of the file is not that of the canonical encoding")]
pub struct Damage {
    /// In bytes from 0; the length of the file when it is cut short.
    pub at: usize,
}

/// Files that the format cannot hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "one file of an export is smaller than 4 GiB, and its name than 64 KiB; export a shorter part of the log"
)]
pub struct TooLarge;

/// Encodes `files`.
///
/// # Errors
/// [`TooLarge`]: one of them.
pub fn write(files: &BTreeMap<String, Vec<u8>>) -> Result<Vec<u8>, TooLarge> {
    let mut writer = Writer::default();
    let mut bytes = Vec::new();
    for (name, data) in files {
        bytes.extend_from_slice(&writer.begin(name, data)?);
        bytes.extend_from_slice(data);
    }
    bytes.extend_from_slice(&writer.finish());
    Ok(bytes)
}

/// Encodes files one by one, keeping of each only its line of the directory: for archives that memory does not hold.
#[derive(Debug, Default)]
pub struct Writer {
    directory: Vec<u8>,
    count: u64,
    offset: u64,
}

impl Writer {
    /// What stands before the content of the next file. Files come in ascending order of names; that is the caller's to see to.
    ///
    /// # Errors
    /// [`TooLarge`].
    pub fn begin(&mut self, name: &str, data: &[u8]) -> Result<Vec<u8>, TooLarge> {
        let entry = Entry::new(name, data, self.offset).ok_or(TooLarge)?;
        let header = entry.local_header();
        self.directory.extend_from_slice(&entry.central_header());
        self.offset += (header.len() + data.len()) as u64;
        self.count += 1;
        Ok(header)
    }

    /// What stands behind the last file.
    pub fn finish(self) -> Vec<u8> {
        let end = end(self.count, self.directory.len() as u64, self.offset);
        [self.directory, end].concat()
    }
}

#[cfg(test)]
mod tests;
