//! Every setting of a process, read once and all mistakes at once.

mod azure;
mod error;
mod forms;
mod passphrase;
mod reader;
mod settings;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use tracing_subscriber::filter::Targets;

pub use azure::AzureConfig;
pub use error::ConfigError;
use forms::{
    deployment, levels, proxy_hops, public_url, pwned_url, thumbprints, timestamp_url, witnesses,
};
pub use passphrase::RootPassphrase;
use reader::{Lookup, Reader};
use settings::{
    ACCESS_KEYS, BACKEND, DATA, DEPLOYMENT, LOG, LOG_ROTATION, PROXY_HOPS, PUBLIC_URL, PWNED_URL,
    RESTORE_EPOCH, TIMESTAMP_URL, WITNESSES,
};
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
    /// The passphrase that the root key in it is under; `None` when that is in the clear.
    pub root_passphrase: Option<RootPassphrase>,
    /// The name of this deployment: issuer and audience of tokens, audience of statements. Changing it signs everybody out, and Runners refuse
    /// the deployment until they enrol again.
    pub deployment: String,
    /// The base URL under which Runners and people reach us, without a slash at its end. Runners sign it: a wrong one refuses every Runner.
    pub public_url: String,
    /// How often the database was restored from a backup, as whoever restores it counts. Raised by one, it ends every session, and logs that the
    /// restored database cuts short begin a new epoch; lower than it was, nothing is served.
    pub restore_epoch: u64,
    /// The thumbprints of the keys whose signatures under records of access count; the last one signs. Empty for what the keyring says.
    pub access_keys: Vec<String>,
    /// How often the audit logs were rotated.
    pub log_rotation: u32,
    /// The authority that puts time stamps (RFC 3161) under the heads of the directory of logs.
    pub timestamp_url: Option<String>,
    /// Witnesses of others that are asked to cosign the audit logs: verifier keys and addresses.
    pub witnesses: Option<String>,
    /// Have I Been Pwned, asked whether a password leaked; `None` to ask nobody.
    pub pwned_url: Option<String>,
    /// How many proxies of ours a request passes: each appends to `X-Forwarded-For` whom it saw.
    pub proxy_hops: u8,
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
        let root_passphrase = passphrase::read(&mut reader);
        let access_keys = reader.get(ACCESS_KEYS, thumbprints);
        let (deployment, public_url) = if is_azure == Some(true) {
            (reader.said(DEPLOYMENT, deployment), reader.said(PUBLIC_URL, public_url))
        } else {
            (reader.get(DEPLOYMENT, deployment), reader.get(PUBLIC_URL, public_url))
        };
        let restore_epoch = reader.get(RESTORE_EPOCH, |text| text.parse::<u32>().ok());
        let log_rotation = reader.get(LOG_ROTATION, |text| text.parse::<u16>().ok());
        let timestamp_url = reader.get(TIMESTAMP_URL, timestamp_url);
        let witnesses = reader.get(WITNESSES, witnesses);
        let pwned_url = reader.get(PWNED_URL, pwned_url);
        let default_hops = u8::from(is_azure == Some(true));
        let proxy_hops = reader.get(PROXY_HOPS, |text| proxy_hops(text, default_hops));
        let log = reader.get(LOG, levels);
        let port = port(&mut reader);
        let read = || {
            let (deployment, public_url) = (deployment?, public_url?);
            Some(Self {
                backend: backend?,
                data: data?,
                root_passphrase: root_passphrase?,
                access_keys: access_keys?,
                deployment,
                public_url,
                restore_epoch: restore_epoch?.into(),
                log_rotation: log_rotation?.into(),
                timestamp_url: timestamp_url?,
                witnesses: witnesses?,
                pwned_url: pwned_url?,
                proxy_hops: proxy_hops?,
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
