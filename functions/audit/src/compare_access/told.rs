//! What the log says of users, roles, sessions that ended and the tenant itself: read from its first row on.

mod tenant;

use std::collections::{BTreeMap, BTreeSet};

use domain::{EventKind, Permission, Timestamp};
use serde_json::Value;
use store::{Guard, GuardState, Partition, StoreError, TenantRecord, log};

use crate::{
    State,
    purged::Kept,
    search::{COMMITS, Order, Row, read},
};
use tenant::ToldTenant;

/// Of rows whose target is a session, those after which it is dead.
const ENDS_A_SESSION: [&str; 2] =
    [EventKind::SessionRevoked.name(), EventKind::RefreshReused.name()];

/// A user as the log made them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct ToldUser {
    roles: BTreeSet<String>,
    custom: BTreeSet<String>,
    state: String,
    epoch: u64,
}

/// What the log says.
#[derive(Debug)]
pub(super) struct Told {
    users: BTreeMap<String, ToldUser>,
    roles: BTreeMap<String, BTreeSet<String>>,
    /// Sessions that somebody ended before their time, and when.
    ended: BTreeMap<String, Timestamp>,
    tenant: ToldTenant,
    changed: BTreeMap<String, Timestamp>,
    /// Whether every row is there to be read; rows that were purged may have said more.
    is_whole: bool,
}

impl Told {
    /// Reads the whole log of a tenant.
    pub(super) async fn read(state: &State, partition: &Partition) -> Result<Self, StoreError> {
        let mut told = Self::nothing();
        let current = state.log(partition).await?;
        for epoch in 0..=current.epoch() {
            let data = partition.in_epoch(epoch);
            let size = log::head(&data).await?.tree.size();
            let mut left = 0..size;
            while !left.is_empty() {
                for (number, kept) in
                    read(&*state.ports.blobs, &data, Order::Oldest, &left, COMMITS).await?
                {
                    match kept {
                        Kept::Row(row) => told.take(&Row::parse(&row)?),
                        Kept::Hash(_) => told.miss(),
                    }
                    left.start = number + 1;
                }
            }
        }
        Ok(told)
    }

    fn nothing() -> Self {
        Self {
            users: BTreeMap::new(),
            roles: BTreeMap::new(),
            ended: BTreeMap::new(),
            tenant: ToldTenant::default(),
            changed: BTreeMap::new(),
            is_whole: true,
        }
    }

    /// A row that was purged may have said of the tenant what none before it did.
    fn miss(&mut self) {
        self.is_whole = false;
        self.tenant = ToldTenant::default();
    }

    fn take(&mut self, row: &Row) {
        if row.out != "ok" || row.src.app != "auth" {
            return;
        }
        let id = row.target.id.as_str();
        match row.target.kind.as_str() {
            "user" if member(row, "roles").is_array() => {
                let user = ToldUser {
                    roles: names(member(row, "roles")),
                    custom: names(member(row, "custom")),
                    state: member(row, "state").as_str().unwrap_or_default().to_owned(),
                    epoch: member(row, "epoch").as_u64().unwrap_or_default(),
                };
                self.users.insert(id.to_owned(), user);
            }
            "role" => {
                self.roles.insert(id.to_owned(), names(member(row, "permissions")));
                // What follows from a role follows for whoever has it.
                let holders = self.users.iter().filter(|(_, user)| user.custom.contains(id));
                let holders: Vec<_> = holders.map(|(user, _)| user.clone()).collect();
                holders.into_iter().for_each(|user| self.note(&user, row));
            }
            "session" if ENDS_A_SESSION.contains(&row.action.as_str()) => {
                self.ended.extend(row.at.parse().ok().map(|at| (id.to_owned(), at)));
            }
            "tenant" => self.tenant.take(row),
            _ => {}
        }
        let noted = if row.target.kind == "tenant" { TenantRecord::ID } else { id };
        self.note(noted, row);
    }

    fn note(&mut self, record: &str, row: &Row) {
        if let Ok(at) = row.at.parse() {
            self.changed.insert(record.to_owned(), at);
        }
    }

    /// When the log last said something of a record.
    pub(super) fn changed_at(&self, record: &str) -> Option<Timestamp> {
        self.changed.get(record).copied()
    }

    /// In what a guard is not as the log made it.
    pub(super) fn differs(&self, guard: &Guard) -> Option<&'static str> {
        let Some(told) = self.users.get(&guard.user.to_string()) else {
            // It is kept before its user comes in. Until then nobody comes in with it, and whoever is killed in between leaves it.
            let lets_nobody_in = *guard == Guard::new(guard.user, guard.roles.clone());
            return (self.is_whole && !lets_nobody_in).then_some("nobody made it");
        };
        let roles: BTreeSet<_> = guard.roles.iter().map(|role| role.name().to_owned()).collect();
        let custom: BTreeSet<_> = guard.custom.iter().map(ToString::to_string).collect();
        if roles != told.roles || custom != told.custom {
            return Some("roles");
        }
        if self.is_whole && guard.granted != self.granted(&told.custom) {
            return Some("permissions");
        }
        let is_barred = |state: &str| {
            state == GuardState::Disabled.name() || state == GuardState::Locked.name()
        };
        if is_barred(&told.state) && guard.state.name() != told.state {
            return Some("state");
        }
        (u64::from(guard.epoch) < told.epoch).then_some("epoch")
    }

    /// What these roles grant together, as the log says.
    fn granted(&self, roles: &BTreeSet<String>) -> BTreeSet<Permission> {
        let names = roles.iter().filter_map(|role| self.roles.get(role)).flatten();
        names.filter_map(|name| Permission::from_name(name)).collect()
    }

    /// In what a tenant's record is not as the log made it.
    pub(super) fn differs_of(&self, tenant: &TenantRecord) -> Option<&'static str> {
        self.tenant.differs(tenant)
    }

    /// Users whom the log knows.
    pub(super) fn users(&self) -> impl Iterator<Item = &String> {
        self.users.keys()
    }

    /// Whether the log knows the tenant.
    pub(super) fn knows_tenant(&self) -> bool {
        self.tenant != ToldTenant::default()
    }

    /// Sessions that somebody ended since `then`.
    pub(super) fn ended_since(&self, then: Timestamp) -> impl Iterator<Item = &String> {
        self.ended.iter().filter(move |(_, at)| **at >= then).map(|(session, _)| session)
    }
}

/// A detail of the row, or `null` where it has none.
fn member<'a>(row: &'a Row, name: &str) -> &'a Value {
    row.data.get(name).unwrap_or(&Value::Null)
}

fn names(value: &Value) -> BTreeSet<String> {
    let names = value.as_array().into_iter().flatten();
    names.filter_map(|name| name.as_str().map(str::to_owned)).collect()
}
