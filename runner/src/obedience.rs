//! Commands of the control plane: obeyed once, if it signed them for this Runner and now, and only for what the customer allows.

mod drilldown;
mod refused;

use std::time::Duration;

use domain::{CommandId, Timestamp};
use protocol::{
    Base64, Digest, Nonce, V1,
    command::{Command, CommandBody, CommandOutcome, CommandResult, RefusalCode, RunBody},
    dsse::{Envelope, SignError},
    key::{Ed25519Key, Kid},
    keyset::{ControlPlaneKeys, KeyUse},
    statement::Trigger,
};

use crate::{
    admission, attestation,
    attestation::Program,
    control_plane::ControlPlane,
    execution::{self, Site},
    moment::{Moment, OFFSET_MAX},
    progress::Progress,
    vault::{NonceUse, VaultError},
};
use refused::Refused;

const RUNS_PER_HOUR_MAX: u32 = 60;
const HOUR: Duration = Duration::from_hours(1);

/// What obeying needs.
pub(crate) struct Obedience<'a> {
    /// The Runner and what it may use.
    pub(crate) site: Site<'a>,
    /// Its key.
    pub(crate) key: &'a Ed25519Key,
    /// The control plane's keys.
    pub(crate) keys: &'a ControlPlaneKeys,
    /// Where procedures are fetched.
    pub(crate) control_plane: &'a ControlPlane<'a>,
    /// What statements say of the Runner.
    pub(crate) program: &'a Program,
    /// When.
    pub(crate) moment: Moment,
}

/// Why there is no answer to a command.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ObedienceError {
    /// The vault does not remember.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The answer was not signed.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// What was made of a command.
struct Done {
    outcome: CommandOutcome,
    code: Option<RefusalCode>,
    request_sha256: Digest,
    sealed: Option<Base64>,
}

impl Done {
    fn refused(code: RefusalCode, request_sha256: Digest) -> Self {
        Self { outcome: CommandOutcome::Refused, code: Some(code), request_sha256, sealed: None }
    }

    fn failed(code: RefusalCode, request_sha256: Digest) -> Self {
        Self { outcome: CommandOutcome::Failed, ..Self::refused(code, request_sha256) }
    }
}

impl Obedience<'_> {
    /// Obeys or refuses the command in `envelope`, which its carrier calls `claimed`. Returns the signed result to deliver.
    ///
    /// Order: signature, fields, addressee, time, whether it is new; then what it asks for. One that comes again gets the result that it had; when
    /// whoever began it was stopped before there was one, it is gone on with. The caller sees to it that nobody else is at it.
    ///
    /// # Errors
    /// [`ObedienceError`]: there is no result; the command may come again.
    pub(crate) async fn obey(
        &self,
        claimed: CommandId,
        envelope: &Envelope,
        progress: &mut Progress<'_>,
    ) -> Result<Envelope, ObedienceError> {
        let sha256 = Digest::of(envelope.unverified_payload());
        let identity = self.site.identity;
        let keys = self.keys.keys_for(KeyUse::Command);
        let command = match Command::verify(
            envelope,
            &keys,
            identity.tenant,
            identity.runner,
            self.moment.asked,
        ) {
            Ok(command) => command,
            Err(error) => return self.sign(claimed, Done::refused(error.refusal(), sha256)),
        };
        let signer = envelope.signatures().first().map(|signature| signature.keyid);
        let used = match signer {
            Some(kid) => self.use_up(kid, command.nonce, sha256, command.not_after)?,
            None => NonceUse::Other,
        };
        let kept = match used {
            NonceUse::First => None,
            NonceUse::Again => self.site.vault.result_of(command.id)?,
            NonceUse::Other => {
                Some(self.sign(command.id, Done::refused(RefusalCode::Replay, sha256))?)
            }
        };
        if let Some(kept) = kept {
            return Ok(kept);
        }
        let (kind, done) = match &command.body {
            CommandBody::Drilldown(body) => ("drilldown", self.drill_down(body, sha256)?),
            // Nobody knows how far it came, and a second statement about one command would be one too many.
            CommandBody::Run(_) if used == NonceUse::Again => {
                ("run", Done::failed(RefusalCode::Internal, sha256))
            }
            CommandBody::Run(body) => ("run", self.run(body, sha256, progress).await?),
        };
        let result = self.sign(command.id, done)?;
        self.site.vault.keep_result(command.id, kind, self.moment.now, &result)?;
        Ok(result)
    }

    /// Remembers a nonce until nothing with it counts any more, by whatever clock that is judged.
    fn use_up(
        &self,
        kid: Kid,
        nonce: Nonce,
        command: Digest,
        counts_until: Timestamp,
    ) -> Result<NonceUse, VaultError> {
        let forget_at = counts_until.plus(OFFSET_MAX);
        self.site.vault.use_nonce(kid, nonce, command, forget_at, self.moment.now)
    }

    fn sign(&self, command: CommandId, done: Done) -> Result<Envelope, ObedienceError> {
        let Done { outcome, code, request_sha256, sealed } = done;
        let result = CommandResult { v: V1, command, outcome, code, request_sha256, sealed };
        Ok(Envelope::sign_message(&result, &[self.key])?)
    }

    async fn run(
        &self,
        body: &RunBody,
        sha256: Digest,
        progress: &mut Progress<'_>,
    ) -> Result<Done, ObedienceError> {
        let since = self.moment.now.minus(HOUR);
        if self.site.vault.commands_since("run", since)? >= RUNS_PER_HOUR_MAX {
            return Ok(Done::refused(RefusalCode::RateLimited, sha256));
        }
        match self.execute(body, progress).await {
            Ok(()) => Ok(Done {
                outcome: CommandOutcome::Done,
                code: None,
                request_sha256: sha256,
                sealed: None,
            }),
            Err(Refused::Rule(code)) => Ok(Done::refused(code, sha256)),
            Err(Refused::Failure(code)) => Ok(Done::failed(code, sha256)),
            Err(Refused::Vault(error)) => Err(error.into()),
        }
    }

    async fn execute(&self, body: &RunBody, progress: &mut Progress<'_>) -> Result<(), Refused> {
        let Site { policy, vault, identity, .. } = self.site;
        let envelope = self.bundle(body.digest).await?;
        let admitted = admission::admit(&envelope, policy, vault)?;
        if admitted.version != body.version {
            return Err(Refused::Rule(RefusalCode::ProcedureUnknown));
        }
        let run = execution::execute(&admitted, Trigger::Command, &self.site, progress).await?;
        attestation::attest(&run, &admitted, identity, self.program, self.key, vault)?;
        Ok(())
    }

    async fn bundle(&self, digest: Digest) -> Result<Envelope, Refused> {
        if let Some(known) = self.site.vault.procedure(digest)? {
            return Ok(known.envelope);
        }
        Ok(self.control_plane.bundle(digest).await?)
    }
}
