//! `procedures`, `run`, `evidence`: what is signed, executed and collected here.

use std::path::PathBuf;

use clap::Subcommand;
use domain::{EvidenceId, RunId};

use super::{DoorChoice, Patience};
use crate::progress::ProgressFormat;

/// `procedures`.
#[derive(Debug, Subcommand)]
pub(crate) enum Procedures {
    /// Say everything that is wrong with procedures.
    Lint {
        /// YAML files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Sign a procedure, or add signatures to a signed one.
    Sign {
        /// A YAML file, or a signed procedure.
        file: PathBuf,
        /// Seed files of signers.
        #[arg(long = "key", required = true)]
        keys: Vec<PathBuf>,
        /// Where the signed procedure goes; FILE.dsse where absent.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Show the digest by which a procedure is named.
    Digest {
        /// YAML files or signed procedures.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

/// `run`.
#[derive(Debug, clap::Args)]
pub(crate) struct Run {
    /// A signed procedure, or the digest of one.
    pub(crate) procedure: String,
    /// Call nobody but what the procedure examines; what is to be published waits.
    #[arg(long, conflicts_with = "publish")]
    pub(crate) offline: bool,
    /// How progress is shown.
    #[arg(long, value_enum, default_value = "plain")]
    pub(crate) progress: ProgressFormat,
    /// Publish the result at once, this way.
    #[arg(long, value_enum, default_value = "none")]
    pub(crate) publish: DoorChoice,
    #[command(flatten)]
    pub(crate) patience: Patience,
}

/// `evidence`.
#[derive(Debug, Subcommand)]
pub(crate) enum Evidence {
    /// List evidence items.
    Ls {
        /// Of one run.
        #[arg(long)]
        run: Option<RunId>,
    },
    /// Show a raw value, here and nowhere else.
    Show {
        /// The evidence item.
        evidence: EvidenceId,
        /// A JSON pointer into it.
        #[arg(long, default_value = "")]
        path: String,
    },
}
