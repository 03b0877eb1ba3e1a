//! What follows from a trust policy.

use domain::{Class, Fault, RunnerId, Timestamp};

use super::{SignerRole, TrustPolicy, Viewer};
use crate::{
    command::{DrilldownBody, RefusalCode},
    drilldown::{self, ViewerRequest},
    dsse::{self, Envelope, EnvelopeError, PayloadType, Verified},
    key::{Jwk, KeyError, Kid, PublicKey},
};

/// Why a trust policy cannot be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TrustPolicyError {
    /// A key is not the one that its `kid` names, or not Ed25519.
    #[error(
        "trust policy: the key {0} is not usable; give its own thumbprint as kid and an Ed25519 JWK"
    )]
    Key(Kid),
    /// A key is listed twice.
    #[error("trust policy: the key {0} is listed twice among signers or viewers")]
    Twice(Kid),
    /// Fewer than 2, or more than there are signers.
    #[error(
        "trust policy: threshold is {threshold} with {signers} procedure signers; at least 2 are needed, and no more than there are"
    )]
    Threshold {
        /// What it says.
        threshold: u8,
        /// How many signers it lists.
        signers: usize,
    },
    /// A program's path is not absolute.
    #[error("trust policy: the path of the program {0} is not absolute")]
    Path(String),
}

impl Fault for TrustPolicyError {
    fn class(&self) -> Class {
        Class::Invalid
    }

    fn code(&self) -> &'static str {
        "trust-policy-invalid"
    }
}

impl TrustPolicy {
    /// Checks that the policy can be used at all; to be called once it was read.
    ///
    /// # Errors
    /// [`TrustPolicyError`].
    pub fn check(&self) -> Result<(), TrustPolicyError> {
        ed25519(&self.authority, &self.authority.kid())?;
        let signers = self.procedure_signers.iter().map(|signer| (&signer.jwk, signer.kid));
        let viewers = self.viewers.iter().map(|viewer| (&viewer.jwk, viewer.kid));
        check_keys(signers)?;
        check_keys(viewers)?;
        let (threshold, signers) = (self.threshold, self.procedure_signers.len());
        if threshold < 2 || usize::from(threshold) > signers {
            return Err(TrustPolicyError::Threshold { threshold, signers });
        }
        let relative = self.commands.allow.iter().find(|command| !is_absolute(&command.path));
        relative.map_or(Ok(()), |command| Err(TrustPolicyError::Path(command.path.clone())))
    }

    /// The customer's authority key.
    ///
    /// # Errors
    /// [`KeyError`]; not after [`check`](Self::check).
    pub fn authority_key(&self) -> Result<PublicKey, KeyError> {
        PublicKey::from_jwk(&self.authority)
    }

    /// A procedure's bytes, if enough of the customer's signers signed them, an approver among them. It is the only
    /// way to a procedure that a Runner may execute.
    ///
    /// # Errors
    /// [`EnvelopeError`]; `Threshold` also when enough signed and no approver did.
    pub fn verify_procedure(&self, envelope: &Envelope) -> Result<Verified, EnvelopeError> {
        let signers = &self.procedure_signers;
        let keys: Vec<_> = signers
            .iter()
            .filter_map(|signer| PublicKey::pinned(&signer.jwk, &signer.kid).ok())
            .collect();
        let needed = usize::from(self.threshold).max(2);
        let verified = dsse::verify(envelope, PayloadType::Procedure, &keys, needed)?;
        let approved = signers.iter().any(|signer| {
            signer.role == SignerRole::Approver && verified.signers.contains(&signer.kid)
        });
        if approved {
            Ok(verified)
        } else {
            Err(EnvelopeError::Threshold { needed, found: needed.saturating_sub(1) })
        }
    }

    /// The viewer whose key is named `kid`.
    pub fn viewer(&self, kid: &Kid) -> Option<&Viewer> {
        self.viewers.iter().find(|viewer| viewer.kid == *kid)
    }

    /// The viewer's request that a drill-down command carries, if this policy lets it be answered by `runner` at `now`.
    ///
    /// Order: listed key, signature, time, addressee, requester, purpose. That its nonce is new, that there is quota
    /// left and that the evidence is there is for the Runner to check.
    ///
    /// # Errors
    /// The [`RefusalCode`] to report.
    pub fn admit(
        &self,
        body: &DrilldownBody,
        runner: RunnerId,
        now: Timestamp,
    ) -> Result<ViewerRequest, RefusalCode> {
        let listed = |kid: &Kid| PublicKey::pinned(&self.viewer(kid)?.jwk, kid).ok();
        let request = drilldown::read(&body.request, listed, now)?;
        let asked = &request.request;
        if asked.runner != runner || asked.tenant != self.tenant {
            return Err(RefusalCode::WrongRunner);
        }
        if asked.requester != body.requester.user {
            return Err(RefusalCode::WrongRequester);
        }
        let allowed = self.drilldown.purposes.contains(&asked.purpose)
            && self
                .viewer(&request.kid)
                .is_some_and(|viewer| viewer.purposes.contains(&asked.purpose));
        if allowed { Ok(request) } else { Err(RefusalCode::PurposeNotAllowed) }
    }
}

fn check_keys<'a>(keys: impl Iterator<Item = (&'a Jwk, Kid)>) -> Result<(), TrustPolicyError> {
    let mut seen = Vec::new();
    for (jwk, kid) in keys {
        ed25519(jwk, &kid)?;
        if seen.contains(&kid) {
            return Err(TrustPolicyError::Twice(kid));
        }
        seen.push(kid);
    }
    Ok(())
}

fn ed25519(jwk: &Jwk, kid: &Kid) -> Result<(), TrustPolicyError> {
    match PublicKey::pinned(jwk, kid) {
        Ok(PublicKey::Ed25519(_)) => Ok(()),
        Ok(PublicKey::P256(_)) | Err(_) => Err(TrustPolicyError::Key(*kid)),
    }
}

/// Absolute on Unix, or with a drive on Windows.
fn is_absolute(path: &str) -> bool {
    path.starts_with('/') || path.get(1..3).is_some_and(|rest| rest == ":\\" || rest == ":/")
}
