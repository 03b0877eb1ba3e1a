//! Runners and their enrolments: what is kept of each.

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::{
    EnrolmentId, RunnerId, TenantId, Timestamp, UserId,
    enrolment::Enrolment,
    runner::{RunnerState, shard_of},
};
use ports::Container;
use protocol::{
    Digest, Name,
    certificate::RunnerCertificate,
    dsse::Envelope,
    enrolment::EnrolFields,
    key::{Jwk, Kid, PublicKey},
    routes,
    statement::KeyStorage,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Document, RUN_SHARDS, StoreError, run_shard};
use web::{RunnerKey, RunnerKeys};

use crate::RunsState;

/// A Runner.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunnerRecord {
    pub(crate) runner: RunnerId,
    pub(crate) name: Name,
    pub(crate) labels: BTreeMap<Name, Name>,
    pub(crate) state: RunnerState,
    /// The shard of its runs, fixed at its enrolment.
    pub(crate) shard: String,
    pub(crate) kid: Kid,
    pub(crate) sign_jwk: Jwk,
    /// The customer's word for its key.
    pub(crate) certificate: Envelope,
    /// Its key counts until then.
    pub(crate) not_after: Timestamp,
    pub(crate) os: Name,
    pub(crate) arch: Name,
    pub(crate) version: Name,
    pub(crate) binary_digest: Digest,
    pub(crate) trust_policy_digest: Digest,
    pub(crate) key_storage: KeyStorage,
    pub(crate) enrolment: EnrolmentId,
    /// What a person compares with what the Runner shows.
    pub(crate) words: Vec<String>,
    pub(crate) enrolled_at: Timestamp,
    pub(crate) approved: Option<Decision>,
    pub(crate) revoked: Option<Decision>,
}

/// The shard of a Runner's runs.
pub(crate) fn shard_for(runner: RunnerId) -> String {
    run_shard(shard_of(runner, RUN_SHARDS))
}

/// Who decided, and when.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decision {
    pub(crate) by: UserId,
    pub(crate) at: Timestamp,
}

impl RunnerRecord {
    /// The Runner that `fields` introduce, under what the enrolment's issuer decided.
    pub(crate) fn enrolled(
        runner: RunnerId,
        enrolment: &Enrolment,
        fields: EnrolFields,
        certificate: &RunnerCertificate,
        words: [String; 6],
        now: Timestamp,
    ) -> Self {
        let issued = enrolment
            .labels
            .iter()
            .filter_map(|(key, value)| Some((key.parse().ok()?, value.parse().ok()?)));
        let mut labels = fields.labels;
        labels.extend(issued);
        Self {
            runner,
            name: fields.name,
            labels,
            state: RunnerState::AwaitingApproval,
            shard: shard_for(runner),
            kid: certificate.sign_kid,
            sign_jwk: certificate.sign_jwk,
            certificate: fields.certificate,
            not_after: certificate.not_after,
            os: fields.os,
            arch: fields.arch,
            version: fields.version,
            binary_digest: fields.binary_digest,
            trust_policy_digest: fields.trust_policy_digest,
            key_storage: fields.key_storage,
            enrolment: enrolment.enrolment,
            words: words.into(),
            enrolled_at: now,
            approved: None,
            revoked: None,
        }
    }

    /// Its key, which was usable when it enrolled.
    pub(crate) fn key(&self) -> Result<PublicKey, StoreError> {
        let unusable =
            |error| StoreError::Unreadable(format!("the key of {}: {error}", self.runner));
        PublicKey::pinned(&self.sign_jwk, &self.kid).map_err(unusable)
    }
}

impl Document for RunnerRecord {
    const CONTAINER: Container = Container::Runs;
    const KIND: &'static str = "runner";

    fn id(&self) -> String {
        self.runner.to_string()
    }
}

/// A permission to enrol.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub(crate) struct EnrolmentRecord(pub(crate) Enrolment);

impl Document for EnrolmentRecord {
    const CONTAINER: Container = Container::Runs;
    const KIND: &'static str = "enrolment";

    fn id(&self) -> String {
        self.0.enrolment.to_string()
    }
}

#[async_trait]
impl RunnerKeys for RunsState {
    async fn runner_key(
        &self,
        tenant: TenantId,
        runner: RunnerId,
    ) -> Result<Option<RunnerKey>, StoreError> {
        let Some(found) =
            self.data(tenant, "runner-keys").find::<RunnerRecord>(&runner.to_string()).await?
        else {
            return Ok(None);
        };
        let record = found.document;
        if !record.state.is_heard() || self.clock.now() >= record.not_after {
            return Ok(None);
        }
        let key = record.key()?;
        let is_active = record.state.is_approved();
        Ok(Some(RunnerKey { runner, tenant, key, is_active, shard: record.shard }))
    }
}

/// A Runner, as people see it.
#[derive(JsonSchema, Serialize)]
pub(crate) struct RunnerView {
    #[schemars(with = "String")]
    runner: RunnerId,
    #[schemars(with = "String")]
    name: Name,
    #[schemars(with = "BTreeMap<String, String>")]
    labels: BTreeMap<Name, Name>,
    /// `awaiting_approval`, `active`, `quarantined` or `revoked`.
    #[schemars(with = "String")]
    state: RunnerState,
    /// To be compared with what the Runner shows, before it is approved.
    words: Vec<String>,
    /// The thumbprint of its key.
    #[schemars(with = "String")]
    kid: Kid,
    #[schemars(with = "String")]
    not_after: Timestamp,
    #[schemars(with = "String")]
    os: Name,
    #[schemars(with = "String")]
    arch: Name,
    #[schemars(with = "String")]
    version: Name,
    #[schemars(with = "String")]
    trust_policy_digest: Digest,
    /// How it keeps the key that wraps its keys.
    #[schemars(with = "String")]
    key_storage: KeyStorage,
    #[schemars(with = "String")]
    enrolled_at: Timestamp,
    #[schemars(with = "Option<String>")]
    approved_at: Option<Timestamp>,
    #[schemars(with = "Option<String>")]
    revoked_at: Option<Timestamp>,
}

impl From<RunnerRecord> for RunnerView {
    fn from(record: RunnerRecord) -> Self {
        Self {
            runner: record.runner,
            name: record.name,
            labels: record.labels,
            state: record.state,
            words: record.words,
            kid: record.kid,
            not_after: record.not_after,
            os: record.os,
            arch: record.arch,
            version: record.version,
            trust_policy_digest: record.trust_policy_digest,
            key_storage: record.key_storage,
            enrolled_at: record.enrolled_at,
            approved_at: record.approved.map(|decision| decision.at),
            revoked_at: record.revoked.map(|decision| decision.at),
        }
    }
}

/// The state in the words of the wire.
pub(crate) const fn wire_state(state: RunnerState) -> routes::RunnerState {
    match state {
        RunnerState::AwaitingApproval => routes::RunnerState::AwaitingApproval,
        RunnerState::Active => routes::RunnerState::Active,
        RunnerState::Quarantined => routes::RunnerState::Quarantined,
        RunnerState::Revoked => routes::RunnerState::Revoked,
    }
}
