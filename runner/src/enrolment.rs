//! What the Runner knows of its enrolment, and what it is called.

use domain::{RunnerId, TenantId, Timestamp};
use protocol::{
    Name, Nonce,
    dsse::Envelope,
    key::{Jwk, PublicKey},
    keyset::{ControlPlaneKeys, KeysetError},
    statement::{Clock, Confidence},
    trust_policy::TrustPolicy,
};
use serde::{Deserialize, Serialize};

use crate::vault::{Vault, VaultError};

const ENROLMENT: &str = "enrolment";
const PENDING: &str = "pending_enrolment";
const PROVISIONAL: &str = "provisional_runner";
const CLOCK: &str = "clock";
const CLOCK_LASTS: std::time::Duration = std::time::Duration::from_hours(24);
const ROUND_TRIP_GOOD_MS: i64 = 2_000;

/// What the Runner remembers once it was enrolled.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Enrolment {
    /// The control plane's address; never changed silently.
    pub(crate) url: String,
    /// The Runner.
    pub(crate) runner: RunnerId,
    /// Its tenant.
    pub(crate) tenant: TenantId,
    /// Its name, as certified.
    pub(crate) name: Name,
    /// The control plane's root key, which the enrolment token pinned.
    pub(crate) root_jwk: Jwk,
    /// The control plane's keys, signed by the root key.
    pub(crate) keyset: Envelope,
    /// Their version; an older list is refused.
    pub(crate) keyset_version: u64,
    /// The address of the Event Grid topic, where events go that way.
    pub(crate) topic: Option<String>,
}

/// An enrolment that was begun: asked again with the same nonce, the control plane gives the same answer.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct PendingEnrolment {
    /// Where.
    pub(crate) url: String,
    /// The token's enrolment and secret, as a digest.
    pub token_secret_sha256: protocol::Digest,
    /// What makes the request the same one.
    pub(crate) nonce: Nonce,
}

/// Who a statement is from, and for whom.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    /// The Runner.
    pub(crate) runner: RunnerId,
    /// Its tenant.
    pub(crate) tenant: TenantId,
    /// The deployment that its statements are for.
    pub(crate) deployment: Name,
    /// Whether the control plane knows it.
    pub(crate) is_enrolled: bool,
}

#[derive(Deserialize, Serialize)]
struct MeasuredClock {
    offset_ms: i64,
    round_trip_ms: i64,
    at: Timestamp,
}

impl Vault {
    /// The enrolment, if there is one.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn enrolment(&self) -> Result<Option<Enrolment>, VaultError> {
        self.recall(ENROLMENT)
    }

    /// Remembers the enrolment.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn remember_enrolment(&self, enrolment: &Enrolment) -> Result<(), VaultError> {
        self.remember(ENROLMENT, enrolment)
    }

    /// The enrolment that was begun last.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn pending_enrolment(&self) -> Result<Option<PendingEnrolment>, VaultError> {
        self.recall(PENDING)
    }

    /// Remembers an enrolment before it is begun.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn remember_pending(&self, pending: &PendingEnrolment) -> Result<(), VaultError> {
        self.remember(PENDING, pending)
    }

    /// Gives the Runner the name under which it works until it is enrolled.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn name_provisionally(&self, runner: RunnerId) -> Result<(), VaultError> {
        self.remember(PROVISIONAL, &runner)
    }

    /// Who the Runner's statements are from.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn identity(&self, policy: &TrustPolicy) -> Result<Identity, VaultError> {
        let enrolled = self.enrolment()?;
        let runner = match &enrolled {
            Some(enrolment) => enrolment.runner,
            None => self.recall(PROVISIONAL)?.ok_or(VaultError::Missing("Runner"))?,
        };
        Ok(Identity {
            runner,
            tenant: policy.tenant,
            deployment: policy.deployment.clone(),
            is_enrolled: enrolled.is_some(),
        })
    }

    /// Remembers how far the Runner's clock is from the control plane's.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn remember_clock(
        &self,
        server_time: Timestamp,
        asked: Timestamp,
        answered: Timestamp,
    ) -> Result<(), VaultError> {
        let round_trip_ms = answered.unix_ms().saturating_sub(asked.unix_ms());
        let middle = asked.unix_ms().saturating_add(round_trip_ms / 2);
        let offset_ms = server_time.unix_ms().saturating_sub(middle);
        self.remember(CLOCK, &MeasuredClock { offset_ms, round_trip_ms, at: answered })
    }

    /// What is known about the Runner's clock at `now`.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) fn clock(&self, now: Timestamp) -> Result<Clock, VaultError> {
        let measured: Option<MeasuredClock> = self.recall(CLOCK)?;
        Ok(measured.map_or(Clock { offset_ms: 0, confidence: Confidence::Unknown }, |measured| {
            let is_fresh = now.since(measured.at) <= CLOCK_LASTS;
            let is_good = is_fresh && measured.round_trip_ms <= ROUND_TRIP_GOOD_MS;
            let confidence = if is_good { Confidence::Good } else { Confidence::Poor };
            Clock { offset_ms: measured.offset_ms, confidence }
        }))
    }
}

/// The control plane's keys in `keyset`, if the root key that the trust policy pins signed them.
///
/// # Errors
/// [`KeysetError`].
pub(crate) fn verify_keys(
    keyset: &Envelope,
    root: &Jwk,
    policy: &TrustPolicy,
    known: u64,
) -> Result<ControlPlaneKeys, KeysetError> {
    let root = PublicKey::pinned(root, &policy.control_plane_root)?;
    ControlPlaneKeys::verify(keyset, &root, &policy.deployment, known)
}
