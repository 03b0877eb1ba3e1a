//! What a Runner's host allows: `trust.toml`, written by a local administrator. The control plane can narrow it and
//! never widen it.

mod rules;

use domain::TenantId;
use serde::{Deserialize, Serialize};

use crate::{
    Digest, Name, canonical,
    canonical::CanonicalError,
    key::{Jwk, Kid},
};

pub use rules::TrustPolicyError;

/// The whole of `trust.toml`; unknown keys are refused. Lists that are left out are empty, and an empty list allows
/// nothing.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TrustPolicy {
    /// The tenant that the Runner works for.
    pub tenant: TenantId,
    /// The deployment that it reports to.
    pub deployment: Name,
    /// The thumbprint of the control plane's root key, as the enrolment token names it.
    pub control_plane_root: Kid,
    /// The customer's authority key, which certifies Runners; Ed25519.
    pub authority: Jwk,
    /// How many distinct procedure signers are needed; at least 2.
    pub threshold: u8,
    /// Paths (JSON pointers) whose values may be shown without a drill-down; none by default.
    #[serde(default)]
    pub disclose: Vec<String>,
    /// The customer's keys that sign procedures.
    #[serde(default)]
    pub procedure_signers: Vec<ProcedureSigner>,
    /// The customer's keys that may see raw values.
    #[serde(default)]
    pub viewers: Vec<Viewer>,
    /// Which connectors may be used.
    #[serde(default)]
    pub connectors: Connectors,
    /// Which programs may be started.
    #[serde(default)]
    pub commands: Commands,
    /// Where connections may go.
    #[serde(default)]
    pub egress: Egress,
    /// What is allowed in drill-downs.
    #[serde(default)]
    pub drilldown: DrilldownRules,
}

/// A key of the customer that signs procedures.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ProcedureSigner {
    /// The thumbprint of `jwk`.
    pub kid: Kid,
    /// The key; Ed25519.
    pub jwk: Jwk,
    /// What its holder does.
    pub role: SignerRole,
}

/// What a procedure signer does. Among the signatures on a procedure there must be an approver's.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SignerRole {
    /// Writes procedures.
    Author,
    /// Approves them.
    Approver,
}

/// A key of the customer that may ask for raw values.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Viewer {
    /// The thumbprint of `jwk`.
    pub kid: Kid,
    /// The key; Ed25519.
    pub jwk: Jwk,
    /// Who holds it, for people to read.
    pub name: String,
    /// What they may ask for; a purpose must also be among those of `drilldown`.
    pub purposes: Vec<Name>,
}

/// Which connectors may be used.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Connectors {
    /// Their names.
    #[serde(default)]
    pub allow: Vec<Name>,
}

/// Which programs may be started.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Commands {
    /// The programs.
    #[serde(default)]
    pub allow: Vec<AllowedCommand>,
}

/// A program that may be started.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AllowedCommand {
    /// Its absolute path.
    pub path: String,
    /// The digest that its file must have; any when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Digest>,
    /// Regular expressions, each of which one argument must match as a whole, in their order; any arguments when left
    /// out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub argv_patterns: Option<Vec<String>>,
}

/// Where connections may go.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Egress {
    /// `host:port`, exactly.
    #[serde(default)]
    pub allow: Vec<String>,
}

/// What is allowed in drill-downs.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DrilldownRules {
    /// How many are answered in one day of UTC; none by default.
    #[serde(default)]
    pub max_per_day: u32,
    /// For which purposes; none by default.
    #[serde(default)]
    pub purposes: Vec<Name>,
}

impl TrustPolicy {
    /// What the Runner reports of it in every statement: SHA-256 of the RFC 8785 bytes of its JSON, so that comments
    /// and order do not count.
    ///
    /// # Errors
    /// [`CanonicalError`]: never; it holds text, small numbers and lists only.
    pub fn digest(&self) -> Result<Digest, CanonicalError> {
        Ok(Digest::of(canonical::to_vec(self)?))
    }
}

#[cfg(test)]
mod tests;
