//! Runner certificates: the customer's word that a Runner's key is its own.

use domain::{Class, Fault, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    Name, V1,
    dsse::{self, Envelope, EnvelopeError, Payload, PayloadType},
    key::{Jwk, KeyError, Kid, PublicKey},
};

/// What the customer's authority key signs for one Runner: that a key signs for it, in one tenant and for a time.
///
/// Signing, sealing and witness keys of a Runner count only when a customer's key certified them; the control plane
/// cannot make one up.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RunnerCertificate {
    /// Always 1.
    pub v: V1,
    /// The tenant whose Runner it is.
    pub tenant: TenantId,
    /// The Runner's name, chosen by the customer.
    pub name: Name,
    /// The thumbprint of `sign_jwk`.
    pub sign_kid: Kid,
    /// The key that signs statements and requests; Ed25519.
    pub sign_jwk: Jwk,
    /// The key to which secrets for the Runner are sealed, if it has one; X25519.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal_jwk: Option<Jwk>,
    /// The key that cosigns heads of the tenant's audit log, if it has one; Ed25519, and none that signs anything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness_jwk: Option<Jwk>,
    /// It counts from then on.
    pub not_before: Timestamp,
    /// It no longer counts from then on.
    pub not_after: Timestamp,
}

impl Payload for RunnerCertificate {
    const TYPE: PayloadType = PayloadType::RunnerCertificate;
}

/// Why a certificate does not count.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CertificateError {
    /// Not signed by the customer's authority, or not a certificate.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// Its keys contradict it.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// It is another tenant's.
    #[error("the certificate was issued for another tenant")]
    Tenant,
    /// It does not count yet, or no longer.
    #[error(
        "the certificate counts from {not_before} until {not_after}; ask the customer for another one"
    )]
    Expired {
        /// From then on.
        not_before: Timestamp,
        /// Until then.
        not_after: Timestamp,
    },
}

impl Fault for CertificateError {
    fn class(&self) -> Class {
        match self {
            Self::Envelope(error) => error.class(),
            Self::Key(error) => error.class(),
            Self::Tenant => Class::Forbidden,
            Self::Expired { .. } => Class::Unauthenticated,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Envelope(error) => error.code(),
            Self::Key(error) => error.code(),
            Self::Tenant => "wrong-tenant",
            Self::Expired { .. } => "signature-expired",
        }
    }
}

impl RunnerCertificate {
    /// The certificate in `envelope`, if `authority` issued it for `tenant` and it counts `at` that time.
    ///
    /// # Errors
    /// [`CertificateError`]; [`KeyError::Unexpected`] when `sign_kid` is not the thumbprint of `sign_jwk`,
    /// [`KeyError::Kind`] when `sign_jwk` or `witness_jwk` is not Ed25519 or `seal_jwk` not X25519, [`KeyError::Reused`]
    /// when `witness_jwk` is `sign_jwk`.
    pub fn verify(
        envelope: &Envelope,
        authority: &PublicKey,
        tenant: TenantId,
        at: Timestamp,
    ) -> Result<Self, CertificateError> {
        let certificate: Self = dsse::open(envelope, authority)?;
        certificate.signing_key()?;
        if !matches!(certificate.seal_jwk, None | Some(Jwk::X25519(_))) {
            return Err(KeyError::Kind.into());
        }
        certificate.witness_key()?;
        let Self { tenant: issued_for, not_before, not_after, .. } = certificate;
        if issued_for != tenant {
            return Err(CertificateError::Tenant);
        }
        if at < not_before || at >= not_after {
            return Err(CertificateError::Expired { not_before, not_after });
        }
        Ok(certificate)
    }

    /// The key that it certifies.
    ///
    /// # Errors
    /// [`KeyError`]: not the key that `sign_kid` names, or not Ed25519.
    pub fn signing_key(&self) -> Result<PublicKey, KeyError> {
        match PublicKey::pinned(&self.sign_jwk, &self.sign_kid)? {
            key @ PublicKey::Ed25519(_) => Ok(key),
            PublicKey::P256(_) => Err(KeyError::Kind),
        }
    }

    /// The key that cosigns, if it certifies one.
    ///
    /// # Errors
    /// [`KeyError`]: not Ed25519, or the one that signs statements. A cosignature does not say what it is by (C2SP
    /// tlog-cosignature), so that one key must not serve two ends.
    pub fn witness_key(&self) -> Result<Option<PublicKey>, KeyError> {
        let Some(jwk) = &self.witness_jwk else { return Ok(None) };
        if *jwk == self.sign_jwk {
            return Err(KeyError::Reused);
        }
        match PublicKey::from_jwk(jwk)? {
            key @ PublicKey::Ed25519(_) => Ok(Some(key)),
            PublicKey::P256(_) => Err(KeyError::Kind),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        key::Signer as _,
        samples::{TENANT, at, authority_key, certificate, runner_key, stranger_key},
    };

    fn verdict(
        certificate: &RunnerCertificate,
        seconds: i64,
    ) -> Result<RunnerCertificate, CertificateError> {
        let envelope = Envelope::sign_message(certificate, &[&authority_key()]).unwrap();
        RunnerCertificate::verify(&envelope, authority_key().public(), TENANT, at(seconds))
    }

    #[test]
    fn a_certificate_counts_from_its_first_moment_to_its_last() {
        assert_eq!(verdict(&certificate(), 0), Ok(certificate()));
        assert!(verdict(&certificate(), 999).is_ok());
        for seconds in [-1, 1_000] {
            assert_eq!(verdict(&certificate(), seconds).unwrap_err().code(), "signature-expired");
        }
    }

    #[test]
    fn only_the_customers_authority_certifies() {
        let envelope = Envelope::sign_message(&certificate(), &[&stranger_key()]).unwrap();
        let refused = RunnerCertificate::verify(&envelope, authority_key().public(), TENANT, at(1));
        assert_eq!(refused, Err(EnvelopeError::Unsigned.into()));
    }

    #[test]
    fn another_tenants_certificate_is_refused() {
        let foreign = RunnerCertificate { tenant: TenantId::from_u128(99), ..certificate() };
        assert_eq!(verdict(&foreign, 1), Err(CertificateError::Tenant));
    }

    #[test]
    fn a_witness_key_is_one_of_its_own() {
        let with = |jwk| RunnerCertificate { witness_jwk: Some(jwk), ..certificate() };
        let witness = stranger_key().public().jwk();
        assert_eq!(verdict(&with(witness), 1).unwrap().witness_jwk, Some(witness));
        let own = with(runner_key().public().jwk());
        assert_eq!(verdict(&own, 1), Err(KeyError::Reused.into()));
        assert_eq!(verdict(&with(Jwk::X25519([9; 32])), 1), Err(KeyError::Kind.into()));
        let es256 = with(crate::samples::root_key().public().jwk());
        assert_eq!(verdict(&es256, 1), Err(KeyError::Kind.into()));
        assert_eq!(certificate().witness_key(), Ok(None));
    }

    #[test]
    fn its_keys_are_the_ones_that_it_names() {
        let other = RunnerCertificate { sign_kid: stranger_key().kid(), ..certificate() };
        assert_eq!(verdict(&other, 1), Err(KeyError::Unexpected.into()));
        let es256 = crate::samples::root_key();
        let es256 = RunnerCertificate {
            sign_kid: es256.kid(),
            sign_jwk: es256.public().jwk(),
            ..certificate()
        };
        assert_eq!(verdict(&es256, 1), Err(KeyError::Kind.into()));
        let seals = RunnerCertificate { seal_jwk: Some(Jwk::X25519([9; 32])), ..certificate() };
        assert!(verdict(&seals, 1).is_ok());
        let signs =
            RunnerCertificate { seal_jwk: Some(runner_key().public().jwk()), ..certificate() };
        assert_eq!(verdict(&signs, 1), Err(KeyError::Kind.into()));
    }
}
