//! The encoding against another implementation, and whatever is not that encoding.

use super::{
    entry::{directory, end_64},
    *,
};

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

/// Written with Python's `zipfile` as above, with `ZIP64_LIMIT = 0xfffffffe`, into a file that begins 2 bytes before 4 GiB.
const PYTHON_64: &str = "504b03040a0000000000000021006a39e0d0050000000500000005000000612e747874616c706861504b03040a00000000000000210072fddb6c020000000200000007000000622f632e62696e00ff504b01020a000a0000000000000021006a39e0d005000000050000000500000000000000000000000000feffffff612e747874504b01022d002d00000000000000210072fddb6c020000000200000007000c0000000000000000000000ffffffff622f632e62696e010008002600000001000000504b06062c000000000000002d002d0000000000000000000200000000000000020000000000000074000000000000004d00000001000000504b060700000000c10000000100000001000000504b0506000000000200020074000000ffffffff0000";

#[test]
fn a_file_that_begins_behind_4_gib_is_encoded_as_another_implementation_does() {
    let mut writer = Writer { offset: 0xffff_fffe, ..Writer::default() };
    let mut bytes = Vec::new();
    for (name, data) in files().into_iter().take(2) {
        bytes.extend(writer.begin(&name, &data).unwrap());
        bytes.extend(data);
    }
    bytes.extend(writer.finish());
    assert_eq!(hex::encode(bytes), PYTHON_64);
}

/// SHA-256 of what Python's `zipfile` writes, with `ZIP_FILECOUNT_LIMIT = 65534`, of so many empty files named 00000, 00001 and so on.
#[test]
fn more_files_than_the_old_fields_count_are_encoded_as_another_implementation_does() {
    for (count, sha256) in [
        (65_534, "51d5f3a903a2c8d1c35fdfad635a2112f284791fd26d5c4b2b55363e66493c25"),
        (65_535, "38de8acd6c5ba80514a519f2acbc9a7460e4e0c4049d47767b60dc713c0ac86a"),
        (65_536, "30fd7dab6081573df7e6a9f3b87a1fc898e99f8144fcf72ba96026d7c78af6a4"),
    ] {
        let files = (0..count).map(|number| (format!("{number:05}"), Vec::new())).collect();
        let bytes = write(&files).unwrap();
        assert_eq!(crate::Hash::of(&bytes).to_string(), sha256, "{count} files");
        let archive = read(&bytes);
        assert_eq!((archive.damage, archive.files.len()), (None, count), "{count} files");
    }
}

#[test]
fn what_the_old_fields_can_say_has_no_other_spelling() {
    assert_eq!(end(65_534, 0xffff_fffe, 0xffff_fffe).len(), 22);
    for (count, size, offset) in [(65_535, 0, 0), (0, 0xffff_ffff, 0), (0, 0, 0xffff_ffff)] {
        assert_eq!(end(count, size, offset).len(), 56 + 20 + 22, "{count} {size} {offset}");
    }
    let short = write(&files()).unwrap();
    let start = short.len() - 22;
    let long = [&short[..start], &end_64(3, 155, 114), &short[start..]].concat();
    assert_eq!(read(&long).damage, Some(Damage { at: start + 2 }));
}

#[test]
fn names_out_of_order_or_twice_show() {
    let entries = |names: [&'static str; 2]| {
        let mut bytes = Vec::new();
        let entries = names.map(|name| {
            let entry = Entry::new(name, b"", bytes.len() as u64).unwrap();
            bytes.extend(entry.local_header());
            entry
        });
        let directory = directory(&entries, bytes.len() as u64);
        [bytes, directory].concat()
    };
    assert!(read(&entries(["a", "b"])).damage.is_none());
    assert!(read(&entries(["b", "a"])).damage.is_some());
    assert!(read(&entries(["a", "a"])).damage.is_some());
}
