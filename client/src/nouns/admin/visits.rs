//! `proofline admin visits`: an operator in the place of a tenant's user.

use clap::{Args, Subcommand};
use serde_json::json;

use super::tenants::PATH;
use crate::{
    call::{CallArgs, Caller},
    failure::Failure,
    nouns::{encoded, visits::VISITS},
    print::{Printer, text},
};

#[derive(Clone, Debug, Subcommand)]
pub(super) enum VisitsCommand {
    /// Ask to visit a tenant in the place of one of its users
    Request {
        /// Which tenant
        tenant: String,
        /// In whose place
        #[arg(long = "as", value_name = "USER")]
        user: String,
        /// The ticket that it is about
        #[arg(long)]
        ticket: String,
        /// Why: 10 to 500 characters, which the tenant reads
        #[arg(long)]
        reason: String,
        /// For how long: 1 to 60
        #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u16).range(1..=60))]
        minutes: u16,
    },
    /// Begin a visit that the tenant allowed; prints a token that only reads
    Begin(Which),
    /// End a visit of your own
    End(Which),
}

#[derive(Args, Clone, Debug)]
pub(super) struct Which {
    /// Which tenant
    tenant: String,
    /// Which visit
    visit: String,
}

pub(super) async fn visits(
    call: &CallArgs,
    what: &VisitsCommand,
    printer: &mut Printer<'_>,
) -> Result<(), Failure> {
    let mut caller = Caller::open(call).await?;
    let path = |tenant: &str, rest: &str| format!("{PATH}/{}/visits{rest}", encoded(tenant));
    let one = |Which { tenant, visit }: &Which, step: &str| {
        path(tenant, &format!("/{}/{step}", encoded(visit)))
    };
    match what {
        VisitsCommand::Request { tenant, user, ticket, reason, minutes } => {
            let body =
                json!({"user": user, "ticket": ticket, "reason": reason, "minutes": minutes});
            let answer = caller.post(&path(tenant, ""), &body).await?;
            printer.one(&answer, &VISITS)
        }
        VisitsCommand::Begin(which) => {
            let answer = caller.post(&one(which, "begin"), &json!({})).await?;
            if printer.json {
                return printer.json(&answer);
            }
            printer.say(&answer.get("access_token").map(text).unwrap_or_default())?;
            let ends = answer.pointer("/visit/ends_at").map(text).unwrap_or_default();
            printer.note(&format!("It only reads, and ends at {ends}."));
            Ok(())
        }
        VisitsCommand::End(which) => {
            let answer = caller.post(&one(which, "end"), &json!({})).await?;
            printer.one(&answer, &VISITS)
        }
    }
}
