//! The command line.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use domain::{EvidenceId, RunId, TenantId};
use protocol::{Name, enrolment::EnrolmentToken, key::Kid, trust_policy::SignerRole};

use crate::progress::ProgressFormat;

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
    /// Write the policy with which an inspector verifies the audit log: the keys that this Runner pinned at its enrolment.
    LogPolicy {
        /// Where it goes; the terminal where absent.
        #[arg(long)]
        out: Option<PathBuf>,
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

/// `keys`.
#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Make an Ed25519 key: its seed in FILE (0600), its public key in FILE.pub and on the terminal.
    New {
        /// Where the seed goes.
        #[arg(long)]
        out: PathBuf,
        /// What it is for; a key is used for one thing only.
        #[arg(long, value_enum, default_value = "signer")]
        purpose: KeyPurpose,
    },
    /// Show the public key of a seed file.
    Show {
        /// The seed file.
        key: PathBuf,
    },
}

/// What a customer's key is for.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum KeyPurpose {
    /// Certifies Runners.
    Authority,
    /// Signs procedures.
    Signer,
    /// Asks for raw values.
    Viewer,
}

/// `trust`.
#[derive(Debug, Subcommand)]
pub(crate) enum Trust {
    /// Write a new trust policy. It allows nothing but what is named here.
    Init(Box<TrustInit>),
    /// Show the trust policy and its digest.
    Show,
    /// List a key that signs procedures.
    AddSigner {
        /// Its public key (FILE.pub).
        #[arg(long)]
        key: PathBuf,
        /// What its holder does.
        #[arg(long, value_parser = role)]
        role: SignerRole,
    },
    /// List a key that may ask for raw values.
    AddViewer {
        /// Its public key (FILE.pub).
        #[arg(long)]
        key: PathBuf,
        /// Who holds it.
        #[arg(long)]
        name: String,
        /// What for; also added to what is allowed at all.
        #[arg(long = "purpose", required = true)]
        purposes: Vec<Name>,
    },
    /// Allow more programs and connections.
    Allow(Allowances),
}

/// `trust init`.
#[derive(Debug, clap::Args)]
pub(crate) struct TrustInit {
    /// The enrolment token, which names the tenant and the control plane's root key.
    #[arg(long, conflicts_with_all = ["tenant", "root"])]
    pub(crate) token: Option<EnrolmentToken>,
    /// The tenant, where there is no token.
    #[arg(long, required_unless_present = "token")]
    pub(crate) tenant: Option<TenantId>,
    /// The thumbprint of the control plane's root key, where there is no token.
    #[arg(long, required_unless_present = "token")]
    pub(crate) root: Option<Kid>,
    /// The deployment that statements are for.
    #[arg(long)]
    pub(crate) deployment: Name,
    /// The public key (FILE.pub) of the customer's authority.
    #[arg(long)]
    pub(crate) authority: PathBuf,
    /// How many signers a procedure needs.
    #[arg(long, default_value_t = 2)]
    pub(crate) threshold: u8,
    /// How many drill-downs are answered in one day.
    #[arg(long, default_value_t = 20)]
    pub(crate) drilldowns_per_day: u32,
    #[command(flatten)]
    pub(crate) allow: Allowances,
}

/// What is allowed.
#[derive(Debug, clap::Args)]
pub(crate) struct Allowances {
    /// A connector: file, command, http or tls.
    #[arg(long = "connector")]
    pub(crate) connectors: Vec<Name>,
    /// The absolute path of a program.
    #[arg(long = "program")]
    pub(crate) programs: Vec<String>,
    /// A `host:port`.
    #[arg(long = "egress")]
    pub(crate) egress: Vec<String>,
}

/// `certify`.
#[derive(Debug, clap::Args)]
pub(crate) struct Certify {
    /// The seed file of the customer's authority key.
    #[arg(long)]
    pub(crate) authority: PathBuf,
    /// What the Runner is called.
    #[arg(long)]
    pub(crate) name: Name,
    /// How long it counts.
    #[arg(long, default_value_t = 365)]
    pub(crate) days: u32,
}

/// `procedures`.
#[derive(Debug, Subcommand)]
pub(crate) enum Procedures {
    /// Say everything that is wrong with procedures.
    Lint {
        /// YAML files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Sign a procedure, or add signatures to a signed one.
    Sign {
        /// A YAML file, or a signed procedure.
        file: PathBuf,
        /// Seed files of signers.
        #[arg(long = "key", required = true)]
        keys: Vec<PathBuf>,
        /// Where the signed procedure goes; FILE.dsse where absent.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Show the digest by which a procedure is named.
    Digest {
        /// YAML files or signed procedures.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

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

/// `run`.
#[derive(Debug, clap::Args)]
pub(crate) struct Run {
    /// A signed procedure, or the digest of one.
    pub(crate) procedure: String,
    /// Call nobody but what the procedure examines; what is to be published waits.
    #[arg(long, conflicts_with = "publish")]
    pub(crate) offline: bool,
    /// How progress is shown.
    #[arg(long, value_enum, default_value = "plain")]
    pub(crate) progress: ProgressFormat,
    /// Publish the result at once, this way.
    #[arg(long, value_enum, default_value = "none")]
    pub(crate) publish: DoorChoice,
    #[command(flatten)]
    pub(crate) patience: Patience,
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
    /// How progress is shown.
    #[arg(long, value_enum, default_value = "plain")]
    pub(crate) progress: ProgressFormat,
    #[command(flatten)]
    pub(crate) patience: Patience,
}

/// `evidence`.
#[derive(Debug, Subcommand)]
pub(crate) enum Evidence {
    /// List evidence items.
    Ls {
        /// Of one run.
        #[arg(long)]
        run: Option<RunId>,
    },
    /// Show a raw value, here and nowhere else.
    Show {
        /// The evidence item.
        evidence: EvidenceId,
        /// A JSON pointer into it.
        #[arg(long, default_value = "")]
        path: String,
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

fn role(text: &str) -> Result<SignerRole, String> {
    match text {
        "author" => Ok(SignerRole::Author),
        "approver" => Ok(SignerRole::Approver),
        _ => Err("author or approver".to_owned()),
    }
}

fn label(text: &str) -> Result<(Name, Name), String> {
    let (name, value) = text.split_once('=').ok_or("write name=value")?;
    let parse = |part: &str| part.parse::<Name>().map_err(|error| error.to_string());
    Ok((parse(name)?, parse(value)?))
}
