//! `proofline root-key`: the root key of this machine under a passphrase, under another one, or in the clear again.
//!
//! A passphrase is never an argument: it comes from the settings, from a file, or from the person at the terminal.

use std::{
    fs,
    io::{self, IsTerminal as _, Write},
    path::{Path, PathBuf},
};

use ambient::SystemRandomness;
use clap::{Args, Subcommand};
use host::{Config, ConfigError, RootPassphrase};
use secrecy::{ExposeSecret as _, SecretString};

/// The arguments of the command.
#[derive(Args)]
pub(crate) struct RootKeyArgs {
    /// The folder of everything that is stored
    #[arg(long, value_name = "DIR", env = "PROOFLINE_DATA", default_value = "./proofline-data")]
    data: PathBuf,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Put the root key under a passphrase, or under another one; nothing else that is stored changes
    Protect {
        /// A file with the new passphrase on one line; without it you are asked, or `PROOFLINE_ROOT_PASSPHRASE` counts for a key in the clear
        #[arg(long, value_name = "FILE")]
        new_file: Option<PathBuf>,
    },
    /// Keep the root key in the clear again, in a file for this user alone
    Unprotect,
}

/// Why the root key stays as it was.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RootKeyError {
    #[error(transparent)]
    Store(#[from] local::OpenError),
    #[error("a setting cannot be used: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Settings(Vec<ConfigError>),
    #[error("{0} cannot be read")]
    File(PathBuf, #[source] io::Error),
    #[error("the terminal cannot be read")]
    Terminal(#[source] io::Error),
    #[error("the two passphrases differ; nothing was changed")]
    Differ,
    #[error(
        "a passphrase is needed and nobody can be asked; set PROOFLINE_ROOT_PASSPHRASE_FILE, or name a new one with --new-file"
    )]
    Nobody,
    #[error("nothing can be written")]
    Output(#[source] io::Error),
}

/// Does it, and says what is so now.
pub(crate) fn execute(args: RootKeyArgs, out: &mut impl Write) -> Result<(), RootKeyError> {
    let said = Config::read(|_| None).map_err(RootKeyError::Settings)?.root_passphrase;
    let is_protected = local::is_root_key_protected(&args.data)?;
    let current = if is_protected { Some(passphrase(said.as_ref())?) } else { None };
    let next = match args.what {
        What::Unprotect => None,
        What::Protect { new_file: Some(path) } => Some(of_file(&path)?),
        What::Protect { new_file: None } => match said.filter(|_| !is_protected) {
            Some(said) => Some(said.secret().clone()),
            None => Some(chosen()?),
        },
    };
    local::protect_root_key(&args.data, current.as_ref(), next.as_ref(), &SystemRandomness)?;
    let form = if next.is_some() { "under a passphrase" } else { "in the clear" };
    writeln!(out, "The root key in {} is {form} now.", args.data.display())
        .map_err(RootKeyError::Output)
}

/// The passphrase of a folder whose root key is under one, if no setting says it and a person can be asked.
///
/// # Errors
/// When the folder or the terminal cannot be read.
pub(crate) fn ask(data: &Path) -> Result<Option<RootPassphrase>, RootKeyError> {
    let said = Config::read(|_| None).map_err(RootKeyError::Settings)?.root_passphrase;
    if said.is_some() || !io::stdin().is_terminal() || !local::is_root_key_protected(data)? {
        return Ok(None);
    }
    Ok(Some(RootPassphrase::new(typed("Passphrase of the root key")?.expose_secret())))
}

fn passphrase(said: Option<&RootPassphrase>) -> Result<SecretString, RootKeyError> {
    match said {
        Some(said) => Ok(said.secret().clone()),
        None => typed("Passphrase of the root key"),
    }
}

fn chosen() -> Result<SecretString, RootKeyError> {
    let (first, second) = (typed("New passphrase")?, typed("The same again")?);
    if first.expose_secret() == second.expose_secret() {
        Ok(first)
    } else {
        Err(RootKeyError::Differ)
    }
}

fn typed(question: &str) -> Result<SecretString, RootKeyError> {
    if !io::stdin().is_terminal() {
        return Err(RootKeyError::Nobody);
    }
    let typed = rpassword::prompt_password(format!("{question}: "));
    typed.map(Into::into).map_err(RootKeyError::Terminal)
}

fn of_file(path: &Path) -> Result<SecretString, RootKeyError> {
    let text = fs::read_to_string(path);
    let text = text.map_err(|error| RootKeyError::File(path.to_owned(), error))?;
    Ok(RootPassphrase::new(&text).secret().clone())
}
