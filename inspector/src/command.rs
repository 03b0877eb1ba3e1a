//! The command: arguments in, report and exit status out.

use std::{
    ffi::OsString,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use chain::{
    policy::{Policy, PolicyError},
    report::{Report, Verdict},
    verify,
};
use clap::Parser as _;

use crate::{reading, text};

/// Exit status of wrong usage: arguments or files that cannot be read.
const USAGE: u8 = 3;

const HELP: &str = "\
What is checked, offline and from this one file:
  - every row: its exact form, its SHA-256, its link to the row before it, its number, its time
  - the tree of hashes over all rows (RFC 6962), and that it leads to the signed checkpoint
  - the checkpoint's and the manifest's signatures, by the keys that YOUR policy pins
  - every other byte of the file

The policy is a text file that you write from what the log's operator told you by another way than this file:
  origin audit.example.com/ten_01jd5x
  log audit.example.com/ten_01jd5x+0123abcd+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k
  export audit.example.com/ten_01jd5x/export+89abcdef+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k
  tier signed
`log` may stand several times. `export` is for operators who sign the file with another key than the log; it vouches for no row.

Exit status:
  0  ok          everything that the policy asks for was checked, and holds
  1  broken      something is wrong; the first wrong row or file is named
  2  incomplete  nothing is wrong, but not everything could be checked, rows are known to be missing, or the log is empty
  3  usage       the arguments or a file cannot be read";

/// Verifies an exported audit log, offline.
///
/// Says whether the log is whole and unchanged, and names the first row that is not.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Args {
    /// The export, as it was downloaded (*.audit.zip), or the proof of one row (*.tlog-proof).
    pub path: PathBuf,
    /// The log and the keys that you pinned; without it, the answer is `incomplete` at best.
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// The row that a proof is about, if the proof does not hold it (*.tlog-proof only).
    #[arg(long, value_name = "FILE")]
    pub row: Option<PathBuf>,
    /// Prints the report as JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(clap::Parser)]
#[command(name = "audit-verify", version, about, long_about = None)]
struct Command {
    #[command(flatten)]
    args: Args,
}

/// Why nothing was verified.
#[derive(Debug, thiserror::Error)]
enum UsageError {
    #[error("cannot read {path}: {source}; check the path")]
    File { path: PathBuf, source: io::Error },
    #[error("cannot use the policy {path}: {source}")]
    Policy { path: PathBuf, source: PolicyError },
}

/// Runs the command line `args`, the program's name first.
///
/// Help and reports go to `out`, wrong usage to `err`.
pub fn run(
    args: impl IntoIterator<Item = OsString>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> ExitCode {
    match Command::try_parse_from(args) {
        Ok(command) => ExitCode::from(execute(&command.args, out)),
        Err(error) if error.use_stderr() => {
            // Nobody is left to tell when even this cannot be written.
            let _unheard = write!(err, "{error}");
            ExitCode::from(USAGE)
        }
        Err(help) => ExitCode::from(u8::from(write!(out, "{help}").is_err()) * USAGE),
    }
}

/// Verifies, writes the report to `out`, and returns the exit status: 0 ok, 1 broken, 2 incomplete, 3 usage.
///
/// A report that cannot be written is usage, too: nobody read the answer.
pub fn execute(args: &Args, out: &mut dyn Write) -> u8 {
    let verified = verify(args);
    let status = match &verified {
        Ok(report) => status(report.verdict),
        Err(_) => USAGE,
    };
    let answer = match &verified {
        Ok(report) if args.json => text::json(report),
        Ok(report) => text::human(report, args),
        Err(error) if args.json => text::json(&serde_json::json!({ "error": error.to_string() })),
        Err(error) => format!("{error}\n"),
    };
    match out.write_all(answer.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => status,
        Err(_) => USAGE,
    }
}

fn verify(args: &Args) -> Result<Report, UsageError> {
    let policy = args.policy.as_deref().map(read_policy).transpose()?;
    let policy = policy.as_ref();
    match args.row.as_deref().map(read).transpose()? {
        Some(row) => Ok(verify::row_proof(&read(&args.path)?, Some(&row), policy)),
        None => {
            reading::verify(&args.path, policy).map_err(|source| unreadable(&args.path, source))
        }
    }
}

fn read_policy(path: &Path) -> Result<Policy, UsageError> {
    let text = String::from_utf8_lossy(&read(path)?).into_owned();
    text.parse().map_err(|source| UsageError::Policy { path: path.to_owned(), source })
}

fn read(path: &Path) -> Result<Vec<u8>, UsageError> {
    fs::read(path).map_err(|source| unreadable(path, source))
}

fn unreadable(path: &Path, source: io::Error) -> UsageError {
    UsageError::File { path: path.to_owned(), source }
}

const fn status(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Ok => 0,
        Verdict::Broken => 1,
        Verdict::Incomplete | Verdict::NothingToCheck => 2,
    }
}

#[cfg(test)]
mod tests;
