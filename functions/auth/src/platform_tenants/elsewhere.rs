//! Another tenant's data, in an operator's hands.

use domain::{Actor, EventId, TenantId, TenantKind};
use store::{Change, Document, Partition, StoreError, TenantRecord};
use web::{Caller, Problem};

use crate::AuthState;

/// The visited tenant's data, and the operator as its log names them.
pub(crate) struct Elsewhere {
    pub(crate) data: Partition,
    pub(crate) operator: Actor,
}

impl Elsewhere {
    /// A tenant that is about to be.
    ///
    /// # Errors
    /// 404, unless the caller's tenant is the platform's own.
    pub(crate) fn found(
        state: &AuthState,
        caller: &Caller,
        tenant: TenantId,
    ) -> Result<Self, Problem> {
        if caller.tenant.kind != TenantKind::Platform {
            return Err(Problem::not_found());
        }
        let data = caller.data.promising_with(state.data(tenant));
        Ok(Self { data, operator: Actor::operator(caller.user) })
    }

    /// A tenant that is there.
    ///
    /// # Errors
    /// 404, unless the caller's tenant is the platform's own and the other one exists and is a customer's.
    pub(crate) async fn reach(
        state: &AuthState,
        caller: &Caller,
        tenant: TenantId,
    ) -> Result<(Self, TenantRecord), Problem> {
        if tenant == TenantId::SYSTEM {
            return Err(Problem::not_found());
        }
        let elsewhere = Self::found(state, caller, tenant)?;
        let found = elsewhere.data.find::<TenantRecord>(TenantRecord::ID).await?;
        let record = found.ok_or_else(Problem::not_found)?.document;
        if record.kind != TenantKind::Customer {
            return Err(Problem::not_found());
        }
        Ok((elsewhere, record))
    }

    /// Commits in the tenant's own log, in the operator's name.
    pub(crate) async fn commit(&self, caller: &Caller, change: Change) -> Result<(), StoreError> {
        self.data.commit(&self.operator, caller.now, change).await.map(|_| ())
    }

    /// The same, of a request that may be sent again.
    pub(crate) async fn commit_as(
        &self,
        event: EventId,
        caller: &Caller,
        change: Change,
    ) -> Result<(), StoreError> {
        self.data.commit_as(Some(event), &self.operator, caller.now, change).await.map(|_| ())
    }

    /// Whether a change of a `T` with this event was committed before; then it is promised again.
    pub(crate) async fn was_committed<T: Document>(
        &self,
        event: EventId,
    ) -> Result<bool, StoreError> {
        match self.data.promised(Some((T::CONTAINER, T::SHARD)), event).await {
            Ok(_) => Ok(true),
            Err(StoreError::NotFound) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
