//! `proofline drill`: see a raw value that only the Runner keeps, and prove that it is the one that was committed to.

mod ask;
mod prove;

use std::{io::Write, path::PathBuf};

use clap::Args;
use domain::{EvidenceId, RunId, RunnerId};
use protocol::{
    Name,
    command::RefusalCode,
    commitment::Disclosure,
    drilldown::AnswerError,
    dsse::{EnvelopeError, SignError},
    key::{Jwk, KeyError},
    strict_json::JsonError,
};
use serde_json::{Value, json};

use crate::{Api, ApiError};

/// See raw values that only the Runner keeps.
///
/// The request is signed with your viewer key, which the customer must have listed in the Runner's trust policy. The control plane carries it and
/// can only narrow it; the answer is sealed to a key that exists for this command alone, and is proved against the commitment in the run's
/// statement. Nothing of it is written to disk.
#[derive(Args, Clone, Debug)]
pub struct DrillArgs {
    /// The control plane, such as `http://127.0.0.1:7071`.
    #[arg(long, env = "PROOFLINE_URL")]
    pub url: String,
    /// A file that holds your access token, fresh from a step-up.
    #[arg(long)]
    pub token_file: PathBuf,
    /// The Runner that keeps the evidence.
    #[arg(long)]
    pub runner: RunnerId,
    /// A file with the Runner's public key (JWK), as the customer certified it.
    #[arg(long)]
    pub runner_key: PathBuf,
    /// The run that collected it.
    #[arg(long)]
    pub run: RunId,
    /// The evidence item.
    #[arg(long)]
    pub evidence: EvidenceId,
    /// Which values, as JSON pointers (RFC 6901); repeat for several.
    #[arg(long = "path", required = true)]
    pub paths: Vec<String>,
    /// Why, as one of the purposes that the customer allows.
    #[arg(long)]
    pub purpose: Name,
    /// Your viewer key: a file with 64 hexadecimal digits that only you can read.
    #[arg(long)]
    pub viewer_key: PathBuf,
    /// Give up after this many seconds.
    #[arg(long, default_value_t = 60)]
    pub timeout_s: u64,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Why no value was shown.
#[derive(Debug, thiserror::Error)]
pub enum DrillError {
    /// A file cannot be read or has another content.
    #[error("{path}: {why}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The control plane refused or was not reached.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The Runner refused.
    #[error("the Runner refused: {0}")]
    Refused(String),
    /// No answer in time.
    #[error(
        "the Runner did not answer within {0} s; is `proofline runner serve` running at the customer's site?"
    )]
    Timeout(u64),
    /// The statement or the result is not what the Runner signed.
    #[error("what came back is not signed by this Runner")]
    Signature(#[from] EnvelopeError),
    /// The request cannot be signed.
    #[error("the request cannot be signed")]
    Sign(#[from] SignError),
    /// The pinned key cannot be used.
    #[error("the Runner's key cannot be used")]
    Key(#[from] KeyError),
    /// A message has another form.
    #[error("a message has another form than this version knows")]
    Form(#[from] JsonError),
    /// The answer cannot be opened, or is not what was committed to.
    #[error("the answer is not what the Runner committed to")]
    Answer(#[from] AnswerError),
    /// The run has no such evidence.
    #[error("the run's statement names no evidence {0}")]
    NoEvidence(EvidenceId),
    /// No randomness, or no clock.
    #[error("this machine gives no {0}")]
    Machine(&'static str),
}

/// What was shown, and against what it was proved.
pub(crate) struct Shown {
    disclosure: Disclosure,
    root: String,
}

/// Asks, waits, opens, proves and prints. The exit code: 0 shown, 1 refused or not proved.
pub async fn execute(args: &DrillArgs, out: &mut (dyn Write + Send)) -> u8 {
    let result = show(args).await;
    let printed = match &result {
        Ok(shown) if args.json => writeln!(out, "{}", to_json(shown)),
        Ok(shown) => print(shown, out),
        Err(error) if args.json => {
            writeln!(out, "{}", json!({"error": text(error), "code": code(error)}))
        }
        Err(error) => writeln!(out, "No value was shown: {}", text(error)),
    };
    u8::from(result.is_err() || printed.is_err())
}

async fn show(args: &DrillArgs) -> Result<Shown, DrillError> {
    let token = read(&args.token_file)?;
    let api = Api::new(&args.url)?.with_token(token.trim());
    let runner_key = prove::runner_key(&args.runner_key)?;
    let root = prove::committed_root(&api, args, &runner_key).await?;
    let asked = ask::ask(&api, args).await?;
    let disclosure = asked.wait(&api, args, &runner_key).await?;
    protocol::drilldown::check_disclosure(&disclosure, asked.request(), &root)?;
    Ok(Shown { disclosure, root: root.to_string() })
}

fn print(shown: &Shown, out: &mut dyn Write) -> std::io::Result<()> {
    for leaf in &shown.disclosure.leaves {
        writeln!(out, "{} = {}", leaf.path, leaf.value)?;
    }
    let leaves = shown.disclosure.leaves.len();
    writeln!(
        out,
        "Proved: {leaves} of {} values, against the commitment {}",
        shown.disclosure.header.leaves, shown.root
    )
}

fn to_json(shown: &Shown) -> Value {
    let values = shown.disclosure.leaves.iter().map(|leaf| (leaf.path.clone(), leaf.value.clone()));
    json!({"values": values.collect::<serde_json::Map<_, _>>(), "root": shown.root, "proved": true})
}

/// The stable code of a refusal, if there is one.
fn code(error: &DrillError) -> Option<String> {
    match error {
        DrillError::Refused(code) => Some(code.clone()),
        DrillError::Api(error) => error.code().map(str::to_owned),
        DrillError::File { .. }
        | DrillError::Timeout(_)
        | DrillError::Signature(_)
        | DrillError::Sign(_) => None,
        DrillError::Key(_)
        | DrillError::Form(_)
        | DrillError::Answer(_)
        | DrillError::NoEvidence(_) => None,
        DrillError::Machine(_) => None,
    }
}

fn text(error: &DrillError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

pub(crate) fn read(path: &std::path::Path) -> Result<String, DrillError> {
    std::fs::read_to_string(path)
        .map_err(|error| DrillError::File { path: path.to_owned(), why: error.to_string() })
}

impl From<RefusalCode> for DrillError {
    fn from(code: RefusalCode) -> Self {
        Self::Refused(code.as_str().to_owned())
    }
}

/// Reads a JWK from a file.
pub(crate) fn read_jwk(path: &std::path::Path) -> Result<Jwk, DrillError> {
    let text = read(path)?;
    serde_json::from_str(&text)
        .map_err(|error| DrillError::File { path: path.to_owned(), why: error.to_string() })
}
