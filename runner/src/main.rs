//! `proofline-runner`: the Runner's command line on its own.

use std::{io, process::ExitCode};

use clap::Parser;

/// The customer's Runner: executes signed procedures where the evidence is, and keeps it there.
#[derive(Parser)]
#[command(name = "proofline-runner", version)]
struct Cli {
    #[command(flatten)]
    args: runner::Args,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Cli { args } = Cli::parse();
    ExitCode::from(runner::execute(args, &mut io::stdout(), &mut io::stderr()).await)
}
