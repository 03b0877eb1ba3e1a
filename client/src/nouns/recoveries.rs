//! `proofline recoveries`: users who lost their second factor, and administrators who let them set up a new one.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{encoded, rows};
use crate::{
    call::{CallArgs, Caller},
    failure::Failure,
    print::{Column, Printer},
};

const RECOVERIES: [Column; 5] = [
    ("RECOVERY", "/recovery"),
    ("USER", "/user"),
    ("ASKED BY", "/requested_by"),
    ("SINCE", "/requested_at"),
    ("ENDS", "/ends_at"),
];

/// Lost second factors.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Two people let a user in again: one asks, an administrator approves, and neither for themselves.
  proofline login --lost-factor          (the user) ask with your password
  proofline recoveries request usr_…     (an administrator) ask for a user
  proofline recoveries approve rcv_…     (another administrator, there for a day) they get a link by mail
  proofline login --recovery LINK        (the user) set up a new second factor, with that link and the password
Where there is no other administrator, two operators of the service have to agree, everybody of the tenant is told, and the link counts three
days later: invite a second administrator before you need one.")]
pub struct RecoveriesArgs {
    #[command(subcommand)]
    what: RecoveriesCommand,
    #[command(flatten)]
    pub(crate) call: CallArgs,
}

#[derive(Clone, Debug, Subcommand)]
enum RecoveriesCommand {
    /// Who waits for a new second factor
    List,
    /// Ask another administrator to let a user set up a new second factor
    Request {
        /// Which user
        user: String,
    },
    /// Let the user set up a new second factor: they get a link by mail
    Approve(Which),
    /// Refuse it
    Deny(Which),
}

#[derive(Args, Clone, Debug)]
struct Which {
    /// Which, as in the list
    recovery: String,
}

const PATH: &str = "/api/auth/v1/recoveries";

pub(crate) async fn recoveries(
    args: &RecoveriesArgs,
    printer: &mut Printer<'_>,
) -> Result<(), Failure> {
    let mut caller = Caller::open(&args.call).await?;
    let path = match &args.what {
        RecoveriesCommand::List => {
            let answer = caller.get(PATH).await?;
            return printer.list(rows(&answer, "recoveries"), &RECOVERIES, "Nobody waits.");
        }
        RecoveriesCommand::Request { user } => {
            format!("/api/auth/v1/users/{}/recovery", encoded(user))
        }
        RecoveriesCommand::Approve(Which { recovery }) => {
            format!("{PATH}/{}/approve", encoded(recovery))
        }
        RecoveriesCommand::Deny(Which { recovery }) => format!("{PATH}/{}/deny", encoded(recovery)),
    };
    let answer = caller.post(&path, &json!({})).await?;
    printer.one(&answer, &RECOVERIES)?;
    if answer.get("decided_by").and_then(Value::as_str) == Some("operators") {
        printer.note("Nobody else here can approve it: ask the operators of the service. Two of them have to agree, and the link counts three days later.");
    }
    Ok(())
}
