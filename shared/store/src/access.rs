//! What every guard reads: the tenant, the user's guard, the session. Written by `auth` alone.

use std::collections::BTreeSet;

use domain::{
    AuditEvent, Entitlements, Overrides, Permission, Plan, Role, RoleId, TenantId, TenantKind,
    TenantSettings, TenantState, Timestamp, UserId, Visit,
    auth::{PersonalToken, Session},
};
use ports::Container;
use serde::{Deserialize, Serialize};

use crate::{Document, OwnKeys};

/// A tenant's runs are spread over this many shards, so that no logical partition outgrows Cosmos's 20 GB.
pub const RUN_SHARDS: u8 = 16;

/// The name of the run shard `number`: `r00`…`r15`.
pub fn run_shard(number: u8) -> String {
    format!("r{:02}", number % RUN_SHARDS)
}

/// A tenant, as guards see it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct TenantRecord {
    /// Which.
    pub tenant: TenantId,
    /// Its name, chosen by its owner.
    pub name: String,
    /// A customer's, or that of whoever runs the deployment.
    #[serde(default)]
    pub kind: TenantKind,
    /// What it pays for.
    pub plan: Plan,
    /// What an operator changed for it.
    #[serde(default)]
    pub overrides: Overrides,
    /// Whether it may be used.
    pub state: TenantState,
    /// When its grace is over, while it is closing.
    #[serde(default)]
    pub closes_at: Option<Timestamp>,
    /// What it decided for itself.
    #[serde(default)]
    pub settings: TenantSettings,
    /// A key of its own over its keys, if it has one.
    #[serde(default, skip_serializing_if = "OwnKeys::is_ours")]
    pub own_keys: OwnKeys,
    /// When it came to be.
    pub created_at: Timestamp,
    /// Raised by whatever could take the last owner away, or give somebody more than the tenant keeps together, so that of two who do it at
    /// once one decides again.
    #[serde(default)]
    pub owners_checked: u64,
}

impl TenantRecord {
    /// Its one id in the tenant's partition.
    pub const ID: &'static str = "tenant";

    /// A new tenant with everything as it is by default.
    pub fn new(tenant: TenantId, name: String, plan: Plan, now: Timestamp) -> Self {
        Self {
            tenant,
            name,
            kind: TenantKind::Customer,
            plan,
            overrides: Overrides::default(),
            state: TenantState::Active,
            closes_at: None,
            settings: TenantSettings::default(),
            own_keys: OwnKeys::default(),
            created_at: now,
            owners_checked: 0,
        }
    }

    /// What it may use.
    pub const fn entitlements(&self) -> Entitlements<'_> {
        Entitlements::new(self.plan, &self.overrides)
    }
}

impl Document for TenantRecord {
    const CONTAINER: Container = Container::Access;
    const KIND: &'static str = "tenant";

    fn id(&self) -> String {
        Self::ID.to_owned()
    }
}

/// A user, as guards see them: roles and the epoch that ends sessions.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Guard {
    /// Who.
    pub user: UserId,
    /// What the tenant made of them.
    pub roles: Vec<Role>,
    /// Which of the tenant's own roles they have.
    #[serde(default)]
    pub custom: BTreeSet<RoleId>,
    /// What these grant, resolved, so that nobody reads a role to admit a caller.
    #[serde(default)]
    pub granted: BTreeSet<Permission>,
    /// Whether they may sign in.
    pub state: GuardState,
    /// Sessions of an earlier epoch are dead.
    pub epoch: u32,
}

/// Whether a user may act.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GuardState {
    /// A second factor is not enrolled yet: no session.
    PendingMfa,
    /// Yes.
    Active,
    /// An administrator locked it for now; whoever unlocks it needs to know nothing else.
    Locked,
    /// No.
    Disabled,
}

impl GuardState {
    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PendingMfa => "pending_mfa",
            Self::Active => "active",
            Self::Locked => "locked",
            Self::Disabled => "disabled",
        }
    }
}

impl Guard {
    /// A new user, who has no second factor yet.
    pub fn new(user: UserId, roles: Vec<Role>) -> Self {
        Self {
            user,
            roles,
            custom: BTreeSet::new(),
            granted: BTreeSet::new(),
            state: GuardState::PendingMfa,
            epoch: 0,
        }
    }

    /// Whether one of the user's roles grants `permission`.
    pub fn grants(&self, permission: Permission) -> bool {
        self.roles.iter().any(|role| role.grants(permission)) || self.granted.contains(&permission)
    }

    /// `event` with all that it takes to make this guard again from the log alone.
    pub fn recorded_in(&self, event: AuditEvent) -> AuditEvent {
        let names = |names: Vec<String>| serde_json::Value::from(names);
        let mut roles: Vec<_> = self.roles.iter().map(|role| role.name().to_owned()).collect();
        roles.sort_unstable();
        event
            .with("roles", names(roles))
            .with("custom", names(self.custom.iter().map(ToString::to_string).collect()))
            .with("state", self.state.name())
            .with("epoch", self.epoch)
    }
}

impl Document for Guard {
    const CONTAINER: Container = Container::Access;
    const KIND: &'static str = "guard";

    fn id(&self) -> String {
        self.user.to_string()
    }
}

/// An operator's visit to the tenant: it can be asked for, allowed, begun and ended, and whoever reads it sees at once that it is over.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct VisitRecord(pub Visit);

impl Document for VisitRecord {
    const CONTAINER: Container = Container::Access;
    const KIND: &'static str = "visit";

    fn id(&self) -> String {
        self.0.visit.to_string()
    }
}

/// A role of the tenant's own.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RoleRecord {
    /// Which.
    pub role: RoleId,
    /// How the tenant calls it.
    pub name: String,
    /// What it grants.
    pub permissions: BTreeSet<Permission>,
    /// Ended: nobody gets it any more.
    pub ended: bool,
}

impl Document for RoleRecord {
    const CONTAINER: Container = Container::Access;
    const KIND: &'static str = "role";

    fn id(&self) -> String {
        self.role.to_string()
    }
}

impl Document for PersonalToken {
    const CONTAINER: Container = Container::Access;
    const KIND: &'static str = "personal_token";

    fn id(&self) -> String {
        self.token.to_string()
    }

    fn k1(&self) -> Option<String> {
        Some(self.user.to_string())
    }

    /// Kept for 30 days after its end, so that its user still sees what it was.
    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.ends_at.plus(std::time::Duration::from_hours(24 * 30)))
    }
}

impl Document for Session {
    const CONTAINER: Container = Container::Access;
    const KIND: &'static str = "session";
    const SHARD: &'static str = "h";

    fn id(&self) -> String {
        self.session.to_string()
    }

    fn k1(&self) -> Option<String> {
        Some(self.user.to_string())
    }

    /// Kept for 30 days after its end, so that a late reuse is still seen.
    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.ends_at.plus(std::time::Duration::from_hours(24 * 30)))
    }
}
