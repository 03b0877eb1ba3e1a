//! Why a command did not do what it was asked for.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use serde_json::{Value, json};

use crate::{ApiError, Problem};

/// Why a command did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The control plane refused or was not reached.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// Nobody signed in on this machine.
    #[error(
        "nobody is signed in; run `proofline login`, or set PROOFLINE_TOKEN to a personal access token"
    )]
    SignedOut,
    /// The session is over.
    #[error("the session is over; run `proofline login` again")]
    Over,
    /// No control plane is named.
    #[error("no control plane is named; give --url, or set PROOFLINE_URL")]
    NoUrl,
    /// Something must be typed, and nobody is there to type.
    #[error("{what} is needed, and there is no terminal to ask on; give {instead}")]
    NoTerminal {
        /// What.
        what: &'static str,
        /// The option that takes its place.
        instead: &'static str,
    },
    /// A file cannot be read or written, or has another content.
    #[error("{path}: {why}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// What was downloaded is not what was announced.
    #[error(
        "the download has the SHA-256 {got}, not {expected} as the control plane announced; nothing was kept"
    )]
    Digest {
        /// As announced.
        expected: String,
        /// As computed.
        got: String,
    },
    /// What was verified does not hold, or not all of it could be checked.
    #[error("the verdict is {0}; only ok is a success")]
    Verdict(String),
    /// Less stands behind a head than was demanded.
    #[error(
        "the tier {asked} was asked for, and the head is {told}; nothing was taken for more than it is"
    )]
    Tier {
        /// What was demanded.
        asked: &'static str,
        /// What is there.
        told: &'static str,
    },
    /// Keys that nobody may pin.
    #[error("the control plane's list of keys is not to be believed: {0}")]
    Keys(String),
    /// An argument that the command line could not judge.
    #[error("{0}")]
    Usage(String),
    /// The answer lacks something.
    #[error("the answer has no {0}; is the control plane of another version?")]
    Answer(&'static str),
    /// No place for the session.
    #[error("there is no home folder to keep the session in; give --session FILE")]
    NoHome,
    /// Nothing can be printed.
    #[error("nothing can be printed: {0}")]
    Print(#[from] io::Error),
}

impl Failure {
    /// A file that cannot be used.
    pub(crate) fn file(path: impl Into<PathBuf>, why: impl ToString) -> Self {
        Self::File { path: path.into(), why: why.to_string() }
    }

    /// The stable code, for scripts.
    fn code(&self) -> &str {
        match self {
            Self::Api(error) => error.code().unwrap_or("unreached"),
            Self::SignedOut => "signed-out",
            Self::Over => "session-over",
            Self::NoUrl | Self::Usage(_) | Self::NoHome => "usage",
            Self::NoTerminal { .. } => "no-terminal",
            Self::File { .. } | Self::Print(_) => "io",
            Self::Digest { .. } => "digest-differs",
            Self::Answer(_) => "unexpected-answer",
            Self::Verdict(_) => "not-ok",
            Self::Tier { .. } => "tier-too-low",
            Self::Keys(_) => "keys-refused",
        }
    }

    /// The exit code: 1 refused or failed, 2 usage, as elsewhere on this command line.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::NoUrl | Self::Usage(_) | Self::NoHome | Self::NoTerminal { .. } => 2,
            Self::Api(_)
            | Self::SignedOut
            | Self::Over
            | Self::File { .. }
            | Self::Digest { .. }
            | Self::Answer(_)
            | Self::Verdict(_)
            | Self::Tier { .. }
            | Self::Keys(_)
            | Self::Print(_) => 1,
        }
    }

    /// Says why, in words or as one JSON object.
    pub(crate) fn say(&self, json: bool, err: &mut (dyn Write + Send)) {
        let said = if json {
            writeln!(err, "{}", self.to_json())
        } else {
            writeln!(err, "proofline: {}", self.text())
        };
        // Nobody listens any more: the exit code still says it.
        said.ok();
    }

    fn to_json(&self) -> Value {
        let (code, error) = (self.code(), self.text());
        match self.problem() {
            Some(Problem { status, instance, .. }) => {
                json!({"code": code, "error": error, "status": status, "instance": instance})
            }
            None => json!({"code": code, "error": error}),
        }
    }

    const fn problem(&self) -> Option<&Problem> {
        if let Self::Api(ApiError::Refused(problem)) = self { Some(problem) } else { None }
    }

    fn text(&self) -> String {
        let mut text = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(error) = source {
            text = format!("{text}: {error}");
            source = error.source();
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_keeps_its_code_its_status_and_its_instance() {
        let problem = Problem {
            status: 403,
            code: "forbidden".to_owned(),
            detail: Some("No.".to_owned()),
            instance: Some("urn:x".to_owned()),
        };
        let failure = Failure::from(ApiError::Refused(problem));
        let said = failure.to_json();
        assert_eq!(
            (said["code"].as_str(), said["status"].as_u64()),
            (Some("forbidden"), Some(403))
        );
        assert_eq!(said["instance"], "urn:x");
        assert_eq!(failure.exit_code(), 1);
        assert_eq!(Failure::NoUrl.exit_code(), 2);
    }
}
