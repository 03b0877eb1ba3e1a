//! The one ZIP encoding of a set of files, so that every bit of an export counts.
//!
//! APPNOTE 6.3.10, narrowed: files sorted by name, none compressed, all dated 1980-01-01, no flags, extra fields, comments,
//! attributes or directories, no ZIP64 (so below 4 GiB and at most 65,535 files). Any unzip program reads it.
//! The reader accepts no other encoding: what it does not check byte for byte, it would not notice.

use std::collections::BTreeMap;

/// What a file begins with.
pub(crate) const LOCAL: [u8; 4] = *b"PK\x03\x04";
const CENTRAL: [u8; 4] = *b"PK\x01\x02";
const END: [u8; 4] = *b"PK\x05\x06";
/// Version 1.0, no flags, stored, 00:00:00, 1980-01-01.
const FIXED: [u8; 10] = [10, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
/// The length of what stands behind the directory.
pub(crate) const END_BYTES: usize = 22;
/// The length of what stands before a file's name.
pub(crate) const LOCAL_BYTES: usize = 30;

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
#[error("an export holds at most 65535 files and 4 GiB; export a shorter part of the log")]
pub struct TooLarge;

/// Encodes `files`.
///
/// # Errors
/// [`TooLarge`]: they need ZIP64.
pub fn write(files: &BTreeMap<String, Vec<u8>>) -> Result<Vec<u8>, TooLarge> {
    let mut entries = Vec::with_capacity(files.len());
    let mut bytes = Vec::new();
    for (name, data) in files {
        let entry = Entry::new(name, data, bytes.len()).ok_or(TooLarge)?;
        bytes.extend_from_slice(&entry.local_header());
        bytes.extend_from_slice(data);
        entries.push(entry);
    }
    let directory = directory(&entries, bytes.len()).ok_or(TooLarge)?;
    bytes.extend_from_slice(&directory);
    Ok(bytes)
}

/// Decodes `bytes`. Reads on behind damage where it can, so that the damaged file can still be named.
pub fn read(bytes: &[u8]) -> Archive<'_> {
    let mut reader = Reader { bytes, at: 0, damage: None };
    let (mut entries, mut files) = (Vec::new(), BTreeMap::new());
    while let Some((entry, data)) = reader.entry() {
        if entries.last().is_some_and(|last: &Entry<'_>| last.name >= entry.name) {
            reader.damaged(entry.offset as usize);
        }
        files.insert(entry.name, data);
        entries.push(entry);
    }
    reader.demand(&directory(&entries, reader.at).unwrap_or_default());
    if reader.at < bytes.len() {
        reader.damaged(reader.at);
    }
    Archive { files, damage: reader.damage }
}

/// One file's place in the archive.
pub(crate) struct Entry<'a> {
    name: &'a str,
    name_bytes: u16,
    data_bytes: u32,
    crc: u32,
    offset: u32,
}

impl<'a> Entry<'a> {
    /// The file with this content at `offset`; `None` when the format cannot hold it.
    pub(crate) fn new(name: &'a str, data: &[u8], offset: usize) -> Option<Self> {
        Some(Self {
            name,
            name_bytes: name.len().try_into().ok()?,
            data_bytes: data.len().try_into().ok()?,
            crc: crc32fast::hash(data),
            offset: offset.try_into().ok()?,
        })
    }

    /// What stands before the content.
    pub(crate) fn local_header(&self) -> Vec<u8> {
        [LOCAL.as_slice(), &FIXED, &self.sizes(), &[0, 0], self.name.as_bytes()].concat()
    }

    /// The file's part of the directory.
    pub(crate) fn central_header(&self) -> Vec<u8> {
        let made_by = [10, 0];
        let no_extra_comment_disk_attributes = [0; 12];
        let offset = self.offset.to_le_bytes();
        let name = self.name.as_bytes();
        [
            CENTRAL.as_slice(),
            &made_by,
            &FIXED,
            &self.sizes(),
            &no_extra_comment_disk_attributes,
            &offset,
            name,
        ]
        .concat()
    }

    /// Checksum, size, size again, length of the name.
    fn sizes(&self) -> Vec<u8> {
        let (size, name_bytes) = (self.data_bytes.to_le_bytes(), self.name_bytes.to_le_bytes());
        [self.crc.to_le_bytes().as_slice(), &size, &size, &name_bytes].concat()
    }
}

/// What follows the files, from byte `offset` on.
fn directory(entries: &[Entry<'_>], offset: usize) -> Option<Vec<u8>> {
    let mut bytes: Vec<u8> = entries.iter().flat_map(Entry::central_header).collect();
    let end = end(entries.len(), bytes.len(), offset)?;
    bytes.extend_from_slice(&end);
    Some(bytes)
}

/// What follows the directory of `count` files, which has so many bytes and begins at `offset`; `None` when the format cannot hold it.
pub(crate) fn end(count: usize, directory_bytes: usize, offset: usize) -> Option<Vec<u8>> {
    let count = u16::try_from(count).ok()?.to_le_bytes();
    let size = u32::try_from(directory_bytes).ok()?.to_le_bytes();
    let offset = u32::try_from(offset).ok()?.to_le_bytes();
    let (no_disk, no_comment) = ([0; 4], [0; 2]);
    let parts = [END.as_slice(), &no_disk, &count, &count, &size, &offset, &no_comment];
    Some(parts.concat())
}

/// The lengths of the name and the content of the file that begins here, if one does.
pub(crate) fn lengths(bytes: &[u8]) -> Option<(usize, usize)> {
    let header: &[u8; LOCAL_BYTES] = bytes.first_chunk()?;
    let [sizes @ .., n0, n1, _, _] = header;
    let [.., s0, s1, s2, s3] = sizes;
    let name_bytes = usize::from(u16::from_le_bytes([*n0, *n1]));
    let data_bytes = usize::try_from(u32::from_le_bytes([*s0, *s1, *s2, *s3])).ok()?;
    header.starts_with(&LOCAL).then_some((name_bytes, data_bytes))
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    damage: Option<Damage>,
}

impl<'a> Reader<'a> {
    /// The next file, if one begins here.
    fn entry(&mut self) -> Option<(Entry<'a>, &'a [u8])> {
        let rest = self.bytes.get(self.at..)?;
        let (name_bytes, data_bytes) = lengths(rest)?;
        let content = rest.get(LOCAL_BYTES..)?;
        let (name, content) = content.split_at_checked(name_bytes)?;
        let (data, _) = content.split_at_checked(data_bytes)?;
        let entry = Entry::new(str::from_utf8(name).ok()?, data, self.at)?;
        self.demand(&entry.local_header());
        self.at += data_bytes;
        Some((entry, data))
    }

    /// Goes past `expected`, and notes the first byte that differs.
    fn demand(&mut self, expected: &[u8]) {
        let found = self.bytes.get(self.at..).unwrap_or_default();
        let same =
            found.iter().zip(expected).take_while(|(found, expected)| found == expected).count();
        if same < expected.len() {
            self.damaged(self.at + same);
        }
        self.at += expected.len();
    }

    fn damaged(&mut self, at: usize) {
        self.damage.get_or_insert(Damage { at });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> BTreeMap<String, Vec<u8>> {
        let files = [("a.txt", b"alpha".as_slice()), ("b/c.bin", &[0, 255]), ("empty", b"")];
        files.map(|(name, data)| (name.to_owned(), data.to_vec())).into()
    }

    /// Written with Python's `zipfile` from the same files: `ZipInfo` with `create_system = 0`, `create_version` and
    /// `extract_version` = 10, `date_time` = 1980-01-01, and `external_attr` = 0 after writing.
    const PYTHON: &str = "504b03040a0000000000000021006a39e0d0050000000500000005000000612e747874616c706861504b03040a00000000000000210072fddb6c020000000200000007000000622f632e62696e00ff504b03040a00000000000000210000000000000000000000000005000000656d707479504b01020a000a0000000000000021006a39e0d00500000005000000050000000000000000000000000000000000612e747874504b01020a000a00000000000000210072fddb6c0200000002000000070000000000000000000000000028000000622f632e62696e504b01020a000a00000000000000210000000000000000000000000005000000000000000000000000004f000000656d707479504b050600000000030003009b000000720000000000";

    #[test]
    fn the_encoding_is_that_of_another_implementation() {
        assert_eq!(hex::encode(write(&files()).unwrap()), PYTHON);
    }

    #[test]
    fn files_are_read_as_they_were_written() {
        let bytes = write(&files()).unwrap();
        let archive = read(&bytes);
        assert_eq!(archive.damage, None);
        let read: BTreeMap<_, _> =
            archive.files.iter().map(|(name, data)| ((*name).to_owned(), data.to_vec())).collect();
        assert_eq!(read, files());
        let empty = write(&BTreeMap::new()).unwrap();
        assert_eq!((empty.len(), super::read(&empty).damage), (22, None));
    }

    #[test]
    fn every_flipped_bit_shows() {
        let bytes = write(&files()).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(read(&flipped).damage.is_some(), "bit {bit}");
        }
    }

    #[test]
    fn every_truncation_and_anything_appended_shows() {
        let bytes = write(&files()).unwrap();
        for end in 0..bytes.len() {
            assert!(read(&bytes[..end]).damage.is_some(), "{end}");
        }
        let longer = [bytes.as_slice(), b"\0"].concat();
        assert_eq!(read(&longer).damage, Some(Damage { at: bytes.len() }));
    }

    #[test]
    fn a_changed_file_is_still_read_so_that_it_can_be_named() {
        let mut bytes = write(&files()).unwrap();
        let place = bytes.windows(5).position(|window| window == b"alpha").unwrap();
        bytes[place] = b'A';
        let archive = read(&bytes);
        assert!(archive.damage.is_some());
        assert_eq!(archive.files["a.txt"], b"Alpha");
        assert_eq!(archive.files.len(), 3);
    }

    #[test]
    fn names_out_of_order_or_twice_show() {
        let entries = |names: [&'static str; 2]| {
            let mut bytes = Vec::new();
            let entries = names.map(|name| {
                let entry = Entry::new(name, b"", bytes.len()).unwrap();
                bytes.extend(entry.local_header());
                entry
            });
            let directory = directory(&entries, bytes.len()).unwrap();
            [bytes, directory].concat()
        };
        assert!(read(&entries(["a", "b"])).damage.is_none());
        assert!(read(&entries(["b", "a"])).damage.is_some());
        assert!(read(&entries(["a", "a"])).damage.is_some());
    }
}
