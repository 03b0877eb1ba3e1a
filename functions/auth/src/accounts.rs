//! From an e-mail address to an account, without the address being stored in the clear.

use domain::{
    InvitationId, TenantId, TenantState, Timestamp, UserId,
    auth::{Email, PasswordRecord},
};
use store::{Found, Housekeeping, HousekeepingKind, Partition, StoreError, TenantRecord};

use crate::{
    AuthState, followers,
    records::{CredentialRecord, InvitationRecord, LoginIndexEntry},
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
///
/// What is written over was read before: whoever found an address free while its user came in is told that it is not.
pub(crate) async fn reserve(
    state: &AuthState,
    email: &Email,
    entry: LoginIndexEntry,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let index = index_of(state, email);
    for _ in 0..followers::ATTEMPTS_MAX {
        let reservation = Housekeeping::new(HousekeepingKind::Index);
        let reservation = match index.find::<LoginIndexEntry>(LoginIndexEntry::ID).await? {
            None => reservation.create(&entry),
            Some(Found { document, etag })
                if document == entry || is_free(state, document, now).await? =>
            {
                reservation.replace(&entry, etag)
            }
            Some(_) => return Ok(false),
        };
        match index.keep(reservation).await {
            Ok(()) => return Ok(true),
            Err(StoreError::Exists | StoreError::Conflict | StoreError::Unavailable(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Err(StoreError::Unavailable("the look-up was not written".to_owned()))
}

/// Whether nobody signs in with an address any more, nor ever will: its tenant is closed, or it was reserved by an invitation that is over and
/// made no user.
async fn is_free(
    state: &AuthState,
    LoginIndexEntry { tenant, user }: LoginIndexEntry,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let data = state.data(tenant);
    let record = data.find::<TenantRecord>(TenantRecord::ID).await?;
    if record.is_some_and(|found| found.document.state == TenantState::Closed) {
        return Ok(true);
    }
    // A user has the number of their invitation; and a used one is looked at before its user is, who came with it.
    let invitation = InvitationId::from_u128(u128::from_be_bytes(user.to_bytes()));
    let invitation = data.find::<InvitationRecord>(&invitation.to_string()).await?;
    let is_over = invitation.is_some_and(|found| found.document.0.is_over(now));
    Ok(is_over && data.find::<CredentialRecord>(&CredentialRecord::id_of(user)).await?.is_none())
}

/// A partition of its own for each address: no tenant's, and read by nobody else.
fn index_of(state: &AuthState, email: &Email) -> Partition {
    state.data(TenantId::SYSTEM).in_shard(email.index(&state.keys.index))
}
