//! The lock that too many wrong passwords put on, and the administrator who lifts it before its time.

use domain::{AuditEvent, EventKind, Target, UserId};
use store::{Change, Found, StoreError};
use web::{Caller, Problem};

use crate::{
    followers::{ATTEMPTS_MAX, decide_again},
    records::CredentialRecord,
};

/// Lets passwords of `user` be tried again; whether they were locked.
pub(crate) async fn lift(caller: &Caller, user: UserId) -> Result<bool, Problem> {
    let mut last = StoreError::Conflict;
    for _ in 0..ATTEMPTS_MAX {
        let Found { document: CredentialRecord(credential), etag } =
            caller.data.get::<CredentialRecord>(&CredentialRecord::id_of(user)).await?;
        if !credential.is_password_locked(caller.now) {
            return Ok(false);
        }
        let event = AuditEvent::new(EventKind::AccountUnlocked, Target::new("user", user))
            .with("by", "administrator")
            .with("lock", "password");
        let unlocked = CredentialRecord(credential.unlocked());
        match caller.commit(Change::new(event).replace(&unlocked, etag)).await {
            Ok(_) => return Ok(true),
            Err(error) if decide_again(&error) => last = error,
            Err(error) => return Err(error.into()),
        }
    }
    Err(last.into())
}
