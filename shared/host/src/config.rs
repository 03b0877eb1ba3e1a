//! Every setting of a process, read once and all mistakes at once.

mod azure;
mod reader;
mod settings;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use axum::http::Uri;
use tracing_subscriber::filter::Targets;

pub use azure::AzureConfig;
use reader::{Lookup, Reader};
use settings::{BACKEND, DATA, DEPLOYMENT, LOG, PUBLIC_URL};
pub use settings::{Counts, SETTINGS, Setting};

/// The port that the Functions host gives to its custom handler.
const PORT: &str = "FUNCTIONS_CUSTOMHANDLER_PORT";
/// Set by Azure in every instance.
const AZURE_INSTANCE: &str = "WEBSITE_INSTANCE_ID";

/// What a process is told from outside.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Where everything is kept.
    pub backend: Backend,
    /// The folder of the local backend: store, keys, blobs, letters. Whoever can read it can read everything.
    pub data: PathBuf,
    /// The name of this deployment: issuer and audience of tokens, audience of statements. Changing it signs everybody out, and Runners refuse
    /// the deployment until they enrol again.
    pub deployment: String,
    /// The base URL under which Runners and people reach us, without a slash at its end. Runners sign it: a wrong one refuses every Runner.
    pub public_url: String,
    /// Which log lines are written: `info`, or `warn,store=debug` for one crate.
    pub log: Targets,
    /// Where the Functions host calls us on 127.0.0.1; `None` when nobody said.
    pub port: Option<u16>,
}

/// Where everything is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Backend {
    /// On this machine.
    Local,
    /// In Azure.
    Azure(Box<AzureConfig>),
}

/// Why a setting cannot be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ConfigError {
    /// It does not look as it should.
    #[error("{name} is {value:?}; it should be {form}")]
    Form {
        /// Which.
        name: &'static str,
        /// What it says.
        value: String,
        /// What it should look like.
        form: &'static str,
    },
    /// It has no value, and there is none to fall back to.
    #[error("{name} is not set; it should be {form}")]
    Missing {
        /// Which.
        name: &'static str,
        /// What it should look like.
        form: &'static str,
    },
    /// This program was made for Azure alone.
    #[error(
        "PROOFLINE_BACKEND is \"local\" (or not set), which is not in this program: packages for Azure have one backend; set it to `azure`"
    )]
    NotBuilt,
    /// Files of one instance are lost with it.
    #[error(
        "PROOFLINE_BACKEND is \"local\" (or not set) inside Azure (WEBSITE_INSTANCE_ID is set), where files are lost; set it to `azure`; nothing was started"
    )]
    LocalInAzure,
    /// Nobody is signed in there.
    #[error(
        "PROOFLINE_AZURE_CREDENTIAL is \"developer\" inside Azure (WEBSITE_INSTANCE_ID is set), where nobody is signed in; set it to `managed-identity`"
    )]
    DeveloperInAzure,
}

const PORT_FORM: &str = "a port from 1 to 65535, as the Functions host gives it";

impl Config {
    /// Reads every setting through `lookup`.
    ///
    /// # Errors
    /// Every mistake, not only the first.
    pub fn parse(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Vec<ConfigError>> {
        let mut reader = Reader::new(&lookup);
        let is_in_azure = reader.text(AZURE_INSTANCE).is_some();
        let is_azure = is_azure(&mut reader, is_in_azure);
        let backend = match is_azure {
            Some(true) => {
                azure::read(&mut reader, is_in_azure).map(|config| Backend::Azure(Box::new(config)))
            }
            Some(false) => Some(Backend::Local),
            None => None,
        };
        let data = reader.get(DATA, |text| (!text.is_empty()).then(|| text.into()));
        let (deployment, public_url) = if is_azure == Some(true) {
            (reader.said(DEPLOYMENT, deployment), reader.said(PUBLIC_URL, public_url))
        } else {
            (reader.get(DEPLOYMENT, deployment), reader.get(PUBLIC_URL, public_url))
        };
        let log = reader.get(LOG, levels);
        let port = port(&mut reader);
        let read = || {
            let (deployment, public_url) = (deployment?, public_url?);
            Some(Self {
                backend: backend?,
                data: data?,
                deployment,
                public_url,
                log: log?,
                port: port?,
            })
        };
        let read = read();
        reader.finish(read)
    }

    /// Reads the environment; what `overrides` says wins, because it was written on the command line.
    ///
    /// # Errors
    /// As [`Config::parse`].
    pub fn read(overrides: impl Fn(&str) -> Option<String>) -> Result<Self, Vec<ConfigError>> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place where the environment is read"
        )]
        Self::parse(|name| overrides(name).or_else(|| std::env::var(name).ok()))
    }

    /// The port of a custom handler.
    ///
    /// # Errors
    /// * [`ConfigError::Missing`]: nobody said.
    pub fn handler_port(&self) -> Result<u16, ConfigError> {
        self.port.ok_or(ConfigError::Missing { name: PORT, form: PORT_FORM })
    }
}

/// Whether the backend is the one in Azure. Files of an instance are lost with it, so that `local` is refused there.
fn is_azure<L: Lookup>(reader: &mut Reader<'_, L>, is_in_azure: bool) -> Option<bool> {
    let is_azure = reader.get(BACKEND, |text| match text {
        "local" => Some(false),
        "azure" => Some(true),
        _ => None,
    })?;
    if !is_azure && is_in_azure {
        reader.mistake(ConfigError::LocalInAzure);
        return None;
    }
    if !is_azure && cfg!(not(feature = "local")) {
        reader.mistake(ConfigError::NotBuilt);
        return None;
    }
    Some(is_azure)
}

#[expect(clippy::option_option, reason = "outside: can it be used; inside: did somebody say")]
fn port<L: Lookup>(reader: &mut Reader<'_, L>) -> Option<Option<u16>> {
    let Some(value) = reader.text(PORT) else { return Some(None) };
    match value.parse() {
        Ok(port) if port != 0 => Some(Some(port)),
        _ => {
            reader.mistake(ConfigError::Form { name: PORT, value, form: PORT_FORM });
            None
        }
    }
}

fn deployment(text: &str) -> Option<String> {
    let is_allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-');
    let is_name = (1..=253).contains(&text.len()) && text.bytes().all(is_allowed);
    is_name.then(|| text.to_owned())
}

/// Tokens travel under this URL, so that plain http is for this machine alone.
fn public_url(text: &str) -> Option<String> {
    let text = text.strip_suffix('/').unwrap_or(text);
    let url: Uri = text.parse().ok()?;
    let host = url.host()?;
    let is_protected = match url.scheme_str()? {
        "https" => true,
        "http" => matches!(host, "127.0.0.1" | "localhost" | "[::1]"),
        _ => false,
    };
    let is_bare =
        !text.contains('@') && url.path() == "/" && !text.ends_with('/') && url.query().is_none();
    (is_protected && is_bare).then(|| text.to_owned())
}

fn levels(text: &str) -> Option<Targets> {
    text.parse().ok().filter(|_| !text.is_empty())
}
