//! A tenant is closed by its owner, and for good a month later; then its keys go.

use std::time::Duration;

use domain::{Plan, Role, TenantId};
use serde_json::json;

use crate::world::World;

/// How long an owner can change their mind, and a little more.
const GRACE: Duration = Duration::from_hours(24 * 30 + 1);

impl World {
    /// An owner closes their tenant.
    pub async fn close(&self, token: &str, name: &str) {
        let body = json!({"name": name});
        let answer = self.call("POST", "/api/auth/v1/tenant/close", Some(token), Some(&body)).await;
        assert_eq!(answer.status, 200, "{}", answer.json());
    }

    /// The grace is over, and the timers of the apps that close tenants and destroy keys come round.
    pub async fn end_grace(&self) {
        self.clock.advance(GRACE);
        self.tick("close_tenants").await;
        self.tick("sweep_purges").await;
        self.settle().await;
    }

    /// Invokes a timer.
    pub async fn tick(&self, function: &str) {
        let answer = self.invoke(function, &json!({"Data": {"timer": {}}})).await;
        assert_eq!(answer.status, 200, "{function}: {}", answer.json());
    }

    /// All of it, for a tenant of its own in which somebody was invited. Which tenant.
    pub async fn closing_story(&self) -> TenantId {
        let owner = self.person(self.tenant(Plan::Business).await, Role::Owner).await;
        let body = json!({"email": "bob@closing.example", "role": "auditor"});
        let path = "/api/auth/v1/invitations";
        let invited = self.call("POST", path, Some(&owner.token), Some(&body)).await;
        assert_eq!(invited.status, 201, "{}", invited.json());
        self.close(&owner.token, "Example").await;
        self.settle().await;
        self.end_grace().await;
        owner.tenant
    }
}
