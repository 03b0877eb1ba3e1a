//! The command: arguments in, report and exit status out.

use std::{
    error::Error,
    ffi::OsString,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use chain::{
    policy::{Policy, PolicyError, Tier},
    report::{Report, Verdict},
    verify,
};
use clap::{
    Parser as _,
    builder::{PossibleValuesParser, TypedValueParser},
};

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
  directory audit.example.com/directory+<id>+<key>
  authority <key>
  witness runner audit.example.com/witness/ten_01jd5x/build-1+d7f6b75b+BKf236+POLibqM5km1lPkeTQH9xX+clJPfQ7XlCpmHNn
  quorum runner
  seen 1200 <root>
  tier witnessed
`log` may stand several times. `export` is for operators who sign the file with another key than the log; it vouches for no row.
`directory` signs the heads of the operator's directory of logs, and `authority` stamps them (RFC 3161): base64 of its SubjectPublicKeyInfo, as
'openssl x509 -in tsa.pem -noout -pubkey' prints it between its two lines.
`witness`, `group` and `quorum` say whose confirmation you ask for (C2SP tlog-policy): your own Runner writes its line with 'log-policy'.
`seen` is a head that you saw before: the log must go on from it. An old file and a second history show by nothing else.
Your Runner writes most of this for you: 'proofline-runner log-policy --out FILE', from the keys that it pinned when it enrolled.

Tiers, each of which says more than the one before; `tier` and --tier name the least that is `ok`, and the stricter of the two counts:
  chained      the rows fit each other; whoever holds them could have made them all anew
  signed       a pinned key signed the head: nobody without it changed anything
  timestamped  and a pinned authority stamped it: not even the signer changed what is older
  witnessed    and pinned witnesses cosigned it: the signer showed everybody the same log
Below it the answer is `incomplete`, and never `ok`.

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
    /// The least proof that is `ok`; below it the answer is `incomplete`. Never less than the policy's `tier`.
    #[arg(long, value_name = "TIER", value_parser = tier())]
    pub tier: Option<Tier>,
    /// Prints the report as JSON.
    #[arg(long)]
    pub json: bool,
}

fn tier() -> impl TypedValueParser<Value = Tier> {
    let names = PossibleValuesParser::new(Tier::ALL.map(Tier::name));
    names.try_map(|name| Tier::of_name(&name).ok_or("it is no tier"))
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
        Err(error) if args.json => text::json(&serde_json::json!({ "error": why(error) })),
        Err(error) => format!("{}\n", why(error)),
    };
    match out.write_all(answer.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => status,
        Err(_) => USAGE,
    }
}

/// The error with everything that led to it: of a key that is none, what is wrong with it.
fn why(error: &UsageError) -> String {
    let mut text = error.to_string();
    // The first source is in the sentence.
    let mut source = error.source().and_then(Error::source);
    while let Some(deeper) = source {
        text = format!("{text}: {deeper}");
        source = deeper.source();
    }
    text
}

fn verify(args: &Args) -> Result<Report, UsageError> {
    let policy = args.policy.as_deref().map(read_policy).transpose()?;
    let policy = policy.map(|policy| policy.asking(args.tier));
    let policy = policy.as_ref();
    let report = match args.row.as_deref().map(read).transpose()? {
        Some(row) => verify::row_proof(&read(&args.path)?, Some(&row), policy),
        None => {
            reading::verify(&args.path, policy).map_err(|source| unreadable(&args.path, source))?
        }
    };
    Ok(Report { asked: report.asked.or(args.tier), ..report })
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
