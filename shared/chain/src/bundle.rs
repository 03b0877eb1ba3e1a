//! An export: one file that holds a log and everything needed to verify it, except the reader's trust.
//!
//! A canonical ZIP ([`crate::container`]) of
//!
//! | file | content |
//! |---|---|
//! | `README.txt` | what this is and how to verify it, with our tool or without |
//! | `checkpoint` | the signed head (C2SP tlog-checkpoint) |
//! | `keys.json` | public keys, for information: keys that come with a log prove nothing about it |
//! | `manifest.json` | every file with its SHA-256 ([`crate::manifest`]) |
//! | `manifest.sig` | a signed note over the manifest, by a key of the log or of exports |
//! | `tile/entries/…`, `tile/0/…` | the rows and the tree (C2SP tlog-tiles) |
//!
//! The same rows, keys and checkpoint give the same bytes.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::VerifyingKey;
use serde_json::json;

use crate::{
    checkpoint::{Checkpoint, CheckpointError},
    container::{self, TooLarge},
    intent,
    manifest::{FORMAT, File, Manifest, ManifestError},
    note::{Note, NoteError, VerifierKey},
    tile::{self, Content, EntryTooLong, Levels, Tile},
    tree::leaf_hash,
};

pub(crate) const README: &str = "README.txt";
pub(crate) const CHECKPOINT: &str = "checkpoint";
pub(crate) const KEYS: &str = "keys.json";
pub(crate) const MANIFEST: &str = "manifest.json";
pub(crate) const MANIFEST_SIGNATURE: &str = "manifest.sig";
/// What every export has besides its tiles.
pub(crate) const FIXED_FILES: [&str; 5] = [README, CHECKPOINT, KEYS, MANIFEST, MANIFEST_SIGNATURE];

/// What to export.
#[derive(Clone, Copy, Debug)]
pub struct Export<'a, R> {
    /// Whose log it is.
    pub tenant: &'a str,
    /// All rows that the checkpoint covers, in order.
    pub rows: &'a [R],
    /// The signed head.
    pub checkpoint: &'a str,
    /// The keys that sign the log's checkpoints.
    pub log_keys: &'a [VerifierKey],
    /// The keys with which apps sign intents.
    pub app_keys: &'a [VerifyingKey],
}

/// An export that lacks the signature over its manifest.
///
/// Two steps, because whoever holds the rows does not hold the key: have [`statement`](Self::statement) signed, then
/// [`finish`](Self::finish).
#[derive(Clone, Debug)]
pub struct Draft {
    files: BTreeMap<String, Vec<u8>>,
    statement: String,
}

/// Why there is no export.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The signed head is not a note.
    #[error("the checkpoint to export is not a signed note")]
    Note(#[from] NoteError),
    /// The note is not a checkpoint.
    #[error("the note to export is not a checkpoint")]
    Checkpoint(#[from] CheckpointError),
    /// Rows and checkpoint do not belong together; nobody would believe the export.
    #[error("the {rows} rows are not those of the checkpoint of size {size}; read both again")]
    Rows {
        /// How many rows were given.
        rows: usize,
        /// How many the checkpoint covers.
        size: u64,
    },
    /// A row is too long.
    #[error("a row is too long")]
    Entry(#[from] EntryTooLong),
    /// Too much for one file.
    #[error("the log is too large for one file")]
    TooLarge(#[from] TooLarge),
    /// The manifest cannot be written.
    #[error("the manifest cannot be written")]
    Manifest(#[from] ManifestError),
    /// The signed note is about something else.
    #[error("the signed note is not about this export; sign the text of Draft::statement, once")]
    Statement,
}

impl Draft {
    /// Lays out the files.
    ///
    /// # Errors
    /// * [`BundleError::Rows`]: the rows do not lead to the checkpoint's root.
    /// * Others as their text says.
    pub fn new<R: AsRef<[u8]>>(export: &Export<'_, R>) -> Result<Self, BundleError> {
        let note = Note::parse(export.checkpoint.as_bytes())?;
        let checkpoint = Checkpoint::parse(note.text)?;
        let levels = Levels::new(export.rows.iter().map(|row| leaf_hash(row.as_ref())).collect());
        let rows = export.rows.len();
        if rows as u64 != checkpoint.size || levels.root() != checkpoint.root {
            return Err(BundleError::Rows { rows, size: checkpoint.size });
        }
        Self::lay_out(export, &checkpoint, &levels)
    }

    fn lay_out<R: AsRef<[u8]>>(
        export: &Export<'_, R>,
        checkpoint: &Checkpoint,
        levels: &Levels,
    ) -> Result<Self, BundleError> {
        let mut files = BTreeMap::from([
            (README.to_owned(), include_bytes!("bundle/README.txt").to_vec()),
            (CHECKPOINT.to_owned(), export.checkpoint.as_bytes().to_vec()),
            (KEYS.to_owned(), keys(export.log_keys, export.app_keys).into_bytes()),
        ]);
        for (tile, rows) in tile::bundles(checkpoint.size).zip(export.rows.chunks(tile::WIDTH)) {
            files.insert(tile.path(), tile::encode_entries(rows)?);
        }
        let encode = |tile: Tile| levels.encode(&tile).map(|bytes| (tile.path(), bytes));
        files.extend(hash_tiles(checkpoint.size).filter_map(encode));
        Self::sum_up(files, export.tenant, checkpoint)
    }

    fn sum_up(
        mut files: BTreeMap<String, Vec<u8>>,
        tenant: &str,
        checkpoint: &Checkpoint,
    ) -> Result<Self, BundleError> {
        let manifest = Manifest {
            files: files.iter().map(|(path, content)| (path.clone(), File::of(content))).collect(),
            format: FORMAT.to_owned(),
            origin: checkpoint.origin.clone(),
            size: checkpoint.size,
            tenant: tenant.to_owned(),
        };
        let text = manifest.to_text()?;
        let statement = Manifest::statement(&checkpoint.origin, text.as_bytes());
        files.insert(MANIFEST.to_owned(), text.into_bytes());
        Ok(Self { files, statement })
    }

    /// The text to sign with the log's key, as a note ([`crate::note::Signer::sign`]).
    pub fn statement(&self) -> &str {
        &self.statement
    }

    /// The bytes of the export.
    ///
    /// # Errors
    /// * [`BundleError::Note`], [`BundleError::Statement`]: `signed` is not the signed note of [`statement`](Self::statement).
    /// * [`BundleError::TooLarge`].
    pub fn finish(mut self, signed: &str) -> Result<Vec<u8>, BundleError> {
        let note = Note::parse(signed.as_bytes())?;
        if note.text != self.statement || note.signatures.len() != 1 {
            return Err(BundleError::Statement);
        }
        self.files.insert(MANIFEST_SIGNATURE.to_owned(), signed.as_bytes().to_vec());
        Ok(container::write(&self.files)?)
    }
}

/// The hash tiles of a log of `size` rows.
pub(crate) fn hash_tiles(size: u64) -> impl Iterator<Item = Tile> {
    tile::files(size).filter(|tile| tile.content != Content::Entries)
}

/// Public keys: those of the log as verifier keys, those of the apps as JWKs (RFC 8037) with their thumbprints.
fn keys(log: &[VerifierKey], apps: &[VerifyingKey]) -> String {
    let jwk = |key: &VerifyingKey| {
        let x = URL_SAFE_NO_PAD.encode(key.as_bytes());
        json!({ "crv": "Ed25519", "kid": intent::thumbprint(key), "kty": "OKP", "x": x })
    };
    let apps: Vec<_> = apps.iter().map(jwk).collect();
    let log: Vec<_> = log.iter().map(ToString::to_string).collect();
    json!({ "apps": apps, "log": log }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        container::read,
        sample::{self, log_signer},
    };

    #[test]
    fn the_same_log_gives_the_same_bytes() {
        let rows = sample::rows(5);
        assert_eq!(sample::bundle(&rows), sample::bundle(&rows));
    }

    #[test]
    fn an_export_has_the_files_that_it_promises() {
        let bytes = sample::bundle(&sample::rows(300));
        let archive = read(&bytes);
        let names: Vec<_> = archive.files.keys().copied().collect();
        assert_eq!(
            names,
            [
                "README.txt",
                "checkpoint",
                "keys.json",
                "manifest.json",
                "manifest.sig",
                "tile/0/000",
                "tile/0/001.p/44",
                "tile/1/000.p/1",
                "tile/entries/000",
                "tile/entries/001.p/44",
            ]
        );
        let manifest = Manifest::parse(archive.files["manifest.json"]).unwrap();
        assert_eq!(manifest.files.len(), names.len() - 2);
        assert_eq!(manifest.files["checkpoint"], File::of(archive.files["checkpoint"]));
        assert!(serde_json::from_slice::<serde_json::Value>(archive.files["keys.json"]).is_ok());
    }

    #[test]
    fn rows_that_the_checkpoint_does_not_cover_are_not_exported() {
        let checkpoint = sample::checkpoint(&sample::rows(5)).sign(&log_signer()).unwrap();
        let refused = |rows: &[String]| {
            let export = Export {
                tenant: sample::TENANT,
                rows,
                checkpoint: &checkpoint,
                log_keys: &[],
                app_keys: &[],
            };
            Draft::new(&export).unwrap_err()
        };
        let mut edited = sample::rows(5);
        edited[3] = edited[3].replace("ADMIN", "OWNER");
        assert!(matches!(refused(&edited), BundleError::Rows { rows: 5, size: 5 }));
        assert!(matches!(refused(&sample::rows(4)), BundleError::Rows { rows: 4, size: 5 }));
        assert!(matches!(refused(&sample::rows(6)), BundleError::Rows { rows: 6, size: 5 }));
    }

    #[test]
    fn only_the_statement_of_this_export_finishes_it() {
        let checkpoint = sample::checkpoint(&sample::rows(2)).sign(&log_signer()).unwrap();
        let draft = sample::draft(&sample::rows(2), &checkpoint);
        assert!(matches!(draft.clone().finish(draft.statement()), Err(BundleError::Note(_))));
        assert!(matches!(draft.finish(&checkpoint), Err(BundleError::Statement)));
    }
}
