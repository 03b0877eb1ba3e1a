//! Sessions: a signed-in device, and the one refresh token of it that counts.
//!
//! A refresh token is used once. The one before it still gives the *same* successor for ten seconds, since two tabs or a lost answer are
//! no theft; any other means that someone else holds a copy, and the session dies.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{CodeShown, DeviceId, Level, Limit, LimitError, Method, MfaVerified, Taken};
use crate::{AuditEvent, EventKind, SessionId, Target, TenantSettings, Timestamp, UserId};

const DEVICE_CHARS_MAX: usize = 200;

/// A signed-in device. Only [`open`](Self::open) makes one.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Session {
    /// Which.
    pub session: SessionId,
    /// Whose.
    pub user: UserId,
    /// What the device calls itself, at most 200 characters.
    pub device: String,
    /// When it signed in.
    pub created_at: Timestamp,
    /// The refresh token that counts, from 0.
    pub generation: u32,
    /// When that token was issued.
    pub rotated_at: Timestamp,
    /// No refresh from then on.
    pub ends_at: Timestamp,
    /// The epoch of the user's guard when it signed in.
    pub epoch: u32,
    /// When the second factor was last shown.
    pub authenticated_at: Timestamp,
    /// What it was when the device signed in.
    #[serde(default)]
    pub method: Method,
    /// The browser that its refresh token was given to as a cookie; `None` for a program that holds the token itself.
    #[serde(default)]
    pub binding: Option<DeviceId>,
    /// The network that it signed in from, too coarse to name a person: `203.0.113.0/24`.
    #[serde(default)]
    pub network: Option<String>,
    /// How often it was refreshed of late.
    #[serde(default)]
    refreshes: Option<Level>,
    /// Since when it is dead.
    pub revoked_at: Option<Timestamp>,
}

/// What is known of a device that signs in.
#[derive(Clone, Debug)]
pub struct SigningIn<'a> {
    /// What it calls itself.
    pub device: &'a str,
    /// The browser that gets the refresh token as a cookie; `None` for a program that holds it itself.
    pub binding: Option<DeviceId>,
    /// The network that it signs in from.
    pub network: Option<String>,
    /// How long the tenant lets a session live; [`Session::LIFETIME`] at most.
    pub longest: Duration,
}

/// What a session lives within, as it is now.
#[derive(Clone, Copy, Debug)]
pub struct Bounds<'a> {
    /// The epoch of its user's guard.
    pub epoch: u32,
    /// What its tenant decided.
    pub settings: &'a TenantSettings,
}

/// What follows from a refresh token.
#[derive(Clone, Debug, PartialEq)]
pub enum Rotation {
    /// Store this session, then hand out its generation.
    Rotate(Session),
    /// Hand out the generation that counts once more; nothing is to be stored.
    SameAgain,
    /// The session is dead from now on: store it with the event.
    Reused(Session, AuditEvent),
    /// Over, revoked, or of an earlier epoch: refuse; nothing is to be stored.
    Expired,
    /// Too often: refuse for now; nothing is to be stored.
    TooOften(LimitError),
}

/// Why a session ends early.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Revocation {
    /// Its user ended it.
    User,
    /// A refresh token came back.
    RefreshReused,
    /// A refresh token came from the future: storage was set back.
    GenerationAhead,
    /// A refresh token came from another device than it was given to.
    OtherDevice,
    /// Its user ended every other session.
    Others,
}

impl Revocation {
    /// Its name in the log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::RefreshReused => "refresh_reused",
            Self::GenerationAhead => "generation_ahead",
            Self::OtherDevice => "other_device",
            Self::Others => "others",
        }
    }
}

impl Session {
    /// A session lives this long at most, however often it is refreshed.
    pub const LIFETIME: Duration = Duration::from_hours(7 * 24);
    /// The token before the current one gives the same successor for this long.
    pub const GRACE: Duration = Duration::from_secs(10);

    /// Signs a device in, in the epoch in which its login began, and says what to record.
    pub fn open(
        verified: MfaVerified,
        session: SessionId,
        SigningIn { device, binding, network, longest }: SigningIn<'_>,
        now: Timestamp,
    ) -> (Self, AuditEvent) {
        let MfaVerified { shown: CodeShown { user, at, method }, epoch } = verified;
        let event = AuditEvent::new(EventKind::SessionCreated, Target::new("session", session))
            .with("user", user.to_string())
            .with("factor", method.name());
        let opened = Self {
            session,
            user,
            device: device
                .chars()
                .filter(|letter| !letter.is_control())
                .take(DEVICE_CHARS_MAX)
                .collect(),
            created_at: now,
            generation: 0,
            rotated_at: now,
            ends_at: now.plus(longest.min(Self::LIFETIME)),
            epoch,
            authenticated_at: at,
            method,
            binding,
            network,
            refreshes: None,
            revoked_at: None,
        };
        (opened, event)
    }

    /// Whether the session counts at `now`. What the tenant's settings were when it began does not matter.
    pub fn is_alive(&self, bounds: Bounds<'_>, now: Timestamp) -> bool {
        let Bounds { epoch, settings } = bounds;
        let idle_until = self.rotated_at.plus(settings.longest_idle());
        let is_due = now >= self.latest_end(settings) || now >= idle_until;
        let counts = self.epoch == epoch && settings.mfa_policy.admits(self.method);
        self.revoked_at.is_none() && counts && !is_due
    }

    /// When it ends, however often it is refreshed.
    pub fn latest_end(&self, settings: &TenantSettings) -> Timestamp {
        self.ends_at.min(self.created_at.plus(settings.longest_session()))
    }

    /// Decides on a refresh token of `presented` generation that came from `device`.
    pub fn rotate(
        self,
        presented: u32,
        device: Option<DeviceId>,
        bounds: Bounds<'_>,
        now: Timestamp,
    ) -> Rotation {
        if !self.is_alive(bounds, now) {
            return Rotation::Expired;
        }
        if self.binding != device {
            return self.reused(Revocation::OtherDevice, now);
        }
        let is_previous = presented.checked_add(1) == Some(self.generation);
        if presented == self.generation {
            let generation = self.generation.saturating_add(1);
            match Limit::REFRESH.take(self.refreshes, now) {
                Taken::Within { level, .. } => {
                    let refreshes = Some(level);
                    Rotation::Rotate(Self { generation, rotated_at: now, refreshes, ..self })
                }
                Taken::Over(error) => Rotation::TooOften(error),
            }
        } else if is_previous && now.since(self.rotated_at) <= Self::GRACE {
            Rotation::SameAgain
        } else if presented > self.generation {
            self.reused(Revocation::GenerationAhead, now)
        } else {
            self.reused(Revocation::RefreshReused, now)
        }
    }

    /// Ends it; `None` when it was over already.
    pub fn revoke(self, why: Revocation, now: Timestamp) -> Option<(Self, AuditEvent)> {
        if self.revoked_at.is_some() {
            return None;
        }
        let event = self.ended(EventKind::SessionRevoked, why);
        Some((Self { revoked_at: Some(now), ..self }, event))
    }

    /// Takes a second factor that was shown again: `None` when it was another user's.
    pub fn step_up(self, shown: &CodeShown) -> Option<Self> {
        let same = self.user == shown.user;
        same.then(|| Self { authenticated_at: self.authenticated_at.max(shown.at), ..self })
    }

    fn reused(self, why: Revocation, now: Timestamp) -> Rotation {
        let event = self.ended(EventKind::RefreshReused, why);
        Rotation::Reused(Self { revoked_at: Some(now), ..self }, event)
    }

    fn ended(&self, kind: EventKind, why: Revocation) -> AuditEvent {
        AuditEvent::new(kind, Target::new("session", self.session))
            .with("user", self.user.to_string())
            .with("why", why.name())
    }
}

#[cfg(test)]
pub(super) mod tests;
