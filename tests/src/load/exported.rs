//! The audit log as its owner exports it, and what can be read in it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use ambient::{SystemClock, SystemRandomness};
use axum::http::StatusCode;
use chain::{container, instances::INCOMPLETE_ACTION, policy::Policy, tile::decode_entries};
use domain::{RunnerId, TenantId};
use local::Store;
use ports::Identity;
use protocol::Digest;
use serde_json::{Value, json};

use super::{
    connection::{Connection, Outgoing},
    customer::Customer,
};
use crate::pinned::first_policy_of;

/// Sealing takes a second or two; a wake-up that was lost in a crash is made up for by a timer.
const SEALED_WITHIN: Duration = Duration::from_mins(1);

/// An export, and its rows.
pub struct Exported {
    /// The file.
    pub bytes: Vec<u8>,
    /// Every row, in order.
    pub rows: Vec<Value>,
}

impl Exported {
    /// Exports until the log has `count` rows about runs that were received, and fails when it never has.
    pub async fn with_runs(
        customer: &Customer,
        server: std::net::SocketAddr,
        count: usize,
    ) -> Self {
        let begun = Instant::now();
        loop {
            let seen = match Self::of_head(customer, server, "newest").await {
                Some(export) if export.runs().len() >= count => return export,
                Some(export) => export.runs().len(),
                None => 0,
            };
            assert!(begun.elapsed() < SEALED_WITHIN, "{seen} of {count} statements are in the log");
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }

    /// The export up to the `newest` head or the last `witnessed` one; `None` while there is no such head.
    pub async fn of_head(
        customer: &Customer,
        server: std::net::SocketAddr,
        head: &str,
    ) -> Option<Self> {
        Self::asked(customer, server, &json!({ "head": head })).await
    }

    /// The export that is asked for like this; `None` while there is no such head.
    pub async fn asked(
        customer: &Customer,
        server: std::net::SocketAddr,
        asked: &Value,
    ) -> Option<Self> {
        let path = "/api/audit/v1/audit/exports";
        let token = Some(customer.token.as_str());
        let mut connection = Connection::open(server).await.unwrap();
        let wish = Outgoing::json("POST", path, token, Some(asked));
        let made = connection.send(&wish).await.unwrap();
        if made.status == StatusCode::CONFLICT {
            return None;
        }
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.json());
        let path = format!("{path}/{}/content", made.json()["export"].as_str().unwrap());
        let file = connection.send(&Outgoing::json("GET", &path, token, None)).await.unwrap();
        assert_eq!(file.status, StatusCode::OK, "{}", file.json());
        Some(Self::read(file.bytes))
    }

    /// Reads the rows out of the file of an export.
    pub fn read(bytes: Vec<u8>) -> Self {
        let mut rows: Vec<Value> = container::read(&bytes)
            .files
            .iter()
            .filter(|(path, _)| path.contains("/entries/"))
            .flat_map(|(_, entries)| decode_entries(entries))
            .map(|row| serde_json::from_slice(row.unwrap()).unwrap())
            .collect();
        rows.sort_by_key(|row| row["seq"].as_u64());
        Self { bytes, rows }
    }

    /// Every row that says that a statement was received and believed: its Runner, number and digest, as often as the log says it.
    pub fn runs(&self) -> Vec<(RunnerId, u64, Digest)> {
        let of_runs = self.rows.iter().filter(|row| row["action"] == "run.completed");
        of_runs
            .map(|row| {
                let text = |name: &str| row["data"][name].as_str().unwrap();
                let sequence = row["data"]["sequence"].as_u64().unwrap();
                (text("runner").parse().unwrap(), sequence, text("statement").parse().unwrap())
            })
            .collect()
    }

    /// How often each action is in the log.
    pub fn actions(&self) -> BTreeMap<String, usize> {
        let mut actions = BTreeMap::new();
        for row in &self.rows {
            *actions.entry(row["action"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        actions
    }

    /// The numbers that some instance of an app gave to an intent, that are in no row, and that no row declares void, although a later one is
    /// there: what the sealer must call missing when it stays so.
    pub fn gaps(&self) -> Vec<(String, u64)> {
        let mut seen: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
        for source in self.rows.iter().map(|row| &row["src"]) {
            let text = |name: &str| source[name].as_str().unwrap();
            let numbers = seen.entry(format!("{}/{}", text("app"), text("inst"))).or_default();
            numbers.insert(source["n"].as_u64().unwrap());
            let void = source["void"].as_array().into_iter().flatten();
            numbers.extend(void.map(|number| number.as_u64().unwrap()));
        }
        let missing = seen.into_iter().flat_map(|(instance, numbers)| {
            let last = *numbers.last().unwrap();
            let absent: Vec<_> = (1..last).filter(|number| !numbers.contains(number)).collect();
            absent.into_iter().map(move |number| (instance.clone(), number))
        });
        missing.collect()
    }

    /// The instance of `app` whose row is the last one, as [`gaps`](Self::gaps) names it.
    pub fn last_instance(&self, app: &str) -> String {
        let last = self.rows.iter().rev().find(|row| row["src"]["app"] == app).unwrap();
        format!("{app}/{}", last["src"]["inst"].as_str().unwrap())
    }

    /// What the log itself says that it lacks: instance and number, as [`gaps`](Self::gaps) gives them.
    pub fn declared_gaps(&self) -> Vec<(String, u64)> {
        let declared = self.rows.iter().filter(|row| row["action"] == INCOMPLETE_ACTION);
        let gaps = declared.flat_map(|row| {
            assert_eq!(row["reason"], "missing", "{row}");
            let instance = row["data"]["instance"].as_str().unwrap().to_owned();
            let end = |name: &str| row["data"][name].as_u64().unwrap();
            (end("from")..=end("to")).map(move |number| (instance.clone(), number))
        });
        let mut gaps: Vec<_> = gaps.collect();
        gaps.sort();
        gaps
    }
}

/// What an inspector pins of a tenant's log, read from the store in `data` where a server has made its keys.
pub async fn pinned_policy(data: &Path, tenant: TenantId) -> Policy {
    let store = Store::open(data, Arc::new(SystemClock), Arc::new(SystemRandomness)).unwrap();
    first_policy_of(&store.ports(Identity::Audit), tenant, "").await
}
