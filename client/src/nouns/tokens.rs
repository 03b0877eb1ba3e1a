//! `proofline tokens`: personal access tokens, for programs that act in your name.

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::json;

use super::{encoded, rows};
use crate::{
    call::{CallArgs, Caller},
    failure::Failure,
    print::{Column, Printer, text},
};

const TOKENS: [Column; 5] = [
    ("TOKEN", "/token"),
    ("NAME", "/name"),
    ("MAY", "/scopes"),
    ("ENDS", "/ends_at"),
    ("STATE", "/state"),
];

/// Personal access tokens, for programs that act in your name.
#[derive(Args, Clone, Debug)]
pub struct TokensArgs {
    #[command(subcommand)]
    what: TokensCommand,
    #[command(flatten)]
    pub(crate) call: CallArgs,
}

#[derive(Clone, Debug, Subcommand)]
enum TokensCommand {
    /// Your tokens, newest first
    List,
    /// Issue a token; it is shown this once
    Create {
        /// What to call it
        name: String,
        /// What it may do, such as `run_read`; repeat for several
        #[arg(long = "scope", required = true)]
        scopes: Vec<String>,
        /// For how many days, at most 365
        #[arg(long, default_value_t = 90)]
        days: u32,
    },
    /// End a token
    Revoke {
        /// Which, as in the list
        token: String,
    },
}

const PATH: &str = "/api/auth/v1/me/tokens";

pub(crate) async fn tokens(args: &TokensArgs, printer: &mut Printer<'_>) -> Result<(), Failure> {
    let mut caller = Caller::open(&args.call).await?;
    match &args.what {
        TokensCommand::List => {
            let answer = caller.get(PATH).await?;
            printer.list(rows(&answer, "tokens"), &TOKENS, "You have no token.")
        }
        TokensCommand::Create { name, scopes, days } => {
            let body = json!({"name": name, "scopes": scopes, "days": days});
            let answer = caller.post(PATH, &body).await?;
            if printer.json {
                return printer.json(&answer);
            }
            printer.say(&answer.get("secret").map(text).unwrap_or_default())?;
            let ends = answer.get("ends_at").map(text).unwrap_or_default();
            printer.note(&format!(
                "It is shown this once and ends on {ends}. Programs take it from PROOFLINE_TOKEN."
            ));
            Ok(())
        }
        TokensCommand::Revoke { token } => {
            let path = format!("{PATH}/{}", encoded(token));
            let answer = caller.call(Method::DELETE, &path, None).await?;
            printer.list(&[answer], &TOKENS, "")
        }
    }
}
