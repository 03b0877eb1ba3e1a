//! `proofline procedures`: what Runners execute, as the customer signed it.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{PageArgs, Pages, encoded, read_file, read_json, rows};
use crate::{
    call::{CallArgs, Caller},
    failure::Failure,
    print::{Column, Printer},
    prompt,
};

const PROCEDURES: [Column; 5] = [
    ("PROCEDURE", "/key"),
    ("TITLE", "/title"),
    ("REVISION", "/revision"),
    ("PUBLISHED", "/published_at"),
    ("DIGEST", "/digest"),
];

const VERSION: [Column; 7] = [
    ("Procedure", "/key"),
    ("Label", "/label"),
    ("Revision", "/revision"),
    ("State", "/state"),
    ("Signed by", "/signers"),
    ("Published", "/published_at"),
    ("Digest", "/digest"),
];

const FINDINGS: [Column; 3] = [("WHERE", "/pointer"), ("FINDING", "/code"), ("WHY", "/detail")];

/// Procedures and their versions.
#[derive(Args, Clone, Debug)]
pub struct ProceduresArgs {
    #[command(subcommand)]
    what: ProceduresCommand,
    #[command(flatten)]
    pub(crate) call: CallArgs,
}

#[derive(Clone, Debug, Subcommand)]
enum ProceduresCommand {
    /// The procedures with their newest version
    List {
        #[command(flatten)]
        page: PageArgs,
    },
    /// One version, with its envelope when printed as JSON
    Show {
        /// Its digest
        digest: String,
    },
    /// Check a procedure without keeping it
    Lint {
        /// A YAML file
        file: PathBuf,
    },
    /// Publish a version that the customer signed (DSSE envelope, JSON)
    Publish {
        /// The envelope
        file: PathBuf,
    },
    /// Withdraw a version: Runners get it no more, and runs of it are rejected
    Withdraw {
        /// Its digest
        digest: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

const PATH: &str = "/api/runs/v1/procedures";

pub(crate) async fn procedures(
    args: &ProceduresArgs,
    printer: &mut Printer<'_>,
) -> Result<(), Failure> {
    let mut caller = Caller::open(&args.call).await?;
    match &args.what {
        ProceduresCommand::List { page } => {
            let pages = Pages { path: PATH, member: "procedures", cursor: "after", page_max: 100 };
            let found = pages.read(&mut caller, &[], *page).await?;
            printer.list(&found, &PROCEDURES, "No procedure is published yet.")
        }
        ProceduresCommand::Show { digest } => {
            let answer = caller.get(&version(digest, "")).await?;
            printer.record(&answer, &VERSION)
        }
        ProceduresCommand::Lint { file } => lint(&mut caller, file, printer).await,
        ProceduresCommand::Publish { file } => {
            let answer = caller.post(&format!("{PATH}/versions"), &read_json(file)?).await?;
            printer.record(&answer, &VERSION)
        }
        ProceduresCommand::Withdraw { digest, yes } => {
            if !yes
                && !prompt::confirm("Runs of this version will be rejected. Withdraw it?", "--yes")?
            {
                return printer.say("Nothing was done.");
            }
            let answer = caller.post(&version(digest, "/withdraw"), &json!({})).await?;
            printer.record(&answer, &VERSION)
        }
    }
}

fn version(digest: &str, rest: &str) -> String {
    format!("{PATH}/versions/{}{rest}", encoded(digest))
}

async fn lint(caller: &mut Caller, file: &Path, printer: &mut Printer<'_>) -> Result<(), Failure> {
    let yaml = String::from_utf8(read_file(file)?)
        .map_err(|_| Failure::file(file, "a procedure is YAML in UTF-8"))?;
    let answer: Value = caller.post(&format!("{PATH}/lint"), &json!({"yaml": yaml})).await?;
    if printer.json {
        return printer.json(&answer);
    }
    printer.list(rows(&answer, "findings"), &FINDINGS, "Nothing to find fault with.")
}
