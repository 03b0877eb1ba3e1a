//! From an e-mail address to an account, without the address being stored in the clear.

use domain::{
    TenantId, UserId,
    auth::{Email, PasswordRecord},
};
use store::{Housekeeping, HousekeepingKind, Partition, StoreError};

use crate::{
    AuthState, followers,
    records::{CredentialRecord, LoginIndexEntry},
};

/// An account, as a login finds it.
pub(crate) struct Account {
    /// The tenant's data.
    pub(crate) data: Partition,
    /// Who.
    pub(crate) user: UserId,
    /// What a password is compared with.
    pub(crate) password: PasswordRecord,
}

/// The account whose address is `email`.
pub(crate) async fn find(state: &AuthState, email: &Email) -> Result<Option<Account>, StoreError> {
    let index = index_of(state, email);
    let Some(entry) = index.find::<LoginIndexEntry>(LoginIndexEntry::ID).await? else {
        return Ok(None);
    };
    let LoginIndexEntry { tenant, user } = entry.document;
    let data = state.data(tenant);
    let credential = data.find::<CredentialRecord>(&CredentialRecord::id_of(user)).await?;
    Ok(credential.map(|found| Account { data, user, password: found.document.0.password }))
}

/// Reserves `email` for a user; whether it is theirs afterwards. Repeating it for the same user is no conflict.
pub(crate) async fn reserve(
    state: &AuthState,
    email: &Email,
    tenant: TenantId,
    user: UserId,
) -> Result<bool, StoreError> {
    let index = index_of(state, email);
    let entry = LoginIndexEntry { tenant, user };
    for _ in 0..followers::ATTEMPTS_MAX {
        let reservation = Housekeeping::new(HousekeepingKind::Index).create(&entry);
        match index.keep(reservation).await {
            Ok(()) => return Ok(true),
            Err(StoreError::Exists | StoreError::Unavailable(_)) => {}
            Err(error) => return Err(error),
        }
        if let Some(found) = index.find::<LoginIndexEntry>(LoginIndexEntry::ID).await? {
            return Ok(found.document == entry);
        }
    }
    Err(StoreError::Unavailable("the look-up was not written".to_owned()))
}

/// A partition of its own for each address: no tenant's, and read by nobody else.
fn index_of(state: &AuthState, email: &Email) -> Partition {
    state.data(TenantId::SYSTEM).in_shard(email.index(&state.keys.index))
}
