//! An export that lacks the signature over its manifest.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::VerifyingKey;
use serde_json::json;

use super::{
    BundleError, CHECKPOINT, Export, KEYS, Layout, MANIFEST, MANIFEST_SIGNATURE, OPTIONAL_FILES,
    Piece, README, Summary, hash_tiles, layout::Source,
};
use crate::{
    checkpoint::Checkpoint,
    intent,
    manifest::{FORMAT, File, Manifest},
    note::{Note, VerifierKey},
    tile::{self, Levels},
};

/// An export that lacks the signature over its manifest.
///
/// Two steps, because whoever holds the rows does not hold the key: have [`statement`](Self::statement) signed, then
/// [`finish`](Self::finish).
#[derive(Clone, Debug)]
pub struct Draft {
    /// By path.
    files: BTreeMap<String, Source>,
    levels: Levels,
    statement: String,
}

impl Draft {
    /// Sums up what was read, with files that an export may have and need not ([`OPTIONAL_FILES`]).
    ///
    /// # Errors
    /// * [`BundleError::Rows`]: the rows do not lead to the checkpoint's root.
    /// * [`BundleError::File`]: a file with another name.
    /// * Others as their text says.
    pub fn new(
        export: &Export<'_>,
        summary: Summary,
        mut files: BTreeMap<String, Vec<u8>>,
    ) -> Result<Self, BundleError> {
        if let Some(other) = files.keys().find(|name| !OPTIONAL_FILES.contains(&name.as_str())) {
            return Err(BundleError::File(other.clone()));
        }
        let note = Note::parse(export.checkpoint.as_bytes())?;
        let checkpoint = Checkpoint::parse(note.text)?;
        let (leaves, bundles) = summary.end();
        let rows = leaves.len();
        let levels = Levels::new(leaves);
        if rows as u64 != checkpoint.size || levels.root() != checkpoint.root {
            return Err(BundleError::Rows { rows, size: checkpoint.size });
        }
        files.extend([
            (README.to_owned(), include_bytes!("README.txt").to_vec()),
            (CHECKPOINT.to_owned(), export.checkpoint.as_bytes().to_vec()),
            (KEYS.to_owned(), keys(export.log_keys, export.app_keys).into_bytes()),
        ]);
        let hashes = hash_tiles(checkpoint.size)
            .filter_map(|tile| Some((tile, File::of(&levels.encode(&tile)?))));
        let tiles = tile::bundles(checkpoint.size).zip(bundles).chain(hashes);
        let tiles = tiles.map(|(tile, file)| (tile.path(), Source::Tile(tile, file)));
        let files = files.into_iter().map(|(path, bytes)| (path, Source::Bytes(bytes)));
        Self::sum_up(files.chain(tiles).collect(), levels, export.tenant, checkpoint)
    }

    /// As [`new`](Self::new), of rows that are all at hand and no further file.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn of<R: AsRef<[u8]>>(export: &Export<'_>, rows: &[R]) -> Result<Self, BundleError> {
        Self::with_files(export, rows, BTreeMap::new())
    }

    /// As [`of`](Self::of), with further files.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_files<R: AsRef<[u8]>>(
        export: &Export<'_>,
        rows: &[R],
        files: BTreeMap<String, Vec<u8>>,
    ) -> Result<Self, BundleError> {
        let mut summary = Summary::default();
        for row in rows {
            summary.push(row.as_ref())?;
        }
        Self::new(export, summary, files)
    }

    fn sum_up(
        mut files: BTreeMap<String, Source>,
        levels: Levels,
        tenant: &str,
        checkpoint: Checkpoint,
    ) -> Result<Self, BundleError> {
        let manifest = Manifest {
            files: files.iter().map(|(path, source)| (path.clone(), source.file())).collect(),
            format: FORMAT.to_owned(),
            origin: checkpoint.origin,
            size: checkpoint.size,
            tenant: tenant.to_owned(),
        };
        let text = manifest.to_text()?;
        let statement = Manifest::statement(&manifest.origin, text.as_bytes());
        files.insert(MANIFEST.to_owned(), Source::Bytes(text.into_bytes()));
        Ok(Self { files, levels, statement })
    }

    /// The text to sign with the log's key, as a note ([`crate::note::Signer::sign`]).
    pub fn statement(&self) -> &str {
        &self.statement
    }

    /// The pieces of the export, for which the rows are needed again.
    ///
    /// # Errors
    /// * [`BundleError::Note`], [`BundleError::Statement`]: `signed` is not the signed note of [`statement`](Self::statement).
    pub fn finish(mut self, signed: &str) -> Result<Layout, BundleError> {
        let note = Note::parse(signed.as_bytes())?;
        if note.text != self.statement || note.signatures.len() != 1 {
            return Err(BundleError::Statement);
        }
        let signature = Source::Bytes(signed.as_bytes().to_vec());
        self.files.insert(MANIFEST_SIGNATURE.to_owned(), signature);
        Ok(Layout::new(self.files, self.levels))
    }

    /// All bytes of the export of rows that are all at hand.
    ///
    /// # Errors
    /// * As [`finish`](Self::finish).
    /// * [`BundleError::Changed`]: these are other rows.
    /// * [`BundleError::TooLarge`].
    pub fn whole<R: AsRef<[u8]>>(self, signed: &str, rows: &[R]) -> Result<Vec<u8>, BundleError> {
        let mut layout = self.finish(signed)?;
        let mut bytes = Vec::new();
        let mut left = rows.chunks(tile::WIDTH);
        while let Some(piece) = layout.next_piece()? {
            match piece {
                Piece::Ready(ready) => bytes.extend(ready),
                Piece::Rows(_) => bytes.extend(layout.fill(left.next().unwrap_or_default())?),
            }
        }
        Ok(bytes)
    }
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
