//! Every setting of a process, read once and all mistakes at once.

use std::path::PathBuf;

use axum::http::Uri;
use tracing_subscriber::filter::Targets;

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
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Backend {
    /// On this machine.
    Local,
}

/// A setting that people write.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The name of the environment variable.
    pub name: &'static str,
    /// What counts when it is absent.
    pub default: &'static str,
    /// What it should look like.
    pub form: &'static str,
}

const BACKEND: Setting = Setting { name: "PROOFLINE_BACKEND", default: "local", form: "`local`" };
const DATA: Setting =
    Setting { name: "PROOFLINE_DATA", default: "./proofline-data", form: "the path of a folder" };
const DEPLOYMENT: Setting = Setting {
    name: "PROOFLINE_DEPLOYMENT",
    default: "proofline.local",
    form: "1 to 253 of the characters a-z, 0-9, `.` and `-`, such as `eu.proofline.example`",
};
const PUBLIC_URL: Setting = Setting {
    name: "PROOFLINE_PUBLIC_URL",
    default: "http://127.0.0.1:7071",
    form: "an https URL without path, or http for 127.0.0.1 and localhost alone",
};
const LOG: Setting = Setting {
    name: "PROOFLINE_LOG",
    default: "info",
    form: "a level (`error`, `warn`, `info`, `debug`), or levels by crate such as `warn,store=debug`",
};

/// Every setting that people write, with what counts when it is absent.
pub const SETTINGS: [Setting; 5] = [BACKEND, DATA, DEPLOYMENT, PUBLIC_URL, LOG];

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
    /// A backend that exists by name only.
    #[error(
        "PROOFLINE_BACKEND is \"azure\", which is not built in this version; set it to `local`"
    )]
    NotBuilt,
    /// Files of one instance are lost with it.
    #[error(
        "PROOFLINE_BACKEND is \"local\" inside Azure (WEBSITE_INSTANCE_ID is set), where files are lost; nothing was started"
    )]
    LocalInAzure,
}

const PORT_FORM: &str = "a port from 1 to 65535, as the Functions host gives it";

impl Config {
    /// Reads every setting through `lookup`.
    ///
    /// # Errors
    /// Every mistake, not only the first.
    pub fn parse(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Vec<ConfigError>> {
        let mut mistakes = Vec::new();
        let backend = backend(&lookup).map_err(|error| mistakes.push(error));
        let data = setting(&lookup, DATA, |text| (!text.is_empty()).then(|| text.into()));
        let data = data.map_err(|error| mistakes.push(error));
        let deployment = setting(&lookup, DEPLOYMENT, deployment);
        let deployment = deployment.map_err(|error| mistakes.push(error));
        let public_url = setting(&lookup, PUBLIC_URL, public_url);
        let public_url = public_url.map_err(|error| mistakes.push(error));
        let log = setting(&lookup, LOG, levels).map_err(|error| mistakes.push(error));
        let port = port(&lookup).map_err(|error| mistakes.push(error));
        match (backend, data, deployment, public_url, log, port) {
            (Ok(backend), Ok(data), Ok(deployment), Ok(public_url), Ok(log), Ok(port)) => {
                Ok(Self { backend, data, deployment, public_url, log, port })
            }
            _ => Err(mistakes),
        }
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

fn setting<T>(
    lookup: &impl Fn(&str) -> Option<String>,
    setting: Setting,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<T, ConfigError> {
    let value = lookup(setting.name).unwrap_or_else(|| setting.default.to_owned());
    let Setting { name, form, .. } = setting;
    parse(&value).ok_or(ConfigError::Form { name, value, form })
}

fn backend(lookup: &impl Fn(&str) -> Option<String>) -> Result<Backend, ConfigError> {
    let is_in_azure = lookup(AZURE_INSTANCE).is_some();
    match lookup(BACKEND.name).as_deref().unwrap_or(BACKEND.default) {
        "local" if is_in_azure => Err(ConfigError::LocalInAzure),
        "azure" => Err(ConfigError::NotBuilt),
        _ => setting(lookup, BACKEND, |text| (text == "local").then_some(Backend::Local)),
    }
}

fn port(lookup: &impl Fn(&str) -> Option<String>) -> Result<Option<u16>, ConfigError> {
    let Some(value) = lookup(PORT) else { return Ok(None) };
    match value.parse() {
        Ok(port) if port != 0 => Ok(Some(port)),
        _ => Err(ConfigError::Form { name: PORT, value, form: PORT_FORM }),
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

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, collections::BTreeSet};

    use super::*;

    fn parse(settings: &[(&str, &str)]) -> Result<Config, Vec<ConfigError>> {
        let find = |name: &str| settings.iter().find(|(key, _)| *key == name);
        Config::parse(|name| find(name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn nothing_has_to_be_set_for_this_machine() {
        let config = parse(&[]).unwrap();
        assert_eq!(config.data, PathBuf::from("./proofline-data"));
        assert_eq!(config.deployment, "proofline.local");
        assert_eq!(config.public_url, "http://127.0.0.1:7071");
        assert!(
            matches!(config.handler_port(), Err(ConfigError::Missing { name, .. }) if name == PORT)
        );
    }

    #[test]
    fn all_mistakes_are_said_at_once_with_their_names() {
        let settings = [
            ("PROOFLINE_BACKEND", "azure"),
            ("PROOFLINE_DATA", ""),
            ("PROOFLINE_DEPLOYMENT", "Prod"),
            ("PROOFLINE_PUBLIC_URL", "ftp://a"),
            ("PROOFLINE_LOG", "store=loud"),
            (PORT, "0"),
        ];
        let mistakes = parse(&settings).unwrap_err();
        assert_eq!(mistakes.len(), settings.len());
        for ((name, _), mistake) in settings.iter().zip(&mistakes) {
            assert!(mistake.to_string().starts_with(name), "{mistake}");
        }
    }

    #[test]
    fn files_are_refused_inside_azure() {
        assert_eq!(parse(&[(AZURE_INSTANCE, "x")]), Err(vec![ConfigError::LocalInAzure]));
        let said = [(AZURE_INSTANCE, "x"), ("PROOFLINE_BACKEND", "local")];
        assert_eq!(parse(&said), Err(vec![ConfigError::LocalInAzure]));
    }

    #[test]
    fn a_public_url_is_bare_and_protected() {
        let url =
            |text: &str| parse(&[("PROOFLINE_PUBLIC_URL", text)]).map(|config| config.public_url);
        for text in [
            "https://a.example",
            "http://localhost:7071",
            "http://127.0.0.1:1",
            "http://[::1]:7071",
        ] {
            assert_eq!(url(text), Ok(text.to_owned()));
        }
        assert_eq!(url("https://a.example/"), Ok("https://a.example".to_owned()));
        for text in [
            "",
            "a.example",
            "http://a.example",
            "https://a.example/x",
            "https://a.example?x",
            "https://u@a.example",
            "https://a.example//",
        ] {
            assert!(url(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_port_is_from_1_to_65535() {
        let port = |text: &str| parse(&[(PORT, text)]).map(|config| config.port);
        assert_eq!(port("1"), Ok(Some(1)));
        assert_eq!(port("65535"), Ok(Some(65535)));
        for text in ["", "0", "65536", "-1", "x"] {
            assert!(port(text).is_err(), "{text}");
        }
    }

    /// The file that people copy says every setting, with the value that counts without it.
    #[test]
    fn the_example_file_holds_every_setting_that_is_read() {
        let file = include_str!("../../../local.settings.example.json");
        let file: serde_json::Value = serde_json::from_str(file).unwrap();
        // Core Tools takes a file without this for an encrypted one.
        assert_eq!(file["IsEncrypted"], false);
        let mut values = file["Values"].as_object().unwrap().clone();
        for of_the_functions_host in ["FUNCTIONS_WORKER_RUNTIME", "AzureWebJobsStorage"] {
            values.remove(of_the_functions_host).unwrap();
        }
        let read = RefCell::new(BTreeSet::new());
        let lookup = |name: &str| {
            read.borrow_mut().insert(name.to_owned());
            values.get(name).map(|value| value.as_str().unwrap().to_owned())
        };
        assert_eq!(Config::parse(lookup), parse(&[]));
        let mut read = read.into_inner();
        for of_the_functions_host in [PORT, AZURE_INSTANCE] {
            assert!(read.remove(of_the_functions_host));
        }
        assert!(values.keys().eq(read.iter()), "{values:?} {read:?}");
        assert_eq!(
            SETTINGS.map(|setting| setting.name.to_owned()).into_iter().collect::<BTreeSet<_>>(),
            read
        );
    }
}
