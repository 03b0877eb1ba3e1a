//! `keys`, `trust`, `certify`: keys, and what this Runner's host allows.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use domain::TenantId;
use protocol::{Name, enrolment::EnrolmentToken, key::Kid, trust_policy::SignerRole};

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

fn role(text: &str) -> Result<SignerRole, String> {
    match text {
        "author" => Ok(SignerRole::Author),
        "approver" => Ok(SignerRole::Approver),
        _ => Err("author or approver".to_owned()),
    }
}
