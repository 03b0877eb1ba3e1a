//! The in-memory Cosmos emulator on a port of this machine: `cosmos-emulator [--port 0] [--roles]`.
//!
//! Prints its URL, and stops when its standard input ends, at Ctrl-C and at SIGTERM. Everything it held is lost then.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use azure_counterparts::emulator::{EmulatorHost, Guard};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    signal::unix::{SignalKind, signal},
};

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let text = format!("cosmos-emulator: {error:#}\n");
            // Nobody is left to be told when even this fails.
            tokio::io::stderr().write_all(text.as_bytes()).await.ok();
            ExitCode::FAILURE
        }
    }
}

async fn run() -> anyhow::Result<()> {
    let (mut port, mut guard) = (0, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--port" => port = arguments.next().context("--port needs a number")?.parse()?,
            "--roles" => guard = Some(Guard::believing()),
            other => bail!("unknown argument {other}; usage: cosmos-emulator [--port 0] [--roles]"),
        }
    }
    let host = EmulatorHost::start(port, guard).await?;
    let mut stdout = tokio::io::stdout();
    stdout.write_all(format!("{}\n", host.url).as_bytes()).await?;
    stdout.flush().await?;
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let mut nothing = Vec::new();
    let mut stdin = tokio::io::stdin();
    tokio::select! {
        _ = stdin.read_to_end(&mut nothing) => {}
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}
