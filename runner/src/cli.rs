//! What each command of the command line does.

mod certify;
mod enrol;
mod evidence;
mod init;
mod keys;
mod log_policy;
mod procedures;
mod publish;
mod queue;
mod run;
mod serve;
mod session;
mod status;
mod trust;
mod verify;
mod witness;

use std::{io::Write, path::PathBuf, sync::Arc};

use ambient::{SystemClock, SystemRandomness};
use ports::{Clock, Randomness};

use crate::{
    args::{Args, Command},
    exit::Failure,
    report::{self, Report},
};

/// What every command starts from.
pub(crate) struct Bench<'w> {
    pub(crate) home: PathBuf,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) randomness: Arc<dyn Randomness>,
    /// Where progress and warnings go.
    pub(crate) err: &'w mut dyn Write,
}

/// Does what `args` say: results to `out`, progress, warnings and errors to `err`. Returns the exit code: 0 pass, 1 fail, 2 error,
/// 3 inconclusive, 4 refused, 5 wrong usage.
pub async fn execute(args: Args, out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    let Args { home, json, command } = args;
    let mut bench =
        Bench { home, clock: Arc::new(SystemClock), randomness: Arc::new(SystemRandomness), err };
    let result = dispatch(command, &mut bench).await;
    report::write(result, json, out, bench.err)
}

async fn dispatch(command: Command, bench: &mut Bench<'_>) -> Result<Report, Failure> {
    match command {
        Command::Init => init::init(bench),
        Command::Keys(keys) => keys::keys(&keys, bench),
        Command::Trust(trust) => trust::trust(trust, bench),
        Command::Certify(certify) => certify::certify(&certify, bench),
        Command::Procedures(procedures) => procedures::procedures(&procedures),
        Command::Enrol(enrol) => enrol::enrol(enrol, bench).await,
        Command::Run(run) => run::run(&run, bench).await,
        Command::Publish(publish) => publish::publish(&publish, bench).await,
        // Boxed: what they keep while they wait is more than all the others together.
        Command::Serve(serve) => Box::pin(serve::serve(&serve, bench)).await,
        Command::Status => status::status(bench),
        Command::Witness { command } => Box::pin(witness::witness(command, bench)).await,
        Command::LogPolicy { out, witnessed } => {
            log_policy::log_policy(out.as_deref(), witnessed, bench)
        }
        Command::Evidence(evidence) => evidence::evidence(&evidence, bench),
        Command::Verify { run } => verify::verify(run, bench),
        Command::Queue(queue) => queue::queue(&queue, bench).await,
    }
}
