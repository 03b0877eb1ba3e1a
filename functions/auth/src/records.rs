//! What `auth` keeps, and where. Rules are in `domain::auth`; here is only the place of each document.

use domain::{
    LoginId, Role, TenantId, TenantKind, Timestamp, UserId,
    auth::{Credential, Invitation, Login, PasswordReset, Recovery},
};
use ports::Container;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use store::Document;

/// A login that is over stays this long, so that its bearer is told so.
const LOGIN_KEPT: Duration = Duration::from_hours(1);
/// A recovery that is over stays this long in the list.
const RECOVERY_KEPT: Duration = Duration::from_hours(24 * 30);

/// A person of the tenant.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserRecord {
    /// Who.
    pub(crate) user: UserId,
    /// How they want to be called.
    pub(crate) display_name: String,
    /// Their address, sealed.
    pub(crate) sealed_email: String,
    /// As what they came in. What they may is in their guard alone, which is signed; nobody goes by this.
    pub(crate) roles: Vec<Role>,
    /// Since when.
    pub(crate) created_at: Timestamp,
}

/// A user's password and second factor.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(transparent)]
pub(crate) struct CredentialRecord(pub(crate) Credential);

/// A login in progress.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(transparent)]
pub(crate) struct LoginRecord(pub(crate) Login);

/// An invitation.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(transparent)]
pub(crate) struct InvitationRecord(pub(crate) Invitation);

/// A reset of a password.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(transparent)]
pub(crate) struct ResetRecord(pub(crate) PasswordReset);

/// A recovery of a second factor.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(transparent)]
pub(crate) struct RecoveryRecord(pub(crate) Recovery);

/// Whose an e-mail address is. Its partition is `[system, index of the address]`: no tenant's, and no two addresses' the same.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginIndexEntry {
    /// Of which tenant.
    pub(crate) tenant: TenantId,
    /// Who.
    pub(crate) user: UserId,
}

/// The first tenant of the deployment: there is at most one.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FirstTenant {
    /// Which.
    pub(crate) tenant: TenantId,
    /// The first customer, or whoever runs the deployment.
    #[serde(default)]
    pub(crate) kind: TenantKind,
}

impl CredentialRecord {
    pub(crate) fn id_of(user: UserId) -> String {
        format!("credential-{user}")
    }
}

impl LoginRecord {
    pub(crate) fn id_of(login: LoginId) -> String {
        login.to_string()
    }
}

impl LoginIndexEntry {
    pub(crate) const ID: &'static str = "login";
}

impl Document for UserRecord {
    const CONTAINER: Container = Container::Auth;
    const KIND: &'static str = "user";

    fn id(&self) -> String {
        self.user.to_string()
    }
}

impl Document for CredentialRecord {
    const CONTAINER: Container = Container::Auth;
    const KIND: &'static str = "credential";

    fn id(&self) -> String {
        Self::id_of(self.0.user)
    }
}

impl Document for LoginRecord {
    const CONTAINER: Container = Container::Auth;
    const KIND: &'static str = "login";

    fn id(&self) -> String {
        Self::id_of(self.0.login)
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.0.ends_at.plus(LOGIN_KEPT))
    }
}

impl Document for InvitationRecord {
    const CONTAINER: Container = Container::Auth;
    const KIND: &'static str = "invitation";

    fn id(&self) -> String {
        self.0.invitation.to_string()
    }
}

impl Document for ResetRecord {
    const CONTAINER: Container = Container::Auth;
    const KIND: &'static str = "password_reset";

    fn id(&self) -> String {
        self.0.reset.to_string()
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.0.ends_at.plus(LOGIN_KEPT))
    }
}

impl Document for RecoveryRecord {
    const CONTAINER: Container = Container::Auth;
    const KIND: &'static str = "recovery";

    fn id(&self) -> String {
        self.0.recovery.to_string()
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.0.ends_at.plus(RECOVERY_KEPT))
    }
}

impl Document for LoginIndexEntry {
    const CONTAINER: Container = Container::LoginIndex;
    const KIND: &'static str = "login_index";

    fn id(&self) -> String {
        Self::ID.to_owned()
    }
}

impl Document for FirstTenant {
    const CONTAINER: Container = Container::Access;
    const KIND: &'static str = "first_tenant";

    fn id(&self) -> String {
        let id = match self.kind {
            TenantKind::Customer => "first-tenant",
            TenantKind::Platform => "platform-tenant",
        };
        id.to_owned()
    }
}
