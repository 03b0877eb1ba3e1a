//! The zip: the same files give the same bytes, on every machine and at every time.

use std::io::{Cursor, Write as _};

use anyhow::Context;
use zip::{CompressionMethod, DateTime, System, ZipWriter, write::SimpleFileOptions};

use super::layout::Layout;

/// The most that the compressor can do; a package is read more often than it is written.
const LEVEL: i64 = 9;

/// The bytes of the zip: files in the order of their paths, no folders, made by Unix so that the modes count, all from 1980-01-01 (the first day that
/// a zip can say).
pub(super) fn of(layout: &Layout) -> anyhow::Result<Vec<u8>> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, mode, bytes) in layout.files() {
        writer
            .start_file(path, options(mode))
            .with_context(|| format!("{path} cannot be packed"))?;
        writer.write_all(bytes)?;
    }
    Ok(writer.finish()?.into_inner())
}

fn options(mode: u32) -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(LEVEL))
        .last_modified_time(DateTime::DEFAULT)
        .system(System::Unix)
        .unix_permissions(mode)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use zip::ZipArchive;

    use super::{super::layout::tests::layout, *};

    #[test]
    fn the_same_files_give_the_same_bytes() {
        let files = [("http/function.json", b"{}".as_slice())];
        assert_eq!(of(&layout(&files)).unwrap(), of(&layout(&files)).unwrap());
        assert_ne!(of(&layout(&files)).unwrap(), of(&layout(&[])).unwrap());
    }

    /// APPNOTE.TXT, 4.3.12 and 4.4: the central directory says who made an entry, when, and with which attributes.
    #[test]
    fn entries_are_made_by_unix_on_the_first_day_with_their_modes() {
        let zip = of(&layout(&[])).unwrap();
        let entries: Vec<_> =
            (0..zip.len()).filter(|at| zip[*at..].starts_with(b"PK\x01\x02")).collect();
        assert_eq!(entries.len(), 3);
        for (at, attributes) in entries.into_iter().zip([0o100_755_u32, 0o100_644, 0o100_644]) {
            assert_eq!(zip[at + 5], 3, "made by Unix");
            assert_eq!(zip[at + 10..at + 12], [8, 0], "deflated");
            assert_eq!(zip[at + 12..at + 16], [0, 0, 0x21, 0], "1980-01-01 00:00:00");
            assert_eq!(zip[at + 30..at + 32], [0, 0], "no extra fields, such as other times");
            assert_eq!(zip[at + 38..at + 42], (attributes << 16).to_le_bytes());
        }
    }

    #[test]
    fn what_is_unpacked_is_what_was_packed() {
        let layout = layout(&[("http/function.json", b"{}")]);
        let mut archive = ZipArchive::new(Cursor::new(of(&layout).unwrap())).unwrap();
        let mut found = Vec::new();
        for index in 0..archive.len() {
            let mut file = archive.by_index(index).unwrap();
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            assert_eq!(file.last_modified(), Some(DateTime::DEFAULT));
            found.push((
                file.name().unwrap().to_string(),
                file.unix_mode().unwrap() & 0o777,
                bytes,
            ));
        }
        let packed: Vec<_> = layout
            .files()
            .map(|(path, mode, bytes)| (path.to_owned(), mode, bytes.to_vec()))
            .collect();
        assert_eq!(found, packed);
    }
}
