//! `proofline admin`: what whoever runs the service does to its tenants. It needs a user of the platform's own tenant.

mod tenants;
mod visits;

use clap::{Args, Subcommand};

use crate::{call::CallArgs, failure::Failure, print::Printer};
use tenants::TenantsCommand;
use visits::VisitsCommand;

/// What operators of the service do.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Whatever is done to a tenant is in that tenant's own audit log, with your name and your reason.
How operators come to be: proofline bootstrap-operator --help   (on the machine that serves)

Examples:
  proofline admin tenants create \"Example Ltd\" --plan business --owner ada@example.com
  proofline admin tenants list
  proofline admin tenants plan ten_… enterprise
  proofline admin tenants override ten_… --quota seats=40 --feature custom_roles=on --reason \"contract 7\"
  proofline admin tenants suspend ten_… --reason \"the invoice of May is open\"
  proofline admin visits request ten_… --as usr_… --ticket T-1 --reason \"a run is not shown\"
  proofline admin visits begin ten_… vis_… --json      the answer has a token that only reads")]
pub struct AdminArgs {
    #[command(subcommand)]
    what: AdminCommand,
    #[command(flatten)]
    pub(crate) call: CallArgs,
}

#[derive(Clone, Debug, Subcommand)]
enum AdminCommand {
    /// Customers' tenants: make, list, plan, override, suspend
    #[command(subcommand)]
    Tenants(TenantsCommand),
    /// Visits in the place of a tenant's user, which the tenant must want
    #[command(subcommand)]
    Visits(VisitsCommand),
}

pub(crate) async fn admin(args: &AdminArgs, printer: &mut Printer<'_>) -> Result<(), Failure> {
    match &args.what {
        AdminCommand::Tenants(what) => tenants::tenants(&args.call, what, printer).await,
        AdminCommand::Visits(what) => visits::visits(&args.call, what, printer).await,
    }
}
