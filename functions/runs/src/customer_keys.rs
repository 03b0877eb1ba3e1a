//! The customer's public keys: who certifies Runners, and who signs procedures.

use std::collections::BTreeSet;

use domain::{AuditEvent, Class, EventKind, Fault, Target, TenantId, Timestamp, UserId};
use ports::Container;
use protocol::{
    dsse::{self, Envelope, EnvelopeError, PayloadType, Verified},
    key::{Jwk, Kid, PublicKey},
    trust_policy::{ProcedureSigner, SignerRole},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Document, Partition, StoreError};

/// The most procedure signers of a tenant.
const SIGNERS_MAX: usize = 32;

/// The customer's public keys, as registered. Each change is a new version; the audit log has them all.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CustomerKeys {
    /// Counted from 1.
    pub(crate) version: u32,
    /// What is registered.
    pub(crate) keys: KeySelection,
    pub(crate) changed_at: Timestamp,
    pub(crate) changed_by: UserId,
}

/// Which keys count.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeySelection {
    /// Certifies Runners' keys; an Ed25519 JWK.
    #[schemars(with = "serde_json::Value")]
    pub(crate) authority: Jwk,
    /// Sign procedures: `[{kid, jwk, role}]`, Ed25519, role `author` or `approver`.
    #[schemars(with = "Vec<serde_json::Value>")]
    pub(crate) signers: Vec<ProcedureSigner>,
    /// How many of them must sign, one of them an approver; at least 2.
    pub(crate) threshold: u8,
}

/// Why keys were not registered.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum CustomerKeysError {
    #[error("the authority's key is not a usable Ed25519 key")]
    Authority,
    #[error("the key {0} is not a usable Ed25519 key, or kid is not its thumbprint (RFC 7638)")]
    Key(Kid),
    #[error("the key {0} is listed twice; one key has one holder and one use")]
    Twice(Kid),
    #[error(
        "the threshold is 2 to the number of signers, of whom there are at most {SIGNERS_MAX}, one of them an approver"
    )]
    Threshold,
    #[error("the customer's keys are not registered; PUT /api/runs/v1/customer-keys first")]
    Missing,
}

impl Fault for CustomerKeysError {
    fn class(&self) -> Class {
        match self {
            Self::Authority | Self::Key(_) | Self::Twice(_) | Self::Threshold => Class::Invalid,
            Self::Missing => Class::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Authority | Self::Key(_) => "key-unusable",
            Self::Twice(_) => "key-twice",
            Self::Threshold => "threshold-invalid",
            Self::Missing => "customer-keys-missing",
        }
    }
}

impl KeySelection {
    /// Checks that the keys can be used, and says what to record.
    pub(crate) fn check(
        &self,
        tenant: TenantId,
        version: u32,
    ) -> Result<AuditEvent, CustomerKeysError> {
        let authority = self.authority_key().ok_or(CustomerKeysError::Authority)?;
        let mut seen = BTreeSet::from([authority.kid()]);
        for signer in &self.signers {
            let Some(PublicKey::Ed25519(_)) = pinned(signer) else {
                return Err(CustomerKeysError::Key(signer.kid));
            };
            if !seen.insert(signer.kid) {
                return Err(CustomerKeysError::Twice(signer.kid));
            }
        }
        let count = self.signers.len();
        let has_approver = self.signers.iter().any(|signer| signer.role == SignerRole::Approver);
        if !(2..=count).contains(&usize::from(self.threshold))
            || count > SIGNERS_MAX
            || !has_approver
        {
            return Err(CustomerKeysError::Threshold);
        }
        let signers: Vec<String> =
            self.signers.iter().map(|signer| signer.kid.to_string()).collect();
        Ok(AuditEvent::new(EventKind::CustomerKeysChanged, Target::new("tenant", tenant))
            .with("version", version)
            .with("authority", authority.kid().to_string())
            .with("signers", signers)
            .with("threshold", self.threshold))
    }

    /// The authority's key, if it is Ed25519.
    pub(crate) fn authority_key(&self) -> Option<PublicKey> {
        match PublicKey::from_jwk(&self.authority) {
            Ok(key @ PublicKey::Ed25519(_)) => Some(key),
            Ok(PublicKey::P256(_)) | Err(_) => None,
        }
    }

    /// The procedure version in `envelope`, if enough of these keys signed it, one of them an approver's. Runners check again with their own list.
    pub(crate) fn verify_procedure(&self, envelope: &Envelope) -> Result<Verified, EnvelopeError> {
        let keys: Vec<PublicKey> = self.signers.iter().filter_map(pinned).collect();
        let needed = usize::from(self.threshold).max(2);
        let verified = dsse::verify(envelope, PayloadType::Procedure, &keys, needed)?;
        let is_approved = self.signers.iter().any(|signer| {
            signer.role == SignerRole::Approver && verified.signers.contains(&signer.kid)
        });
        if is_approved {
            Ok(verified)
        } else {
            Err(EnvelopeError::Threshold { needed, found: needed - 1 })
        }
    }
}

fn pinned(signer: &ProcedureSigner) -> Option<PublicKey> {
    PublicKey::pinned(&signer.jwk, &signer.kid).ok()
}

impl CustomerKeys {
    pub(crate) const ID: &'static str = "customer-keys";

    /// The keys of a tenant that registered some.
    pub(crate) async fn of(data: &Partition) -> Result<Option<Self>, StoreError> {
        Ok(data.find::<Self>(Self::ID).await?.map(|found| found.document))
    }
}

impl Document for CustomerKeys {
    const CONTAINER: Container = Container::Runs;
    const KIND: &'static str = "customer_keys";

    fn id(&self) -> String {
        Self::ID.to_owned()
    }
}
