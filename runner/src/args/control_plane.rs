//! `enrol`, `publish`, `serve`, `witness`, `queue`: what is done with a control plane.

use clap::{Subcommand, ValueEnum};
use protocol::{Name, enrolment::EnrolmentToken};

use crate::progress::ProgressFormat;

/// `enrol`.
#[derive(Debug, clap::Args)]
pub(crate) struct Enrol {
    /// The control plane's address.
    #[arg(long)]
    pub(crate) url: String,
    /// The enrolment token.
    #[arg(long)]
    pub(crate) token: EnrolmentToken,
    /// A label, `name=value`.
    #[arg(long = "label", value_parser = label)]
    pub(crate) labels: Vec<(Name, Name)>,
    /// The address of an Event Grid topic, `…/api/events`, for events that go that way.
    #[arg(long)]
    pub(crate) topic: Option<String>,
    /// Wait so many seconds for the approval.
    #[arg(long, default_value_t = 0)]
    pub(crate) wait: u64,
}

/// `publish`.
#[derive(Debug, clap::Args)]
pub(crate) struct Publish {
    /// Which way.
    #[arg(long = "via", value_enum, default_value = "https")]
    pub(crate) door: DoorChoice,
    #[command(flatten)]
    pub(crate) patience: Patience,
}

/// Which way events go, and how long receipts are waited for.
#[derive(Debug, clap::Args)]
pub(crate) struct Patience {
    /// The address of the Event Grid topic, instead of the one given at enrolment.
    #[arg(long)]
    pub(crate) topic: Option<String>,
    /// Wait so many seconds for receipts of what went to a topic.
    #[arg(long, default_value_t = 15)]
    pub(crate) wait: u64,
}

/// A way that events go.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum DoorChoice {
    /// Straight to the control plane.
    Https,
    /// To the Event Grid topic.
    Eventgrid,
    /// Nowhere yet.
    None,
}

/// `serve`.
#[derive(Debug, clap::Args)]
pub(crate) struct Serve {
    /// One round only.
    #[arg(long)]
    pub(crate) once: bool,
    /// Which way events go.
    #[arg(long = "via", value_enum, default_value = "https")]
    pub(crate) door: DoorChoice,
    /// How many seconds the control plane may hold back its answer until there is a command.
    #[arg(long, default_value_t = 0)]
    pub(crate) long_poll: u32,
    /// Look at the audit log every so many seconds, and cosign it; never when 0.
    #[arg(long, default_value_t = 60)]
    pub(crate) witness_every: u64,
    /// How progress is shown.
    #[arg(long, value_enum, default_value = "plain")]
    pub(crate) progress: ProgressFormat,
    #[command(flatten)]
    pub(crate) patience: Patience,
}

/// `witness`.
#[derive(Debug, Subcommand)]
pub(crate) enum WitnessCommand {
    /// Show the witness key that an inspector pins, and what was seen last.
    Show,
    /// Say that somebody has looked at the alarm and why the Runner may go on.
    Clear {
        /// What was found out; kept with the alarm.
        #[arg(long)]
        reason: String,
        /// Give up what was witnessed, as after a restore that the operator answers for: the next look counts as the first.
        #[arg(long)]
        start_over: bool,
    },
}

/// `queue`.
#[derive(Debug, Subcommand)]
pub(crate) enum Queue {
    /// List statements and what became of them.
    Ls,
    /// Send again what was handed over and never receipted.
    Flush(Publish),
}

fn label(text: &str) -> Result<(Name, Name), String> {
    let (name, value) = text.split_once('=').ok_or("write name=value")?;
    let parse = |part: &str| part.parse::<Name>().map_err(|error| error.to_string());
    Ok((parse(name)?, parse(value)?))
}
