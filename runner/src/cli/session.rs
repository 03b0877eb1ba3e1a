//! The Runner, opened: its policy, vault, key and name.

use std::sync::{Arc, OnceLock};

use domain::Timestamp;
use ports::{Clock, Randomness};
use protocol::{
    key::{Ed25519Key, Signer as _},
    keyset::ControlPlaneKeys,
    routes::{ConfigAnswer, RunnerState},
    trust_policy::TrustPolicy,
};

use super::Bench;
use crate::{
    attestation::Program,
    control_plane::{Caller, ControlPlane},
    enrolment::{self, Enrolment, Identity},
    execution::Site,
    exit::{Exit, Failure},
    file_digest::file_digest,
    home::Home,
    vault::Vault,
    witness::Certified,
};

/// The Runner, opened.
pub(super) struct Session {
    pub(super) home: Home,
    pub(super) policy: TrustPolicy,
    pub(super) vault: Vault,
    pub(super) key: Ed25519Key,
    pub(super) identity: Identity,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) randomness: Arc<dyn Randomness>,
}

impl Session {
    pub(super) fn open(bench: &Bench<'_>) -> Result<Self, Failure> {
        let home = Home::open(&bench.home)?;
        let policy = home.trust()?;
        let vault = home.vault(Arc::clone(&bench.randomness))?;
        let key = home.signing_key()?;
        let identity = vault.identity(&policy)?;
        let (clock, randomness) = (Arc::clone(&bench.clock), Arc::clone(&bench.randomness));
        Ok(Self { home, policy, vault, key, identity, clock, randomness })
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn site(&self) -> Site<'_> {
        Site {
            policy: &self.policy,
            vault: &self.vault,
            identity: &self.identity,
            clock: &*self.clock,
            randomness: &*self.randomness,
        }
    }

    /// What statements say of the Runner.
    pub(super) fn program(&self) -> Result<Program, Failure> {
        let digest = self.policy.digest().map_err(|error| Failure::usage(error.to_string()))?;
        Ok(Program {
            version: version(),
            binary: own_digest()?,
            trust_policy: digest,
            clock: self.vault.clock(self.now())?,
        })
    }

    pub(super) fn enrolment(&self) -> Result<Enrolment, Failure> {
        let missing =
            || Failure::usage("this Runner is not enrolled: use 'enrol --url … --token …'");
        let enrolment = self.vault.enrolment()?.ok_or_else(missing)?;
        if enrolment.tenant == self.policy.tenant {
            return Ok(enrolment);
        }
        Err(Failure::refused(
            "wrong-tenant",
            "the trust policy names another tenant than the enrolment",
        ))
    }

    pub(super) fn control_plane(&self, url: &str) -> Result<ControlPlane<'_>, Failure> {
        let caller = Caller {
            runner: self.identity.runner,
            tenant: self.identity.tenant,
            key: &self.key,
            vault: &self.vault,
            clock: &*self.clock,
            randomness: &*self.randomness,
        };
        Ok(ControlPlane::new(url, caller)?)
    }

    /// Asks how the Runner stands, and takes over the control plane's keys if its pinned root key signed them.
    pub(super) async fn refresh(
        &self,
        control_plane: &ControlPlane<'_>,
        enrolment: &mut Enrolment,
    ) -> Result<(ControlPlaneKeys, ConfigAnswer), Failure> {
        let answer = control_plane.config().await?;
        let known = enrolment.keyset_version;
        let keys = enrolment::verify_keys(&answer.keyset, &answer.root_jwk, &self.policy, known)?;
        if enrolment.keyset != answer.keyset {
            enrolment.keyset_version = keys.version;
            enrolment.keyset = answer.keyset.clone();
            self.vault.remember_enrolment(enrolment)?;
        }
        Ok((keys, answer))
    }

    /// Like [`refresh`](Self::refresh), and the Runner must count.
    pub(super) async fn refresh_active(
        &self,
        control_plane: &ControlPlane<'_>,
        enrolment: &mut Enrolment,
    ) -> Result<(ControlPlaneKeys, ConfigAnswer), Failure> {
        let (keys, answer) = self.refresh(control_plane, enrolment).await?;
        match answer.state {
            RunnerState::Active => Ok((keys, answer)),
            RunnerState::AwaitingApproval => Err(Failure::refused(
                "awaiting-approval",
                "this Runner waits for approval: compare the six words and approve it",
            )),
            RunnerState::Quarantined => Err(Failure::refused(
                "runner-quarantined",
                "the control plane has quarantined this Runner: ask its administrator",
            )),
            RunnerState::Revoked => {
                Err(Failure::refused("runner-revoked", "this Runner was revoked"))
            }
        }
    }

    /// The witness key, if the customer certified it.
    pub(super) fn certified(&self) -> Result<Option<Certified>, Failure> {
        let Some(seed) = self.home.witness_seed()? else { return Ok(None) };
        let certificate = self.home.certificate()?;
        Certified::of(&certificate, &seed, &self.policy)
            .map_err(|error| Failure::refused("witness-name", error.to_string()))
    }

    pub(super) fn kid(&self) -> String {
        self.key.kid().to_string()
    }
}

/// The Runner's version, as statements say it.
pub(super) fn version() -> protocol::Name {
    env!("CARGO_PKG_VERSION").parse().expect("a package's version is digits and dots")
}

/// The digest of the running program, read once: what runs is what was started.
pub(super) fn own_digest() -> Result<protocol::Digest, Failure> {
    static OWN: OnceLock<protocol::Digest> = OnceLock::new();
    if let Some(digest) = OWN.get() {
        return Ok(*digest);
    }
    let read = std::env::current_exe().and_then(|path| file_digest(&path));
    let digest = read.map_err(|error| Failure {
        exit: Exit::Error,
        code: "program-unreadable",
        message: format!("this program cannot read its own file: {error}"),
    })?;
    Ok(*OWN.get_or_init(|| digest))
}
