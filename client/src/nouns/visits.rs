//! `proofline visits`: operators of the service in the place of one of the tenant's users, as far as the tenant allows it.

use clap::{Args, Subcommand};
use serde_json::json;

use super::{encoded, rows};
use crate::{
    call::{CallArgs, Caller},
    failure::Failure,
    print::{Column, Printer},
};

pub(crate) const VISITS: [Column; 7] = [
    ("VISIT", "/visit"),
    ("STATE", "/state"),
    ("OPERATOR", "/operator"),
    ("AS", "/user"),
    ("TICKET", "/ticket"),
    ("REASON", "/reason"),
    ("ENDS", "/ends_at"),
];

/// Visits of the operator.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Nobody visits unless the tenant wants it: proofline tenant support-access off | ask | until TIME
A visit only reads, sees no evidence, lasts an hour at most, and each of its requests is in your audit log.")]
pub struct VisitsArgs {
    #[command(subcommand)]
    what: VisitsCommand,
    #[command(flatten)]
    pub(crate) call: CallArgs,
}

#[derive(Clone, Debug, Subcommand)]
enum VisitsCommand {
    /// Who visited, asks to, or is here now; newest first
    List,
    /// Consent to the visit that an operator asks for
    #[command(visible_alias = "consent")]
    Allow(Which),
    /// Refuse the visit that an operator asks for
    Deny(Which),
    /// End a visit; its token no longer counts
    End(Which),
}

#[derive(Args, Clone, Debug)]
struct Which {
    /// Which, as in the list
    visit: String,
}

const PATH: &str = "/api/auth/v1/visits";

pub(crate) async fn visits(args: &VisitsArgs, printer: &mut Printer<'_>) -> Result<(), Failure> {
    let mut caller = Caller::open(&args.call).await?;
    let (Which { visit }, step) = match &args.what {
        VisitsCommand::List => {
            let answer = caller.get(PATH).await?;
            return printer.list(rows(&answer, "visits"), &VISITS, "Nobody visited.");
        }
        VisitsCommand::Allow(which) => (which, "allow"),
        VisitsCommand::Deny(which) => (which, "deny"),
        VisitsCommand::End(which) => (which, "end"),
    };
    let answer = caller.post(&format!("{PATH}/{}/{step}", encoded(visit)), &json!({})).await?;
    printer.one(&answer, &VISITS)
}
