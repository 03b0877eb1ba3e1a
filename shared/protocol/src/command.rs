//! Commands to a Runner, and what it made of them. A command can only ask for what the customer has signed or listed.

mod refusal;
mod result;

use domain::{
    Class, CommandId, DrilldownId, Fault, RunnerId, TenantId, Timestamp, UserId, VersionId,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Digest, Name, Nonce, V1,
    drilldown::SignedRequest,
    dsse::{self, Envelope, EnvelopeError, Payload, PayloadType},
    key::PublicKey,
    strict_json,
};

pub use refusal::RefusalCode;
pub use result::{CommandOutcome, CommandResult};

/// A command, signed by the command key for one Runner, for a time, once.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub struct Command {
    /// The command.
    pub id: CommandId,
    /// The tenant whose Runner it is for.
    pub tenant: TenantId,
    /// The Runner that it is for.
    pub runner: RunnerId,
    /// What to do.
    pub body: CommandBody,
    /// Obeyed once: the Runner remembers it until `not_after`.
    pub nonce: Nonce,
    /// Not to be obeyed before.
    pub not_before: Timestamp,
    /// Not to be obeyed from then on.
    pub not_after: Timestamp,
}

/// What a Runner can be asked to do; the names are the message's `type`.
#[derive(Clone, Debug, PartialEq)]
pub enum CommandBody {
    /// `drilldown`: disclose raw values to a viewer whom the customer listed.
    Drilldown(DrilldownBody),
    /// `run`: execute a procedure version that the customer signed.
    Run(RunBody),
}

/// Carries a viewer's signed request; the Runner trusts the viewer's signature, not the carrier.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DrilldownBody {
    /// The drill-down.
    pub drilldown: DrilldownId,
    /// The viewer's request, unchanged.
    pub request: SignedRequest,
    /// Who asks, as the control plane knows them.
    pub requester: Requester,
}

/// Who asks for a drill-down, as the control plane knows them.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Requester {
    /// The person.
    pub user: UserId,
    /// Their roles in the tenant.
    pub roles: Vec<Name>,
    /// How they signed in.
    pub acr: Name,
    /// When they last showed a second factor.
    pub auth_time: Timestamp,
}

/// Names what to execute; the Runner checks the customer's signatures on it itself.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RunBody {
    /// The procedure version.
    pub version: VersionId,
    /// The digest of its signed bytes.
    pub digest: Digest,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    v: V1,
    id: CommandId,
    tenant: TenantId,
    runner: RunnerId,
    #[serde(rename = "type")]
    kind: CommandKind,
    body: Value,
    nonce: Nonce,
    not_before: Timestamp,
    not_after: Timestamp,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum CommandKind {
    Drilldown,
    Run,
}

impl TryFrom<Fields> for Command {
    type Error = serde_json::Error;

    fn try_from(fields: Fields) -> Result<Self, serde_json::Error> {
        let Fields { v: V1, id, tenant, runner, kind, body, nonce, not_before, not_after } = fields;
        let body = match kind {
            CommandKind::Drilldown => CommandBody::Drilldown(serde_json::from_value(body)?),
            CommandKind::Run => CommandBody::Run(serde_json::from_value(body)?),
        };
        Ok(Self { id, tenant, runner, body, nonce, not_before, not_after })
    }
}

impl From<Command> for Fields {
    fn from(command: Command) -> Self {
        let Command { id, tenant, runner, body, nonce, not_before, not_after } = command;
        let (kind, body) = match &body {
            CommandBody::Drilldown(body) => (CommandKind::Drilldown, serde_json::to_value(body)),
            CommandBody::Run(body) => (CommandKind::Run, serde_json::to_value(body)),
        };
        let body = body.expect("command bodies have string keys and no failing serializer");
        Self { v: V1, id, tenant, runner, kind, body, nonce, not_before, not_after }
    }
}

impl Payload for Command {
    const TYPE: PayloadType = PayloadType::Command;
}

/// Why a Runner does not obey a command.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CommandError {
    /// Not signed by a command key, or not a command.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// It is for another Runner or tenant.
    #[error("the command is for another Runner")]
    WrongRunner,
    /// It is not to be obeyed now.
    #[error("the command counts from {not_before} until {not_after}")]
    Expired {
        /// From then on.
        not_before: Timestamp,
        /// Until then.
        not_after: Timestamp,
    },
}

impl CommandError {
    /// The refusal that the Runner reports.
    pub fn refusal(&self) -> RefusalCode {
        match self {
            Self::Envelope(error) => match error.code() {
                "unsigned" => RefusalCode::Unsigned,
                "unknown-field" => RefusalCode::UnknownField,
                "signature-invalid" => RefusalCode::SignatureInvalid,
                _ => RefusalCode::Malformed,
            },
            Self::WrongRunner => RefusalCode::WrongRunner,
            Self::Expired { .. } => RefusalCode::CommandExpired,
        }
    }
}

impl Fault for CommandError {
    fn class(&self) -> Class {
        match self {
            Self::Envelope(error) => error.class(),
            Self::WrongRunner => Class::Forbidden,
            Self::Expired { .. } => Class::Unauthenticated,
        }
    }

    fn code(&self) -> &'static str {
        self.refusal().as_str()
    }
}

impl Command {
    /// The command in `envelope`, if one of the command keys signed it for this Runner and `now` is its time.
    ///
    /// Order: signature, fields, addressee, time. That its nonce was not seen before is for the caller to check and
    /// to remember durably.
    ///
    /// # Errors
    /// [`CommandError`].
    pub fn verify(
        envelope: &Envelope,
        keys: &[PublicKey],
        tenant: TenantId,
        runner: RunnerId,
        now: Timestamp,
    ) -> Result<Self, CommandError> {
        let verified = dsse::verify(envelope, Self::TYPE, keys, 1)?;
        let command: Self = strict_json::parse(&verified.payload, dsse::PAYLOAD_MAX)
            .map_err(EnvelopeError::from)?;
        let Self { not_before, not_after, .. } = command;
        if command.tenant != tenant || command.runner != runner {
            return Err(CommandError::WrongRunner);
        }
        if now < not_before || now >= not_after {
            return Err(CommandError::Expired { not_before, not_after });
        }
        Ok(command)
    }
}

#[cfg(test)]
mod tests;
