//! Connectors: each collects one kind of fact, as JSON, within limits, and only where the trust policy allows.
//!
//! What they collect is the evidence: it goes to the vault, and to the expressions of the checks, and nowhere else.

mod certificate;
mod command;
mod egress;
mod file;
mod format;
mod http;
mod privileges;
mod tls;

pub use privileges::{PRIVILEGES, Privileges};

use std::{path::Path, time::Duration};

use domain::{
    Timestamp,
    procedure::{Connector, ConnectorKind},
    run::ReasonCode,
};
use protocol::{statement::Tool, trust_policy::TrustPolicy};
use serde_json::Value;

/// What a connector may use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds<'a> {
    /// The longest time that it may take.
    pub(crate) timeout: Duration,
    /// The most bytes that it may collect; the rest is cut.
    pub(crate) max_bytes: u64,
    /// The time, for what depends on it, such as the days until a certificate expires.
    pub(crate) now: Timestamp,
    /// An empty directory of its own.
    pub(crate) scratch: &'a Path,
}

/// What a connector collected.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Collected {
    /// The evidence; `/truncated` is true where something was cut.
    pub(crate) value: Value,
    /// The program that collected it, where one did.
    pub(crate) tool: Option<Tool>,
}

impl Collected {
    fn of(value: impl Into<Value>) -> Self {
        Self { value: value.into(), tool: None }
    }
}

/// Whether something of this evidence was cut: then nothing that was seen decides anything.
pub(crate) fn is_truncated(evidence: &Value) -> bool {
    evidence.get("truncated").and_then(Value::as_bool).unwrap_or(false)
}

/// Why a connector collected nothing. `detail` is for the people at the Runner: it may name a target, so it stays there.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{detail}")]
pub(crate) struct CollectError {
    /// Why, as the statement says it.
    pub(crate) reason: ReasonCode,
    detail: String,
}

impl CollectError {
    /// `reason`, and what to tell the people at the Runner.
    pub(crate) fn new(reason: ReasonCode, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }

    fn denied(detail: impl Into<String>) -> Self {
        Self::new(ReasonCode::PolicyDenied, detail)
    }

    fn unreachable(detail: impl Into<String>) -> Self {
        Self::new(ReasonCode::TargetUnreachable, detail)
    }

    fn unreadable(detail: impl Into<String>) -> Self {
        Self::new(ReasonCode::OutputUnreadable, detail)
    }
}

/// Collects with `connector`, if `policy` allows it.
///
/// # Errors
/// [`CollectError`].
pub(crate) async fn collect(
    connector: &Connector,
    policy: &TrustPolicy,
    bounds: &Bounds<'_>,
) -> Result<Collected, CollectError> {
    let name = name_of(connector.kind());
    if !policy.connectors.allow.iter().any(|allowed| allowed.as_str() == name) {
        return Err(CollectError::denied(format!(
            "the trust policy does not allow the connector '{name}': add it to connectors.allow"
        )));
    }
    let collected = async {
        match connector {
            Connector::File(settings) => file::collect_apart(settings, bounds).await,
            Connector::Command(settings) => command::collect(settings, policy, bounds).await,
            Connector::Http(settings) => http::collect(settings, policy, bounds).await,
            Connector::Tls(settings) => tls::collect(settings, policy, bounds).await,
        }
    };
    tokio::time::timeout(bounds.timeout, collected).await.unwrap_or_else(|_| {
        let seconds = bounds.timeout.as_secs();
        Err(CollectError::new(ReasonCode::TimedOut, format!("not done after {seconds} s")))
    })
}

/// The name of a connector in procedures and trust policies.
pub(crate) const fn name_of(kind: ConnectorKind) -> &'static str {
    match kind {
        ConnectorKind::File => "file",
        ConnectorKind::Command => "command",
        ConnectorKind::Http => "http",
        ConnectorKind::Tls => "tls",
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use protocol::key::{Ed25519Key, Signer as _};
    use serde_json::json;

    use super::*;

    /// A policy that allows every connector, the programs at `commands` and connections to `egress`.
    pub(crate) fn policy(commands: &[&str], egress: &[String]) -> TrustPolicy {
        let authority = Ed25519Key::from_seed(&[1; 32]).public().jwk();
        let programs: Vec<_> = commands.iter().map(|path| json!({ "path": path })).collect();
        serde_json::from_value(json!({
            "tenant": "ten_01fwhe4ydgfk1shh6w1g60eecf", "deployment": "test",
            "control_plane_root": authority.kid(), "authority": authority, "threshold": 2,
            "connectors": { "allow": ["file", "command", "http", "tls"] },
            "commands": { "allow": programs }, "egress": { "allow": egress },
        }))
        .unwrap()
    }

    pub(crate) fn bounds(scratch: &Path) -> Bounds<'_> {
        let now = Timestamp::from_unix_s(1_767_225_600);
        Bounds { timeout: Duration::from_secs(10), max_bytes: 64 * 1024, now, scratch }
    }

    /// What `with` collects, and what the expression `holds` says about it: true of the real thing, false of its must-fail fixture.
    pub(crate) fn assert_check(value: &Value, holds: &str, must_fail: &Value) {
        let expression = check::Expression::compile(holds).unwrap();
        assert_eq!(expression.evaluate(value, 0), check::Verdict::Holds, "{holds}: {value:#}");
        assert_eq!(expression.evaluate(must_fail, 0), check::Verdict::Fails, "{holds}");
    }

    #[tokio::test]
    async fn a_connector_that_the_policy_does_not_list_is_denied() {
        let scratch = tempfile::tempdir().unwrap();
        let mut policy = policy(&[], &[]);
        policy.connectors.allow.clear();
        let settings: domain::procedure::File =
            serde_json::from_value(json!({ "path": "/etc/passwd" })).unwrap();
        let collected = collect(&Connector::File(settings), &policy, &bounds(scratch.path())).await;
        assert_eq!(collected.unwrap_err().reason, ReasonCode::PolicyDenied);
    }
}
