//! Signing a user out everywhere: one write to what every guard reads. Whatever it is the beginning of, a new password or a new factor, comes
//! after it: if that fails, the user signs in again, and nobody else does. A new password is followed by it once more: until it was written,
//! the old one still began logins and ended them.

use domain::{Actor, AuditEvent, EventKind, Target, Timestamp, UserId};
use store::{Change, Found, Guard, GuardState, Partition, StoreError};
use web::Problem;

use crate::followers::{ATTEMPTS_MAX, decide_again};

/// Why a user is signed out everywhere.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Why {
    /// They asked for it.
    User,
    /// They choose another password.
    PasswordChange,
    /// They reset it by mail.
    PasswordReset,
    /// Their second factor goes.
    MfaReset,
    /// Another second factor took its place.
    FactorReplaced,
}

impl Why {
    const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::PasswordChange => "password_change",
            Self::PasswordReset => "password_reset",
            Self::MfaReset => "mfa_reset",
            Self::FactorReplaced => "factor_replaced",
        }
    }

    /// Without a factor nobody acts before a new one is enrolled.
    const fn state(self, now: GuardState) -> GuardState {
        match (self, now) {
            (Self::MfaReset, GuardState::Active) => GuardState::PendingMfa,
            (
                Self::User
                | Self::PasswordChange
                | Self::PasswordReset
                | Self::MfaReset
                | Self::FactorReplaced,
                GuardState::PendingMfa
                | GuardState::Active
                | GuardState::Locked
                | GuardState::Disabled,
            ) => now,
        }
    }
}

/// Ends every session and personal access token of `user`; gives the guard as it is from now on.
pub(crate) async fn end_all(
    data: &Partition,
    actor: &Actor,
    user: UserId,
    why: Why,
    now: Timestamp,
) -> Result<Guard, Problem> {
    let mut last = StoreError::Conflict;
    for _ in 0..ATTEMPTS_MAX {
        let Found { document: guard, etag } = data.get::<Guard>(&user.to_string()).await?;
        let epoch = guard.epoch.saturating_add(1);
        let next = Guard { epoch, state: why.state(guard.state), ..guard };
        let event = AuditEvent::new(EventKind::SessionsRevokedAll, Target::new("user", user))
            .with("why", why.name());
        let change = Change::new(next.recorded_in(event)).replace(&next, etag);
        match data.commit(actor, now, change).await {
            Ok(_) => return Ok(next),
            Err(error) if decide_again(&error) => last = error,
            Err(error) => return Err(error.into()),
        }
    }
    Err(last.into())
}
