//! What is written of each file, and what follows the last one.

use super::first_bytes::{CENTRAL, LOCAL};

const END: [u8; 4] = *b"PK\x05\x06";
const END_64: [u8; 4] = *b"PK\x06\x06";
const END_64_LOCATOR: [u8; 4] = *b"PK\x06\x07";
/// Version 1.0, no flags, stored, 00:00:00, 1980-01-01.
const FIXED: [u8; 10] = [10, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
/// What those fields say, and only then, whose number stands elsewhere.
const ELSEWHERE_32: u32 = u32::MAX;
const ELSEWHERE_16: u16 = u16::MAX;
/// Version 4.5 of the format, which knows ZIP64.
const VERSION_64: [u8; 2] = [45, 0];

/// One file's place in the archive.
pub(crate) struct Entry<'a> {
    pub(super) name: &'a str,
    name_bytes: u16,
    data_bytes: u32,
    crc: u32,
    offset: u64,
}

impl<'a> Entry<'a> {
    /// The file with this content at `offset`; `None` when the format cannot hold it.
    pub(crate) fn new(name: &'a str, data: &[u8], offset: u64) -> Option<Self> {
        Self::known(name, data.len(), crc32fast::hash(data), offset)
    }

    /// The file of which so much is known.
    pub(crate) fn known(name: &'a str, bytes: usize, crc: u32, offset: u64) -> Option<Self> {
        let data_bytes = u32::try_from(bytes).ok().filter(|bytes| *bytes < ELSEWHERE_32)?;
        let name_bytes = name.len().try_into().ok()?;
        Some(Self { name, name_bytes, data_bytes, crc, offset })
    }

    /// What stands before the content.
    pub(crate) fn local_header(&self) -> Vec<u8> {
        [LOCAL.as_slice(), &FIXED, &self.sizes(), &[0, 0], self.name.as_bytes()].concat()
    }

    /// The file's part of the directory.
    pub(crate) fn central_header(&self) -> Vec<u8> {
        let (offset, extra) = match u32::try_from(self.offset) {
            Ok(offset) if offset < ELSEWHERE_32 => (offset, Vec::new()),
            Ok(_) | Err(_) => (ELSEWHERE_32, extra_64(self.offset)),
        };
        let [_, _, after_version @ ..] = FIXED;
        let version = if extra.is_empty() { [10, 0] } else { VERSION_64 };
        let extra_bytes = [if extra.is_empty() { 0 } else { EXTRA_64_BYTES }, 0];
        let no_comment_disk_attributes = [0; 10];
        [
            CENTRAL.as_slice(),
            &version,
            &version,
            &after_version,
            &self.sizes(),
            &extra_bytes,
            &no_comment_disk_attributes,
            &offset.to_le_bytes(),
            self.name.as_bytes(),
            &extra,
        ]
        .concat()
    }

    /// Checksum, size, size again, length of the name.
    fn sizes(&self) -> Vec<u8> {
        let (size, name_bytes) = (self.data_bytes.to_le_bytes(), self.name_bytes.to_le_bytes());
        [self.crc.to_le_bytes().as_slice(), &size, &size, &name_bytes].concat()
    }
}

/// The length of [`extra_64`].
const EXTRA_64_BYTES: u8 = 12;

/// The extra field of a file that begins so far behind that the old field cannot say it (APPNOTE 4.5.3).
fn extra_64(offset: u64) -> Vec<u8> {
    let (zip64, eight_bytes) = ([1, 0], [8, 0]);
    [zip64.as_slice(), &eight_bytes, &offset.to_le_bytes()].concat()
}

/// What follows the files, from byte `offset` on.
pub(super) fn directory(entries: &[Entry<'_>], offset: u64) -> Vec<u8> {
    let mut bytes: Vec<u8> = entries.iter().flat_map(Entry::central_header).collect();
    bytes.extend(end(entries.len() as u64, bytes.len() as u64, offset));
    bytes
}

/// What follows the directory of `count` files, which has so many bytes and begins at `offset`.
pub(crate) fn end(count: u64, directory_bytes: u64, offset: u64) -> Vec<u8> {
    let narrow = |wide: u64| u32::try_from(wide).unwrap_or(ELSEWHERE_32);
    let old_count = u16::try_from(count).unwrap_or(ELSEWHERE_16);
    let (old_size, old_offset) = (narrow(directory_bytes), narrow(offset));
    let needs_64 = old_count == ELSEWHERE_16 || [old_size, old_offset].contains(&ELSEWHERE_32);
    let mut bytes = if needs_64 { end_64(count, directory_bytes, offset) } else { Vec::new() };
    let (no_disk, no_comment) = ([0; 4], [0; 2]);
    let (count, size, offset) =
        (old_count.to_le_bytes(), old_size.to_le_bytes(), old_offset.to_le_bytes());
    for part in [END.as_slice(), &no_disk, &count, &count, &size, &offset, &no_comment] {
        bytes.extend_from_slice(part);
    }
    bytes
}

/// The same in 64 bits, and where it stands (APPNOTE 4.3.14 and 4.3.15).
pub(super) fn end_64(count: u64, directory_bytes: u64, offset: u64) -> Vec<u8> {
    let (bytes_after_this, no_disk, one_disk) = (44_u64.to_le_bytes(), [0; 4], [1, 0, 0, 0]);
    let place = (offset + directory_bytes).to_le_bytes();
    let (count, size, offset) =
        (count.to_le_bytes(), directory_bytes.to_le_bytes(), offset.to_le_bytes());
    [
        END_64.as_slice(),
        &bytes_after_this,
        &VERSION_64,
        &VERSION_64,
        &no_disk,
        &no_disk,
        &count,
        &count,
        &size,
        &offset,
        &END_64_LOCATOR,
        &no_disk,
        &place,
        &one_disk,
    ]
    .concat()
}
