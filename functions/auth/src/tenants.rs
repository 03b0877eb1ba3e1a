//! How a tenant looks to its own people, and how its record changes: with the event, in the partition that guards read.

use std::collections::BTreeMap;

use domain::{AuditEvent, Feature, Plan, Quota, TenantId, TenantSettings, TenantState, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use store::{Change, Found, Partition, StoreError, TenantRecord};
use web::{Caller, Problem};

use crate::{
    followers::{ATTEMPTS_MAX, decide_again},
    platform_tenants::Elsewhere,
};

/// A tenant.
#[derive(JsonSchema, Serialize)]
pub(crate) struct TenantView {
    #[schemars(with = "String")]
    tenant: TenantId,
    name: String,
    #[schemars(with = "String")]
    plan: Plan,
    /// `active`, `suspended`, `closing` or `closed`.
    #[schemars(with = "String")]
    state: TenantState,
    /// When it is closed for good, while it is closing.
    #[schemars(with = "Option<String>")]
    closes_at: Option<Timestamp>,
    /// What it decided for itself.
    #[schemars(with = "serde_json::Value")]
    settings: TenantSettings,
    #[schemars(with = "String")]
    created_at: Timestamp,
}

impl From<TenantRecord> for TenantView {
    fn from(record: TenantRecord) -> Self {
        let TenantRecord { tenant, name, plan, state, closes_at, settings, created_at, .. } =
            record;
        Self { tenant, name, plan, state, closes_at, settings, created_at }
    }
}

/// What a tenant may use.
#[derive(JsonSchema, Serialize)]
pub(crate) struct EntitlementsView {
    #[schemars(with = "String")]
    plan: Plan,
    /// By name: included or not.
    features: BTreeMap<&'static str, bool>,
    /// By name: how much; `null` is as much as is asked for.
    quotas: BTreeMap<&'static str, Option<u32>>,
}

impl EntitlementsView {
    pub(crate) fn of(tenant: &TenantRecord) -> Self {
        let has = tenant.entitlements();
        let feature = |feature: &Feature| (feature.name(), has.includes(*feature));
        let quota = |quota: &Quota| (quota.name(), has.quota(*quota));
        Self {
            plan: tenant.plan,
            features: Feature::ALL.iter().map(feature).collect(),
            quotas: Quota::ALL.iter().map(quota).collect(),
        }
    }
}

/// In whose name a tenant's record changes.
pub(crate) enum By<'a> {
    /// One of its own people.
    User(&'a Caller),
    /// An operator, in the tenant's own log.
    Operator(&'a Caller, &'a Elsewhere),
}

impl By<'_> {
    async fn commit(&self, change: Change) -> Result<(), StoreError> {
        match self {
            Self::User(caller) => caller.commit(change).await.map(|_| ()),
            Self::Operator(caller, elsewhere) => elsewhere.commit(caller, change).await,
        }
    }
}

/// Changes a tenant's record. `decide` says what it becomes and what to record, `None` when it is so already.
///
/// # Errors
/// What `decide` refuses, and what storage does.
pub(crate) async fn change(
    data: &Partition,
    decide: impl Fn(&TenantRecord) -> Result<Option<(TenantRecord, AuditEvent)>, Problem> + Send + Sync,
    by: By<'_>,
) -> Result<TenantRecord, Problem> {
    let mut last = StoreError::Conflict;
    for _ in 0..ATTEMPTS_MAX {
        let Found { document, etag } = data.get::<TenantRecord>(TenantRecord::ID).await?;
        let Some((next, event)) = decide(&document)? else { return Ok(document) };
        match by.commit(Change::new(event).replace(&next, etag)).await {
            Ok(()) => return Ok(next),
            Err(error) if decide_again(&error) => last = error,
            Err(error) => return Err(error.into()),
        }
    }
    Err(last.into())
}
