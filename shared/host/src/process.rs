//! The whole life of a custom handler: settings, telemetry, store, app, port, end.

use std::{
    error::Error,
    io::{self, Write as _},
    process::ExitCode,
};

use tokio::net::TcpListener;
use web::FunctionApp;

use crate::{
    Config, ConfigError, LogForm,
    opening::{self, OpeningError},
    start_telemetry, stop_signal,
};

/// Why a custom handler did not start, or ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProcessError {
    #[error("the settings cannot be used:\n  {}", lines(.0))]
    Config(Vec<ConfigError>),
    #[error("the runtime cannot be started")]
    Runtime(#[source] io::Error),
    #[error(transparent)]
    Open(#[from] OpeningError),
    #[error(
        "address already in use: 127.0.0.1:{0}; end the process that listens there, or give another port"
    )]
    AddressInUse(u16),
    #[error("127.0.0.1:{0} cannot be listened on")]
    Bind(u16, #[source] io::Error),
    #[error("the socket failed")]
    Serve(#[source] io::Error),
}

/// Runs the app `A` as a custom handler until it is asked to end (SIGTERM, SIGINT).
///
/// Exit code 0 means that it was asked to: the Functions host never starts such a handler again, so nothing else ends with it.
pub fn run<A: FunctionApp>() -> ExitCode {
    run_until::<A, _>(std::future::pending)
}

/// The same, until `stop` as well.
pub fn run_until<A: FunctionApp, F>(stop: impl FnOnce() -> F) -> ExitCode
where
    F: Future<Output = ()> + Send + 'static,
{
    match live::<A, F>(stop) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn live<A: FunctionApp, F>(stop: impl FnOnce() -> F) -> Result<(), ProcessError>
where
    F: Future<Output = ()> + Send + 'static,
{
    let (config, port) = settings()?;
    start_telemetry(&config.log, LogForm::Json);
    let runtime = tokio::runtime::Runtime::new().map_err(ProcessError::Runtime)?;
    runtime.block_on(async {
        let signal = stop_signal().map_err(ProcessError::Runtime)?;
        let stop = stop();
        let stop = async move {
            tokio::select! {
                () = signal => {}
                () = stop => {}
            }
        };
        opening::live::<A>(&config, port, stop).await
    })
}

fn settings() -> Result<(Config, u16), ProcessError> {
    let config = Config::read(|_| None).map_err(ProcessError::Config)?;
    let port = config.handler_port().map_err(|error| ProcessError::Config(vec![error]))?;
    Ok((config, port))
}

pub(crate) async fn bind(port: u16) -> Result<TcpListener, ProcessError> {
    TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| {
        if error.kind() == io::ErrorKind::AddrInUse {
            return ProcessError::AddressInUse(port);
        }
        ProcessError::Bind(port, error)
    })
}

fn lines(mistakes: &[ConfigError]) -> String {
    mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n  ")
}

/// Says why on stderr: there may be no log yet. That stderr is closed changes nothing.
fn complain(error: &dyn Error) {
    writeln!(io::stderr(), "{}", causes(error)).ok();
}

/// The error and each of its causes, one sentence.
pub fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
