//! Personal access tokens: for programs of a user, with some of the user's permissions, for a year at most.
//!
//! Shape: `pfl_pat_` tenant(26) id(26) `_` secret(64 hexadecimal digits) CRC-32(8): the prefix for scanners of secrets, the checksum so that they
//! tell a token from a text that looks like one (CRC-32 of everything before it, as zlib's). Only the SHA-256 of the secret is stored.

mod text;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use crate::{
    AuditEvent, Class, EventKind, Fault, Permission, PersonalTokenId, Target, Timestamp, UserId,
    is_line,
};
pub use text::{PersonalTokenText, PersonalTokenTextError};

const NAME_CHARS_MAX: usize = 100;

/// A token, as it is stored.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PersonalToken {
    /// Which.
    pub token: PersonalTokenId,
    /// Whose.
    pub user: UserId,
    /// What its user calls it.
    pub name: String,
    /// What it may do, as long as its user may.
    pub scopes: Vec<Permission>,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when.
    pub ends_at: Timestamp,
    /// The epoch of the user's guard: whatever signs the user out everywhere ends it, too.
    pub epoch: u32,
    /// The restore epoch of the deployment: what came back with a restored database counts no more.
    #[serde(default)]
    pub restore_epoch: u64,
    /// Since when it does not count.
    pub revoked_at: Option<Timestamp>,
    secret_sha256: String,
}

/// What a token is issued in and must be shown in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Epochs {
    /// Of the user's guard.
    pub guard: u32,
    /// Of the deployment: raised by whoever restores its database.
    pub restore: u64,
}

/// What a user asks for.
#[derive(Clone, Debug)]
pub struct TokenWish {
    /// What they call it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Permission>,
    /// How long it counts.
    pub lifetime: Duration,
}

/// Why no token was issued.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PersonalTokenError {
    /// Empty, too long or with control characters.
    #[error("the name of a token has 1 to {NAME_CHARS_MAX} characters and no line breaks")]
    Name,
    /// None, or one that no token may have.
    #[error(
        "a token needs at least one permission, and none that asks for a second factor or belongs to the account itself"
    )]
    Scope,
    /// One that the user does not have.
    #[error("a token has no permission that its user has not")]
    Beyond,
    /// Not from a day to a year.
    #[error("a token counts for 1 to 365 days")]
    Lifetime,
}

impl Fault for PersonalTokenError {
    fn class(&self) -> Class {
        match self {
            Self::Name | Self::Scope | Self::Lifetime => Class::Invalid,
            Self::Beyond => Class::Forbidden,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Name => "token-name-invalid",
            Self::Scope => "token-scope-invalid",
            Self::Beyond => "token-scope-beyond",
            Self::Lifetime => "token-lifetime-invalid",
        }
    }
}

impl PersonalToken {
    /// The longest life.
    pub const LIFETIME_MAX: Duration = Duration::from_hours(365 * 24);
    /// The shortest.
    pub const LIFETIME_MIN: Duration = Duration::from_hours(24);

    /// Whether a token may ever have this permission: nothing that asks for a second factor, and not the account itself.
    pub const fn may_have(permission: Permission) -> bool {
        !permission.is_sensitive() && !permission.is_own()
    }

    /// Issues the token of `text` to a user whose roles grant what `grants` says.
    ///
    /// # Errors
    /// * [`PersonalTokenError`], one variant for each rule.
    pub fn issue(
        text: &PersonalTokenText,
        (user, epochs): (UserId, Epochs),
        wish: TokenWish,
        grants: impl Fn(Permission) -> bool,
        now: Timestamp,
    ) -> Result<(Self, AuditEvent), PersonalTokenError> {
        let name = wish.name.trim().to_owned();
        if !is_line(&name, 1..=NAME_CHARS_MAX) {
            return Err(PersonalTokenError::Name);
        }
        let mut scopes = wish.scopes;
        scopes.sort_unstable();
        scopes.dedup();
        if scopes.is_empty() || !scopes.iter().all(|scope| Self::may_have(*scope)) {
            return Err(PersonalTokenError::Scope);
        }
        if !scopes.iter().all(|scope| grants(*scope)) {
            return Err(PersonalTokenError::Beyond);
        }
        if !(Self::LIFETIME_MIN..=Self::LIFETIME_MAX).contains(&wish.lifetime) {
            return Err(PersonalTokenError::Lifetime);
        }
        let issued = Self {
            token: text.token,
            user,
            name,
            scopes,
            created_at: now,
            ends_at: now.plus(wish.lifetime),
            epoch: epochs.guard,
            restore_epoch: epochs.restore,
            revoked_at: None,
            secret_sha256: text.sha256(),
        };
        let event = issued.event(EventKind::TokenIssued);
        let event = event.with("ends_at", issued.ends_at.to_string());
        Ok((issued, event))
    }

    /// Whether `text` is this token, and it counts at `now` in these epochs.
    pub fn admits(&self, text: &PersonalTokenText, epochs: Epochs, now: Timestamp) -> bool {
        let is_same: bool = text.sha256().as_bytes().ct_eq(self.secret_sha256.as_bytes()).into();
        is_same && text.token == self.token && self.is_alive(epochs, now)
    }

    /// Whether it counts at `now` in these epochs.
    pub fn is_alive(&self, epochs: Epochs, now: Timestamp) -> bool {
        let issued = Epochs { guard: self.epoch, restore: self.restore_epoch };
        self.revoked_at.is_none() && issued == epochs && now < self.ends_at
    }

    /// Whether it may do what `permission` names; its user must be allowed to as well.
    pub fn allows(&self, permission: Permission) -> bool {
        Self::may_have(permission) && self.scopes.contains(&permission)
    }

    /// Ends it; `None` when it was over already.
    pub fn revoke(self, now: Timestamp) -> Option<(Self, AuditEvent)> {
        if self.revoked_at.is_some() {
            return None;
        }
        let event = self.event(EventKind::TokenRevoked);
        Some((Self { revoked_at: Some(now), ..self }, event))
    }

    fn event(&self, kind: EventKind) -> AuditEvent {
        AuditEvent::new(kind, Target::new("personal_token", self.token))
            .with("user", self.user.to_string())
    }
}

#[cfg(test)]
mod tests;
