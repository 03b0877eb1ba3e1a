//! `proofline customer-keys`: whose signatures count for Runners and procedures.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use reqwest::Method;

use super::read_json;
use crate::{
    call::{CallArgs, Caller},
    failure::Failure,
    print::{Column, Printer},
};

const KEYS: [Column; 5] = [
    ("Version", "/version"),
    ("Authority", "/authority_kid"),
    ("Signers", "/signers"),
    ("Threshold", "/threshold"),
    ("Since", "/changed_at"),
];

/// The customer's keys.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
The file holds public keys alone, Ed25519 as JWK (RFC 8037), each signer named by its thumbprint (RFC 7638):
  {\"authority\": {JWK of whoever certifies Runners},
   \"signers\": [{\"kid\": THUMBPRINT, \"jwk\": {JWK}, \"role\": \"author\"}, {…, \"role\": \"approver\"}],
   \"threshold\": 2}
What is set takes the place of what was; Runners go by their own trust policy, which only you change.")]
pub struct CustomerKeysArgs {
    #[command(subcommand)]
    what: Option<CustomerKeysCommand>,
    #[command(flatten)]
    pub(crate) call: CallArgs,
}

#[derive(Clone, Debug, Subcommand)]
enum CustomerKeysCommand {
    /// The keys that are registered
    Show,
    /// Register these keys instead
    Set {
        /// A file of JSON, as below
        file: PathBuf,
    },
}

const PATH: &str = "/api/runs/v1/customer-keys";

pub(crate) async fn customer_keys(
    args: &CustomerKeysArgs,
    printer: &mut Printer<'_>,
) -> Result<(), Failure> {
    let mut caller = Caller::open(&args.call).await?;
    let answer = match &args.what {
        None | Some(CustomerKeysCommand::Show) => caller.get(PATH).await?,
        Some(CustomerKeysCommand::Set { file }) => {
            caller.call(Method::PUT, PATH, Some(&read_json(file)?)).await?
        }
    };
    printer.record(&answer, &KEYS)
}
