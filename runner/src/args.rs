//! The command line.

mod control_plane;
mod procedures;
mod trust;

use std::path::PathBuf;

use clap::Subcommand;
use domain::RunId;

pub(crate) use control_plane::{
    DoorChoice, Enrol, Patience, Publish, Queue, Serve, WitnessCommand,
};
pub(crate) use procedures::{Evidence, Procedures, Run};
pub(crate) use trust::{Allowances, Certify, KeyPurpose, Keys, Trust, TrustInit};

/// The Runner's command line.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The Runner's directory.
    #[arg(
        long,
        global = true,
        env = "PROOFLINE_RUNNER_HOME",
        default_value = "/var/lib/proofline-runner"
    )]
    pub(crate) home: PathBuf,
    /// One JSON object instead of text.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make the Runner's directory with its keys.
    Init,
    /// Make and show keys.
    #[command(subcommand)]
    Keys(Keys),
    /// Show and change what this Runner's host allows.
    #[command(subcommand)]
    Trust(Trust),
    /// Certify the Runner's key with the customer's authority key.
    Certify(Certify),
    /// Lint, sign and name procedures.
    #[command(subcommand)]
    Procedures(Procedures),
    /// Enrol with a control plane.
    Enrol(Enrol),
    /// Execute a signed procedure.
    Run(Run),
    /// Send what waits, and keep the receipts.
    Publish(Publish),
    /// Publish, obey commands and answer drill-downs until interrupted.
    Serve(Serve),
    /// How this Runner stands.
    Status,
    /// Look at the tenant's audit log once: that it only grew, and holds what was promised; and cosign it.
    Witness {
        #[command(subcommand)]
        command: Option<WitnessCommand>,
    },
    /// Write the policy with which an inspector verifies the audit log: the keys that this Runner pinned at its enrolment.
    LogPolicy {
        /// Where it goes; the terminal where absent.
        #[arg(long)]
        out: Option<PathBuf>,
        /// Ask that this Runner has cosigned the log; without it, that counts where it is there, and is not asked for.
        #[arg(long)]
        witnessed: bool,
    },
    /// List and show what was collected.
    #[command(subcommand)]
    Evidence(Evidence),
    /// Judge a run again from the vault.
    Verify {
        /// The run.
        run: RunId,
    },
    /// Show and send again what waits.
    #[command(subcommand)]
    Queue(Queue),
}
