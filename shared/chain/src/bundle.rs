//! An export: one file that holds a log and everything needed to verify it, except the reader's trust.
//!
//! A canonical ZIP ([`crate::container`]) of
//!
//! | file | content |
//! |---|---|
//! | `README.txt` | what this is and how to verify it, with our tool or without |
//! | `anchor/directory.tlog-proof`, `anchor/timestamp.tsr` | where the signed head stands in the directory of all logs, and when that was stamped ([`crate::anchor`]); may be absent |
//! | `checkpoint` | the signed head (C2SP tlog-checkpoint) |
//! | `keys.json` | public keys, for information: keys that come with a log prove nothing about it |
//! | `later.ndjson` | rows of later epochs that account for what is gone of this one ([`crate::later`]); may be absent |
//! | `manifest.json` | every file with its SHA-256 ([`crate::manifest`]) |
//! | `manifest.sig` | a signed note over the manifest, by a key of the log or of exports |
//! | `verify.html` | the verifier as a page, if it was put in; whoever does not trust it takes another copy |
//! | `tile/entries/…`, `tile/0/…` | the rows and the tree (C2SP tlog-tiles) |
//!
//! The same rows, keys and checkpoint give the same bytes.
//!
//! A log need not fit into memory. Its rows are read twice: a [`Summary`] makes of them what the manifest says, and then a [`Layout`] asks for them
//! once more and gives the pieces of the file in order. Between the two stays a hash for each row.

mod draft;
mod layout;
mod summary;

use ed25519_dalek::VerifyingKey;

pub use self::{
    draft::Draft,
    layout::{Layout, Piece},
    summary::Summary,
};
use crate::{
    anchor,
    checkpoint::CheckpointError,
    container::TooLarge,
    disclosure, later,
    manifest::ManifestError,
    note::{NoteError, VerifierKey},
    tile::{self, Content, EntryTooLong, Tile},
};

pub(crate) const README: &str = "README.txt";
pub(crate) const CHECKPOINT: &str = "checkpoint";
pub(crate) const KEYS: &str = "keys.json";
pub(crate) const MANIFEST: &str = "manifest.json";
pub(crate) const MANIFEST_SIGNATURE: &str = "manifest.sig";
/// What every export has besides its tiles.
pub(crate) const FIXED_FILES: [&str; 5] = [README, CHECKPOINT, KEYS, MANIFEST, MANIFEST_SIGNATURE];

/// The longest file of an export but the manifest, which is read without being kept: 256 rows of 65,535 bytes with their lengths.
pub(crate) const FILE_BYTES_MAX: usize = 256 * (2 + 65_535);

/// What an export may have besides, and need not.
pub const OPTIONAL_FILES: [&str; 5] =
    [anchor::PROOF, anchor::TIMESTAMP, disclosure::FILE, later::FILE, PAGE];

/// The verifier as a page for browsers. For people: no verifier looks at what is in it.
pub const PAGE: &str = "verify.html";

/// What to export, besides the rows.
#[derive(Clone, Copy, Debug)]
pub struct Export<'a> {
    /// Whose log it is.
    pub tenant: &'a str,
    /// The signed head.
    pub checkpoint: &'a str,
    /// The keys that sign the log's checkpoints.
    pub log_keys: &'a [VerifierKey],
    /// The keys with which apps sign intents.
    pub app_keys: &'a [VerifyingKey],
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
    /// What was read the second time is not what was read the first time.
    #[error(
        "{0} changed while the export was made, as it does when rows are purged; make it again"
    )]
    Changed(String),
    /// A row is too long.
    #[error("a row is too long")]
    Entry(#[from] EntryTooLong),
    /// Too much for one file.
    #[error("the log is too large for one file")]
    TooLarge(#[from] TooLarge),
    /// The manifest cannot be written.
    #[error("the manifest cannot be written")]
    Manifest(#[from] ManifestError),
    /// Not a file of an export.
    #[error("{0} is no file that an export may have")]
    File(String),
    /// The signed note is about something else.
    #[error("the signed note is not about this export; sign the text of Draft::statement, once")]
    Statement,
}

/// The hash tiles of a log of `size` rows.
pub(crate) fn hash_tiles(size: u64) -> impl Iterator<Item = Tile> {
    tile::files(size).filter(|tile| tile.content != Content::Entries)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        container::read,
        manifest::{File, Manifest},
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
                checkpoint: &checkpoint,
                log_keys: &[],
                app_keys: &[],
            };
            Draft::of(&export, rows).unwrap_err()
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

    #[test]
    fn rows_that_are_others_the_second_time_are_not_exported() {
        let rows = sample::rows(300);
        let checkpoint = sample::checkpoint(&rows).sign(&log_signer()).unwrap();
        let draft = sample::draft(&rows, &checkpoint);
        let note = log_signer().sign(draft.statement()).unwrap();
        assert!(draft.clone().whole(&note, &rows).is_ok());
        let mut purged = rows.clone();
        purged[299] = "x".repeat(32);
        let refused = draft.clone().whole(&note, &purged).unwrap_err();
        assert!(matches!(refused, BundleError::Changed(name) if name == "tile/entries/001.p/44"));
        let refused = draft.whole(&note, &rows[..299]).unwrap_err();
        assert!(matches!(refused, BundleError::Changed(name) if name == "tile/entries/001.p/44"));
    }
}
