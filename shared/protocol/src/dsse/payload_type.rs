//! What an envelope can hold.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// What a payload is; a signature over one type is none over another.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub enum PayloadType {
    /// A procedure version, signed by the customer.
    #[serde(rename = "application/vnd.proofline.procedure+json")]
    Procedure,
    /// A run statement, signed by a Runner.
    #[serde(rename = "application/vnd.in-toto+json")]
    Statement,
    /// A Runner's certificate, signed by the customer's authority.
    #[serde(rename = "application/vnd.proofline.runner-cert+json")]
    RunnerCertificate,
    /// A command, signed by the control plane's command key.
    #[serde(rename = "application/vnd.proofline.command+json")]
    Command,
    /// What a Runner made of a command, signed by it.
    #[serde(rename = "application/vnd.proofline.result+json")]
    CommandResult,
    /// The control plane's keys, signed by its root key.
    #[serde(rename = "application/vnd.proofline.keyset+json")]
    Keyset,
    /// A receipt, signed by the control plane's receipt key.
    #[serde(rename = "application/vnd.proofline.receipt+json")]
    Receipt,
    /// What a Runner found wrong with the audit log, signed by it.
    #[serde(rename = "application/vnd.proofline.witness-alarm+json")]
    WitnessAlarm,
}

impl PayloadType {
    /// The media type that is signed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Procedure => "application/vnd.proofline.procedure+json",
            Self::Statement => "application/vnd.in-toto+json",
            Self::RunnerCertificate => "application/vnd.proofline.runner-cert+json",
            Self::Command => "application/vnd.proofline.command+json",
            Self::CommandResult => "application/vnd.proofline.result+json",
            Self::Keyset => "application/vnd.proofline.keyset+json",
            Self::Receipt => "application/vnd.proofline.receipt+json",
            Self::WitnessAlarm => "application/vnd.proofline.witness-alarm+json",
        }
    }
}

/// A message that travels as the RFC 8785 bytes of its JSON in an envelope of its own type.
pub trait Payload: Serialize + DeserializeOwned {
    /// The type that is signed with it.
    const TYPE: PayloadType;
}
