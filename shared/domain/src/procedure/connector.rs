//! What collects, and how it is set.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Check, EvidencePolicy, Step};

/// What collects, with its settings.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Connector {
    /// Reads one file's metadata and, where a format is named, its content.
    File(File),
    /// Starts one program and reads what it prints.
    Command(Command),
    /// Asks one HTTP endpoint.
    Http(Http),
    /// Shakes hands with one TLS endpoint.
    Tls(Tls),
}

/// The name of a connector.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectorKind {
    /// [`File`].
    File,
    /// [`Command`].
    Command,
    /// [`Http`].
    Http,
    /// [`Tls`].
    Tls,
}

impl Connector {
    /// Its name.
    pub const fn kind(&self) -> ConnectorKind {
        match self {
            Self::File(_) => ConnectorKind::File,
            Self::Command(_) => ConnectorKind::Command,
            Self::Http(_) => ConnectorKind::Http,
            Self::Tls(_) => ConnectorKind::Tls,
        }
    }
}

/// Settings of `file`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Absolute, without `.` and `..`; the Runner follows no symbolic link.
    pub path: String,
    /// How the content is read.
    #[serde(default)]
    pub format: FileFormat,
}

/// How the content of a file is read.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FileFormat {
    /// Not at all: metadata and hash only.
    #[default]
    Stat,
    /// A list of lines.
    Lines,
    /// `name = value` lines; `#` starts a comment.
    Kv,
    /// `[section]`, then `name = value` lines.
    Ini,
    /// `Keyword argument` lines as of `sshd_config(5)`: keywords lower-cased, the first one wins.
    Sshd,
    /// JSON.
    Json,
    /// YAML.
    Yaml,
}

/// Settings of `command`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// The absolute path of the program, then its arguments, as they are: there is no shell.
    pub argv: Vec<String>,
    /// How the standard output is read.
    #[serde(default)]
    pub stdout: StdoutFormat,
    /// Arguments that make the program print its version, for the statement; none asks for none.
    #[serde(default)]
    pub version_args: Vec<String>,
}

/// How the standard output of a program is read.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StdoutFormat {
    /// A list of lines.
    #[default]
    Lines,
    /// JSON.
    Json,
}

/// Settings of `http`: a GET without redirects.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// `http://…` or `https://…`, without user and password.
    pub url: String,
}

/// Settings of `tls`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// Host name or address to connect to.
    pub host: String,
    /// Port to connect to.
    pub port: u16,
    /// The name that the certificate must carry; `host` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
    /// A PEM file of trusted roots on the Runner's machine; the machine's own where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roots_file: Option<String>,
}

/// A [`Step`] as written: `with` is typed by `connector`, which serde cannot say while it refuses unknown fields.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FlatStep {
    id: String,
    title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    instruction: Option<String>,
    connector: ConnectorKind,
    with: Value,
    #[serde(default = "default_timeout_s")]
    timeout_s: u32,
    checks: Vec<Check>,
    #[serde(default)]
    needs: Vec<String>,
    #[serde(default)]
    evidence: EvidencePolicy,
}

const fn default_timeout_s() -> u32 {
    10
}

/// The settings of a step are not those of its connector.
#[derive(Debug, thiserror::Error)]
#[error("step '{step}': 'with' does not fit its connector: {why}")]
pub(super) struct SettingsError {
    step: String,
    why: String,
}

impl TryFrom<FlatStep> for Step {
    type Error = SettingsError;

    fn try_from(flat: FlatStep) -> Result<Self, SettingsError> {
        let (step, with) = (&flat.id, flat.with);
        let connector = match flat.connector {
            ConnectorKind::File => Connector::File(settings(step, with)?),
            ConnectorKind::Command => Connector::Command(settings(step, with)?),
            ConnectorKind::Http => Connector::Http(settings(step, with)?),
            ConnectorKind::Tls => Connector::Tls(settings(step, with)?),
        };
        Ok(Self {
            id: flat.id,
            title: flat.title,
            instruction: flat.instruction,
            connector,
            timeout_s: flat.timeout_s,
            checks: flat.checks,
            needs: flat.needs,
            evidence: flat.evidence,
        })
    }
}

fn settings<T: DeserializeOwned>(step: &str, with: Value) -> Result<T, SettingsError> {
    serde_json::from_value(with)
        .map_err(|error| SettingsError { step: step.to_owned(), why: error.to_string() })
}

impl From<Step> for FlatStep {
    fn from(step: Step) -> Self {
        let (connector, with) = match &step.connector {
            Connector::File(with) => (ConnectorKind::File, serde_json::to_value(with)),
            Connector::Command(with) => (ConnectorKind::Command, serde_json::to_value(with)),
            Connector::Http(with) => (ConnectorKind::Http, serde_json::to_value(with)),
            Connector::Tls(with) => (ConnectorKind::Tls, serde_json::to_value(with)),
        };
        Self {
            id: step.id,
            title: step.title,
            instruction: step.instruction,
            connector,
            with: with.expect("settings have string keys and no failing serializer"),
            timeout_s: step.timeout_s,
            checks: step.checks,
            needs: step.needs,
            evidence: step.evidence,
        }
    }
}
