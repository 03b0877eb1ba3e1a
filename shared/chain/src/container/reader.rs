//! Reading, with the first place that is not canonical.

use std::collections::BTreeMap;

use super::{Archive, Damage, Entry, LOCAL_BYTES, entry::directory, lengths};

/// Decodes `bytes`. Reads on behind damage where it can, so that the damaged file can still be named.
pub fn read(bytes: &[u8]) -> Archive<'_> {
    let mut reader = Reader { bytes, at: 0, damage: None };
    let (mut entries, mut files) = (Vec::new(), BTreeMap::new());
    let mut start = 0;
    while let Some((entry, data)) = reader.entry() {
        if entries.last().is_some_and(|last: &Entry<'_>| last.name >= entry.name) {
            reader.damaged(start);
        }
        files.insert(entry.name, data);
        entries.push(entry);
        start = reader.at;
    }
    reader.demand(&directory(&entries, reader.at as u64));
    if reader.at < bytes.len() {
        reader.damaged(reader.at);
    }
    Archive { files, damage: reader.damage }
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
        let entry = Entry::new(str::from_utf8(name).ok()?, data, self.at as u64)?;
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
