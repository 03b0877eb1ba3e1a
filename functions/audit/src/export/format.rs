//! In which form rows are exported.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::StoreError;

use super::{csv, ocsf};

/// In which form rows are exported.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    /// Everything that is signed with all its proofs, in one file that is verified offline.
    #[default]
    Bundle,
    /// A table for spreadsheets (RFC 4180); each line holds its row's exact bytes and hash.
    Csv,
    /// The exact bytes of each row on a line.
    Jsonl,
    /// An event of the Open Cybersecurity Schema Framework on each line.
    Ocsf,
}

impl Format {
    /// How the names of its files end.
    pub(crate) const fn extension(self) -> &'static str {
        match self {
            Self::Bundle => "audit.zip",
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Ocsf => "ocsf.jsonl",
        }
    }

    /// Its media type.
    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            Self::Bundle => "application/zip",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Jsonl | Self::Ocsf => "application/x-ndjson",
        }
    }

    /// Its name in the log.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Bundle => "bundle",
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Ocsf => "ocsf",
        }
    }

    /// What stands before the first row.
    pub(crate) fn head(self) -> String {
        match self {
            Self::Csv => csv::head(),
            Self::Bundle | Self::Jsonl | Self::Ocsf => String::new(),
        }
    }

    /// A row as a line of the file.
    ///
    /// # Errors
    /// When no sealer wrote that row.
    pub(crate) fn line(self, row: &str) -> Result<String, StoreError> {
        match self {
            Self::Bundle | Self::Jsonl => Ok(format!("{row}\n")),
            Self::Csv => csv::line(row),
            Self::Ocsf => ocsf::line(row),
        }
    }
}
