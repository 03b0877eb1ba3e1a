//! `proofline bootstrap-operator`: the invitation of whoever makes operators. There is no default account, and no customer makes an operator.

use std::{io::Write, path::PathBuf};

use clap::Args;
use host::causes;
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::{
    BackendName, Layout, Log, Options, root_key,
    serve::{self, Invited},
};

/// The arguments of the command.
#[derive(Args)]
#[command(after_help = "\
The platform has a tenant of its own. Its owner says who the operators are, and is none: two persons, so that nobody makes himself one.
The invitation is made once for a deployment; asked again, the command shows the same one. It is redeemed once, on any machine:
  proofline bootstrap-operator                                          on the machine that serves
  proofline login --url URL --invitation TOKEN                          the owner comes in
  proofline invitations send ops@example.com --role platform_operator   the owner makes an operator
  proofline login --url URL --invitation TOKEN-OF-THE-LETTER            the operator comes in
  proofline admin tenants list                                          and looks after tenants")]
pub(crate) struct OperatorArgs {
    /// The folder of everything that is stored, of the deployment that serves
    #[arg(long, value_name = "DIR", env = "PROOFLINE_DATA", default_value = "./proofline-data")]
    data: PathBuf,
    /// Where the apps keep everything: on this machine, or in Azure with the settings `PROOFLINE_AZURE_…`
    #[arg(long, env = "PROOFLINE_BACKEND", default_value = "local")]
    backend: BackendName,
    /// The name of the platform's own tenant
    #[arg(long, value_name = "NAME", default_value = "Platform")]
    tenant_name: String,
    /// Print the invitation as JSON
    #[arg(long)]
    json: bool,
}

/// Asks for the platform's tenant and prints the invitation of its owner. The exit code: 0 done, 1 failed.
pub(crate) async fn execute(
    args: OperatorArgs,
    out: &mut (dyn Write + Send),
    err: &mut (dyn Write + Send),
) -> u8 {
    let is_json = args.json;
    let printed = match invited(args).await {
        Ok(invited) => print(&invited, is_json, out),
        Err(error) => {
            writeln!(err, "proofline: {}", causes(&*error)).ok();
            return 1;
        }
    };
    u8::from(printed.is_err())
}

async fn invited(args: OperatorArgs) -> Result<Invited, Box<dyn std::error::Error>> {
    let OperatorArgs { data, backend, tenant_name, .. } = args;
    let root_passphrase = match backend {
        BackendName::Local => root_key::ask(&data)?,
        BackendName::Azure => None,
    };
    let options = Options {
        data,
        root_passphrase,
        backend: Some(backend),
        port: 0,
        public_url: None,
        tenant_name,
        layout: Layout::OneProcess,
        event_grid_time_scale: 1.0,
        log: Log::Quiet,
    };
    Ok(serve::invite_operator(&options).await?)
}

fn print(invited: &Invited, is_json: bool, out: &mut dyn Write) -> std::io::Result<()> {
    let Invited { token, tenant_name } = invited;
    let token = token.expose_secret();
    if is_json {
        return writeln!(out, "{}", json!({"invitation": token, "tenant_name": tenant_name}));
    }
    writeln!(
        out,
        "{token}\nIt is redeemed once, by the owner of {tenant_name}: proofline login --url URL --invitation TOKEN\n\
         The deployment must serve to take it: proofline serve"
    )
}
