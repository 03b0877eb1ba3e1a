//! The command line.

use std::{
    error::Error,
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand};

use crate::{
    APPS, BackendName, HostedApp, Layout, Lifeline, Log, Options, demo,
    operator::{self, OperatorArgs},
    package_host::{self, Hosted, PackageArgs},
    root_key::{self, RootKeyArgs},
    serve,
};

/// Runs verified procedures: customers' Runners execute what their customers signed, and prove each result.
///
/// Without a command, `serve` is meant: every function app on this machine, with one folder for all that is stored.
#[derive(Parser)]
#[command(name = "proofline", version, args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeArgs,
}

const EXAMPLES: &str = "\
Examples:
  proofline demo                       the whole story in under a minute, in ./demo-out
  proofline                            serve on http://127.0.0.1:7071, with ./proofline-data
  proofline serve --port 0 --json      serve on a free port, and say which in JSON
  proofline serve --processes --log    each app as a process of its own, log lines on stdout
  proofline serve --package dist       the packages in ./dist, as the Azure Functions host would
  proofline login --invitation TOKEN   make your account, enrol a second factor, sign in
  proofline runs list                  what Runners did; --json for programs
  proofline audit export               the audit log as one file, to be verified offline
  proofline admin tenants list         the customers of whoever runs the service
  FUNCTIONS_CUSTOMHANDLER_PORT=8080 proofline app auth
                                       one app, as the Azure Functions host would start it";

#[derive(Subcommand)]
enum Command {
    /// Serve every function app on this machine, with a stand-in for the Azure Functions host and Event Grid
    Serve(ServeArgs),
    /// Tell the whole story on this machine, and prove each claim: sign in, enrol, run, seal, drill down, verify
    Demo(demo::DemoArgs),
    /// The customer's Runner: executes signed procedures where the evidence is, and keeps it there
    Runner(runner::Args),
    /// Run one function app as a custom handler of the Azure Functions host
    App(AppArgs),
    /// Put the root key of this machine under a passphrase, or in the clear again
    RootKey(RootKeyArgs),
    /// Invite the owner of the platform's own tenant, who makes the operators of the service (see `proofline admin`)
    BootstrapOperator(OperatorArgs),
    /// Verify an exported audit log, offline (0 ok, 1 broken, 2 incomplete, 3 usage)
    Verify(inspector::Args),
    /// See raw values that only the Runner keeps, and prove that they are the ones that were committed to
    Drill(client::DrillArgs),
    #[command(flatten)]
    Client(client::ClientCommand),
}

/// `PROOFLINE_DEPLOYMENT` and `PROOFLINE_LOG` of the environment count too.
#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
struct ServeArgs {
    /// The folder of everything that is stored. Keep it private: whoever can read it can read everything
    #[arg(long, value_name = "DIR", env = "PROOFLINE_DATA", default_value = "./proofline-data")]
    data: PathBuf,
    /// Where the apps keep everything: on this machine, or in Azure with the settings `PROOFLINE_AZURE_…`
    #[arg(long, env = "PROOFLINE_BACKEND", default_value = "local")]
    backend: BackendName,
    /// Listen on 127.0.0.1 at this port; 0 takes a free one
    #[arg(long, default_value_t = 7071)]
    port: u16,
    /// The URL under which Runners and people reach this machine, when it is not the one that is listened on
    #[arg(long, value_name = "URL", env = "PROOFLINE_PUBLIC_URL")]
    public_url: Option<String>,
    /// Start each app as a process of its own, with its own port
    #[arg(long)]
    processes: bool,
    /// The name of the first tenant, when there is none yet
    #[arg(long, value_name = "NAME", default_value = "First tenant")]
    tenant_name: String,
    /// Say where it listens as one JSON object, on the first line of stdout
    #[arg(long)]
    json: bool,
    /// Write log lines as JSON, at the levels of `PROOFLINE_LOG`: to stdout, or to stderr with --json
    #[arg(long)]
    log: bool,
    /// Scale the waits between deliveries of an event (10 s, 30 s, 1 min, …); 1 is what Event Grid does
    #[arg(long, value_name = "FACTOR", default_value_t = 0.01, value_parser = scale)]
    event_grid_time_scale: f64,
    /// End when standard input ends
    #[arg(long, hide = true)]
    while_stdin: bool,
    #[command(flatten)]
    packages: PackageArgs,
}

#[derive(Args)]
struct AppArgs {
    /// Which
    #[arg(value_parser = app)]
    name: HostedApp,
    /// End when standard input ends
    #[arg(long, hide = true)]
    while_stdin: bool,
}

/// The exit status of wrong usage, and that of `verify`, where 2 means incomplete.
const USAGE: u8 = 2;
const USAGE_OF_VERIFY: u8 = 3;

/// Runs the command that the arguments name.
pub fn main() -> ExitCode {
    let Cli { command, serve } = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return misused(&error),
    };
    match command.unwrap_or(Command::Serve(serve)) {
        Command::Serve(args) => run_serve(args),
        Command::App(AppArgs { name, while_stdin }) => name.run(Lifeline::of_flag(while_stdin)),
        Command::RootKey(args) => status(root_key::execute(args, &mut io::stdout())),
        Command::BootstrapOperator(args) => {
            on_runtime(operator::execute(args, &mut io::stdout(), &mut io::stderr()))
        }
        Command::Verify(args) => ExitCode::from(inspector::execute(&args, &mut io::stdout())),
        Command::Drill(args) => on_runtime(client::drill(&args, &mut io::stdout())),
        Command::Client(command) => {
            on_runtime(client::execute(&command, &mut io::stdout(), &mut io::stderr()))
        }
        Command::Demo(args) => on_runtime(demo::demo(&args, &mut io::stdout())),
        Command::Runner(args) => {
            on_runtime(runner::execute(args, &mut io::stdout(), &mut io::stderr()))
        }
    }
}

fn misused(error: &clap::Error) -> ExitCode {
    error.print().ok();
    if !error.use_stderr() {
        return ExitCode::SUCCESS;
    }
    let is_verify = std::env::args_os().nth(1).is_some_and(|command| command == "verify");
    ExitCode::from(if is_verify { USAGE_OF_VERIFY } else { USAGE })
}

/// Runs a command to its end; its exit code is the process's.
fn on_runtime(command: impl Future<Output = u8>) -> ExitCode {
    match tokio::runtime::Runtime::new() {
        Ok(runtime) => ExitCode::from(runtime.block_on(command)),
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn run_serve(args: ServeArgs) -> ExitCode {
    if args.packages.is_asked() {
        return run_packages(args);
    }
    let log = log(&args);
    let asked = match args.backend {
        BackendName::Local => root_key::ask(&args.data),
        BackendName::Azure => Ok(None),
    };
    let root_passphrase = match asked {
        Ok(passphrase) => passphrase,
        Err(error) => return status(Err(error)),
    };
    let ended = program().and_then(|program| {
        let layout =
            if args.processes { Layout::Processes { program } } else { Layout::OneProcess };
        let options = Options {
            data: args.data,
            root_passphrase,
            backend: Some(args.backend),
            port: args.port,
            public_url: args.public_url,
            tenant_name: args.tenant_name,
            layout,
            event_grid_time_scale: args.event_grid_time_scale,
            log,
        };
        serve::run(options, APPS, args.json, Lifeline::of_flag(args.while_stdin))
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn status(ended: Result<(), impl Error>) -> ExitCode {
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn run_packages(args: ServeArgs) -> ExitCode {
    let log = log(&args);
    let mut settings = Vec::new();
    if args.backend == BackendName::Azure {
        settings.push(("PROOFLINE_BACKEND", BackendName::setting(args.backend)));
    }
    settings.extend(args.public_url.map(|url| ("PROOFLINE_PUBLIC_URL", url)));
    let hosted = Hosted {
        data: args.data,
        port: args.port,
        tenant_name: args.tenant_name,
        settings,
        event_grid_time_scale: args.event_grid_time_scale,
        log,
    };
    let options = args.packages.into_options(hosted);
    match package_host::run(options, args.json, Lifeline::of_flag(args.while_stdin)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn log(args: &ServeArgs) -> Log {
    match (args.log, args.json) {
        (false, _) => Log::Quiet,
        (true, false) => Log::Stdout,
        (true, true) => Log::Stderr,
    }
}

fn program() -> Result<PathBuf, serve::ServeError> {
    std::env::current_exe().map_err(serve::ServeError::Program)
}

fn app(name: &str) -> Result<HostedApp, String> {
    let names = || APPS.iter().map(|app| app.identity.name()).collect::<Vec<_>>().join(", ");
    let found = APPS.iter().copied().find(|app| app.identity.name() == name);
    found.ok_or_else(|| format!("there is no such app; there are: {}", names()))
}

fn scale(text: &str) -> Result<f64, String> {
    let factor: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if factor > 0.0 && factor <= 1.0 { Ok(factor) } else { Err("over 0 and at most 1".to_owned()) }
}

/// Says why on stderr, with every cause. That stderr is closed changes nothing.
fn complain(error: &dyn Error) {
    writeln!(io::stderr(), "proofline: {}", host::causes(error)).ok();
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed_and_says_serve_by_itself() {
        Cli::command().debug_assert();
        let cli = Cli::parse_from(["proofline", "--port", "0"]);
        assert!(cli.command.is_none());
        assert_eq!(cli.serve.port, 0);
        assert!(Cli::try_parse_from(["proofline", "app", "nothing"]).is_err());
        assert!(Cli::try_parse_from(["proofline", "--port", "0", "app", "auth"]).is_err());
        assert!(Cli::try_parse_from(["proofline", "--event-grid-time-scale", "0"]).is_err());
    }
}
