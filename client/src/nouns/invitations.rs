//! `proofline invitations`: who was asked to come in, and did not yet.

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::json;

use super::{encoded, roles::require_built_in, rows};
use crate::{
    call::{CallArgs, Caller},
    failure::Failure,
    print::{Column, Printer},
};

pub(crate) const INVITED: [Column; 5] = [
    ("INVITATION", "/invitation"),
    ("ADDRESS", "/email"),
    ("ROLE", "/role"),
    ("MAILED", "/mailed"),
    ("ENDS", "/ends_at"),
];

/// Invitations.
#[derive(Args, Clone, Debug)]
pub struct InvitationsArgs {
    #[command(subcommand)]
    what: InvitationsCommand,
    #[command(flatten)]
    pub(crate) call: CallArgs,
}

#[derive(Clone, Debug, Subcommand)]
enum InvitationsCommand {
    /// The invitations that wait for their person, newest first
    List,
    /// Invite a person by mail
    Send {
        /// Their address
        email: String,
        /// What they may do, such as `auditor`
        #[arg(long)]
        role: String,
    },
    /// Send an invitation again, with a new link; the link before is void
    Resend(Which),
    /// Take an invitation back
    Revoke(Which),
}

#[derive(Args, Clone, Debug)]
struct Which {
    /// Which, as in the list
    invitation: String,
}

pub(crate) const PATH: &str = "/api/auth/v1/invitations";

pub(crate) async fn invitations(
    args: &InvitationsArgs,
    printer: &mut Printer<'_>,
) -> Result<(), Failure> {
    let mut caller = Caller::open(&args.call).await?;
    let one = |Which { invitation }: &Which, rest| format!("{PATH}/{}{rest}", encoded(invitation));
    let answer = match &args.what {
        InvitationsCommand::List => {
            let answer = caller.get(PATH).await?;
            return printer.list(rows(&answer, "invitations"), &INVITED, "Nobody is invited.");
        }
        InvitationsCommand::Send { email, role } => {
            require_built_in(role)?;
            caller.post(PATH, &json!({"email": email, "role": role})).await?
        }
        InvitationsCommand::Resend(which) => {
            caller.post(&one(which, "/resend"), &json!({})).await?
        }
        InvitationsCommand::Revoke(which) => {
            caller.call(Method::DELETE, &one(which, ""), None).await?
        }
    };
    printer.one(&answer, &INVITED)
}
