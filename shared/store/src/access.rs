//! What every guard reads: the tenant, the user's guard, the session. Written by `auth` alone.

use domain::{Plan, Role, TenantId, Timestamp, UserId, auth::Session};
use ports::Container;
use serde::{Deserialize, Serialize};

use crate::Document;

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
    /// What it pays for.
    pub plan: Plan,
    /// Whether it may be used.
    pub state: TenantState,
    /// When it came to be.
    pub created_at: Timestamp,
}

/// Whether a tenant may be used.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TenantState {
    /// Yes.
    Active,
    /// Nobody signs in; data is kept.
    Suspended,
}

impl TenantRecord {
    /// Its one id in the tenant's partition.
    pub const ID: &'static str = "tenant";
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
    /// No.
    Disabled,
}

impl Document for Guard {
    const CONTAINER: Container = Container::Access;
    const KIND: &'static str = "guard";

    fn id(&self) -> String {
        self.user.to_string()
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
