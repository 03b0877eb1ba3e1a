//! Sealing fields anew under the current version of the tenant's key: how far it is, and one page of it.

use domain::{TenantId, Timestamp, auth::Factor};
use ports::Container;
use serde::{Deserialize, Serialize};
use store::{Document, Found, Housekeeping, HousekeepingKind, ListOf, Partition, StoreError};
use web::Problem;

use crate::{
    AuthState,
    followers::ATTEMPTS_MAX,
    records::{CredentialRecord, InvitationRecord, UserRecord},
};

/// Documents of a page: each is read, opened, sealed and written.
const PAGE: usize = 50;

/// How far a tenant's fields are sealed anew.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Resealing {
    /// Under which version.
    pub(crate) target: u32,
    /// What is looked at; `None` when everything was.
    at: Option<Stage>,
    /// The last document of the page before.
    after: Option<String>,
    /// Documents that were sealed anew.
    pub(crate) resealed: u64,
    /// Documents that could not be: what is in them does not open.
    pub(crate) failed: u64,
    began_at: Timestamp,
}

/// One after the other.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Stage {
    Users,
    Credentials,
    Invitations,
}

impl Stage {
    const fn next(self) -> Option<Self> {
        match self {
            Self::Users => Some(Self::Credentials),
            Self::Credentials => Some(Self::Invitations),
            Self::Invitations => None,
        }
    }
}

impl Resealing {
    /// Its one id in the tenant's partition.
    pub(crate) const ID: &'static str = "resealing";

    /// Nothing is done yet.
    pub(crate) fn new(target: u32, began_at: Timestamp) -> Self {
        Self { target, at: Some(Stage::Users), after: None, resealed: 0, failed: 0, began_at }
    }

    /// Whether everything was looked at.
    pub(crate) const fn is_done(&self) -> bool {
        self.at.is_none()
    }
}

impl Document for Resealing {
    const CONTAINER: Container = Container::Auth;
    const KIND: &'static str = "resealing";

    fn id(&self) -> String {
        Self::ID.to_owned()
    }
}

/// A document with sealed fields.
trait Sealing: Document + Clone {
    /// It with every outdated field sealed anew; `None` when none is.
    fn resealed(
        &self,
        state: &AuthState,
        tenant: TenantId,
    ) -> impl Future<Output = Result<Option<Self>, Problem>> + Send;
}

/// Looks at one page, and says where that leads. Done twice, it finds nothing the second time.
pub(crate) async fn page(
    state: &AuthState,
    data: &Partition,
    at: &Resealing,
) -> Result<Resealing, Problem> {
    match at.at {
        None => Ok(at.clone()),
        Some(Stage::Users) => page_of::<UserRecord>(state, data, at, Stage::Users).await,
        Some(Stage::Credentials) => {
            page_of::<CredentialRecord>(state, data, at, Stage::Credentials).await
        }
        Some(Stage::Invitations) => {
            page_of::<InvitationRecord>(state, data, at, Stage::Invitations).await
        }
    }
}

async fn page_of<T: Sealing>(
    state: &AuthState,
    data: &Partition,
    at: &Resealing,
    of_stage: Stage,
) -> Result<Resealing, Problem> {
    let of = ListOf { after: at.after.clone(), limit: PAGE, ..ListOf::default() };
    let page = data.list::<T>(of).await?;
    let mut next = at.clone();
    for found in page.documents {
        let id = found.document.id();
        match reseal(state, data, found).await {
            Ok(is_changed) => next.resealed += u64::from(is_changed),
            Err(problem) if problem.code == "internal" => {
                tracing::error!(alarm = "field", tenant.id = %data.tenant(), record = id, "a field does not open");
                next.failed += 1;
            }
            Err(problem) => return Err(problem),
        }
    }
    next.after = page.next;
    if next.after.is_none() {
        next.at = of_stage.next();
    }
    Ok(next)
}

/// Whether the document was sealed anew. What somebody else writes meanwhile is read again.
async fn reseal<T: Sealing>(
    state: &AuthState,
    data: &Partition,
    mut found: Found<T>,
) -> Result<bool, Problem> {
    let id = found.document.id();
    let mut last = StoreError::Conflict;
    for _ in 0..ATTEMPTS_MAX {
        let Some(next) = found.document.resealed(state, data.tenant()).await? else {
            return Ok(false);
        };
        let follower = Housekeeping::new(HousekeepingKind::Follower).replace(&next, found.etag);
        match data.keep(follower).await {
            Ok(()) => return Ok(true),
            Err(error @ (StoreError::Conflict | StoreError::Unavailable(_))) => last = error,
            Err(error) => return Err(error.into()),
        }
        match data.find(&id).await? {
            Some(again) => found = again,
            None => return Ok(false),
        }
    }
    // Not `conflict`: that is what two messages of the same tenant find.
    Err(StoreError::Unavailable(last.to_string()).into())
}

impl Sealing for UserRecord {
    async fn resealed(&self, state: &AuthState, tenant: TenantId) -> Result<Option<Self>, Problem> {
        // A tenant that was closed has forgotten its people.
        if self.sealed_email.is_empty() {
            return Ok(None);
        }
        let place = (&*self.user.to_string(), "email");
        let sealed = state.resealed(tenant, place, &self.sealed_email).await?;
        Ok(sealed.map(|sealed_email| Self { sealed_email, ..self.clone() }))
    }
}

impl Sealing for CredentialRecord {
    async fn resealed(&self, state: &AuthState, tenant: TenantId) -> Result<Option<Self>, Problem> {
        let mut next = self.clone();
        let id = self.id();
        let mut is_changed = false;
        for factor in [&mut next.0.factor, &mut next.0.next_factor].into_iter().flatten() {
            is_changed |= reseal_factor(state, tenant, &id, factor).await?;
        }
        Ok(is_changed.then_some(next))
    }
}

async fn reseal_factor(
    state: &AuthState,
    tenant: TenantId,
    record: &str,
    factor: &mut Factor,
) -> Result<bool, Problem> {
    let sealed = state.resealed(tenant, (record, "totp"), &factor.sealed_secret).await?;
    let Some(sealed) = sealed else { return Ok(false) };
    factor.sealed_secret = sealed;
    Ok(true)
}

impl Sealing for InvitationRecord {
    async fn resealed(&self, state: &AuthState, tenant: TenantId) -> Result<Option<Self>, Problem> {
        let mut next = self.clone();
        let Some(address) = &mut next.0.address else { return Ok(None) };
        let place = (&*self.0.invitation.to_string(), "email");
        let Some(sealed) = state.resealed(tenant, place, &address.sealed).await? else {
            return Ok(None);
        };
        address.sealed = sealed;
        Ok(Some(next))
    }
}
