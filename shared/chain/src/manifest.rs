//! What an export consists of: every file with its length and SHA-256.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Hash;

/// The format that this version writes and reads.
pub const FORMAT: &str = "proofline-audit/1";

/// The content of an export. Written as canonical JSON (RFC 8785): the fields below, in this order, without white space.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Every file but the manifest itself and its signature, by path.
    pub files: BTreeMap<String, File>,
    /// [`FORMAT`].
    pub format: String,
    /// The log's name in its checkpoint.
    pub origin: String,
    /// How many rows.
    pub size: u64,
    /// Whose log it is.
    pub tenant: String,
}

/// One file of an export.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its content.
    pub sha256: Hash,
}

/// Bytes are not a manifest.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a manifest of the format {FORMAT} in canonical JSON")]
pub struct ManifestError;

impl File {
    /// The entry of a file with this content.
    pub fn of(content: &[u8]) -> Self {
        Self { bytes: content.len() as u64, sha256: Hash::of(content) }
    }
}

impl Manifest {
    /// The bytes of the file `manifest.json`.
    ///
    /// # Errors
    /// [`ManifestError`] is not expected: every manifest can be written.
    pub fn to_text(&self) -> Result<String, ManifestError> {
        serde_json::to_string(self).map_err(|_| ManifestError)
    }

    /// Reads what [`to_text`](Self::to_text) writes, and nothing else: every manifest has one spelling.
    ///
    /// # Errors
    /// [`ManifestError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        let manifest: Self = serde_json::from_slice(bytes).map_err(|_| ManifestError)?;
        let is_canonical = manifest.to_text()?.as_bytes() == bytes;
        if is_canonical && manifest.format == FORMAT { Ok(manifest) } else { Err(ManifestError) }
    }

    /// The text that is signed for an export, by the log's key or by a key of whoever makes exports: a note of three lines.
    ///
    /// Should the same key sign checkpoints: neither text can be taken for the other: the second line of a checkpoint is a number.
    pub fn statement(origin: &str, bytes: &[u8]) -> String {
        Self::statement_of(origin, Hash::of(bytes))
    }

    /// As [`statement`](Self::statement), for a manifest of which only the SHA-256 is known.
    pub(crate) fn statement_of(origin: &str, sha256: Hash) -> String {
        format!("{FORMAT} manifest\norigin {origin}\nsha256 {sha256}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::Checkpoint;

    const TEXT: &str = r#"{"files":{"README.txt":{"bytes":3,"sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}},"format":"proofline-audit/1","origin":"example.com/log","size":0,"tenant":"ten_a"}"#;

    #[test]
    fn a_manifest_is_canonical_json() {
        let files = BTreeMap::from([("README.txt".to_owned(), File::of(b"abc"))]);
        let [format, origin, tenant] = [FORMAT, "example.com/log", "ten_a"].map(str::to_owned);
        let manifest = Manifest { files, format, origin, size: 0, tenant };
        assert_eq!(manifest.to_text().unwrap(), TEXT);
        assert_eq!(serde_json_canonicalizer::pipe(TEXT).unwrap(), TEXT);
        assert_eq!(Manifest::parse(TEXT.as_bytes()), Ok(manifest));
    }

    #[test]
    fn another_spelling_is_refused() {
        for (from, to) in [
            ("{\"files\"", "{ \"files\""),
            ("\"size\":0", "\"size\":0,\"size\":0"),
            ("\"size\":0", "\"extra\":0,\"size\":0"),
            ("\"size\":0,", ""),
            ("ba7816", "BA7816"),
            ("audit/1", "audit/2"),
            ("log\"", "log\\u0022\""),
        ] {
            assert_eq!(
                Manifest::parse(TEXT.replace(from, to).as_bytes()),
                Err(ManifestError),
                "{to}"
            );
        }
    }

    #[test]
    fn a_statement_is_no_checkpoint() {
        let statement = Manifest::statement("7", TEXT.as_bytes());
        assert!(Checkpoint::parse(&statement).is_err());
        assert!(statement.ends_with(&format!("sha256 {}\n", Hash::of(TEXT.as_bytes()))));
    }
}
