//! Runs a command with everything around it that it needs of Azure: `azure-site COMMAND ARGUMENT…`.
//!
//! `azure-site --print` prints the settings, one `NAME=value` a line, and waits until its input ends. With `PROOFLINE_AZURE_BLOB_ENDPOINT` set
//! already, there is a real subscription: nothing is started, and the command runs as it is.

use std::{
    io::{Read as _, Write as _},
    process::ExitCode,
};

use anyhow::Context as _;
use azure_counterparts::{found, site::Site};
use tokio::{
    process::Command,
    signal::{
        ctrl_c,
        unix::{SignalKind, signal},
    },
};

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let program = arguments.next().context("usage: azure-site --print | COMMAND [ARGUMENT…]")?;
    let site = match found::setting("PROOFLINE_AZURE_BLOB_ENDPOINT") {
        Some(_) => None,
        None => Some(Site::start().await?),
    };
    let settings = site.as_ref().map_or_else(|| Ok(Vec::new()), Site::settings)?;
    if program == "--print" {
        return print(&settings).await;
    }
    let command = Command::new(&program).args(arguments).envs(settings).kill_on_drop(true).status();
    let status = tokio::select! {
        status = command => status.with_context(|| format!("cannot start {}", program.display()))?,
        code = told_to_stop() => return code,
    };
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(ExitCode::from(code.unwrap_or(1)))
}

/// Whoever starts us holds our input open for as long as they need us.
async fn print(settings: &[(String, String)]) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    for (name, value) in settings {
        writeln!(out, "{name}={value}")?;
    }
    writeln!(out)?;
    out.flush()?;
    drop(out);
    let ended = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    tokio::select! {
        ended = ended => ended??,
        code = told_to_stop() => return code,
    };
    Ok(ExitCode::SUCCESS)
}

/// Waits for Ctrl-C or SIGTERM, and gives the status that shells expect then.
async fn told_to_stop() -> anyhow::Result<ExitCode> {
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = ctrl_c() => interrupted.map(|()| ExitCode::from(130)).map_err(Into::into),
        _ = terminated.recv() => Ok(ExitCode::from(143)),
    }
}
